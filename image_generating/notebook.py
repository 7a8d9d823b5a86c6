"""What the notebooks need beside the package: small sizes for tests, pictures in the page, a live view."""

import base64
import io
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from IPython.display import HTML, Pretty, display
from PIL import Image, ImageSequence

from image_generating import backend, previews
from image_generating.config import ExportConfig, TrainConfig
from image_generating.figures import caption
from image_generating.runs import Run

backend.load()

import keras  # noqa: E402

from image_generating import export, machine, training  # noqa: E402

_ANIMATION_SIDE = 400

_DRIVE = Path("/content/drive/MyDrive")
"""Where Colab shows a mounted Google Drive."""

SMALL = "PYTEST_CURRENT_TEST" in os.environ or os.environ.get("IMAGE_GENERATING_SMALL") == "1"
"""Whether everything is to be small: whenever pytest runs the notebook, or the variable asks for it."""


def start() -> None:
    """Shows the package's messages and progress bars as ordinary output, and what computes here."""
    sys.stderr = sys.stdout
    print(machine.describe())


def folder(name: str) -> Path:
    """Where a notebook writes.

    Args:
        name: of the folder.

    Returns:
        A new temporary folder when everything is small; a folder of Google Drive where Colab has it mounted,
        so that it outlives the runtime; else `runs/<name>` beside the notebooks.
    """
    if SMALL:
        return Path(tempfile.mkdtemp()) / name
    return (_DRIVE / "image_generating" if _DRIVE.is_dir() else Path("..")) / "runs" / name


class Picture:
    """An encoded picture for the page, with the text that stands for it where it is not seen.

    Args:
        data: content of the image file.
        kind: MIME type that the page is told.
        alt: what the picture shows.
    """

    def __init__(self, data: bytes, kind: str, alt: str):
        self.data, self.kind, self.alt = data, kind, alt

    def _repr_mimebundle_(self, include=None, exclude=None):
        encoded = base64.b64encode(self.data).decode()
        return {self.kind: encoded, "text/plain": self.alt}, {self.kind: {"alt": self.alt}}


def picture(image: Image.Image | Path, alt: str) -> Picture:
    """A picture for the page, as JPEG: a fraction of a PNG's size where there is noise.

    Args:
        image: the picture, or its file.
        alt: what it shows.
    """
    if isinstance(image, Path):
        with Image.open(image) as opened:
            return picture(opened.convert("RGB"), alt)
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=90)
    return Picture(encoded.getvalue(), "image/jpeg", alt)


def animation(path: Path, alt: str) -> Picture:
    """A GIF for the page, as animated WebP: a tenth of its size, and a notebook holds everything it shows.

    Args:
        path: the GIF.
        alt: what it shows.
    """
    with Image.open(path) as film:
        frames = [(frame.convert("L"), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]
    pictures, durations = zip(*frames, strict=True)
    for shown in pictures:
        shown.thumbnail((_ANIMATION_SIDE, _ANIMATION_SIDE))
    encoded = io.BytesIO()
    pictures[0].save(
        encoded, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=55
    )
    # Declared as PNG, as GitHub and nbconvert show neither WebP nor GIF; browsers look at the content.
    return Picture(encoded.getvalue(), "image/png", alt)


def stages(network: keras.Sequential) -> str:
    """A line for each stage of a network: what comes out and how much of it is trained.

    Args:
        network: a generator or a discriminator.

    Returns:
        The lines. N stands for the number of images, R for the side of an image, n for any side.
    """
    side = max(network.input_shape[1:2] + network.output_shape[1:2])
    lines = [
        f"{network.name}: {_formula(network.input_shape, side)} → {_formula(network.output_shape, side)}"
    ]
    parts = network.layers
    if len(parts) == 1:
        parts = [layer for layer in parts[0].layers if layer.count_params()]
    for part in parts:
        trained = sum(math.prod(variable.shape) for variable in part.trainable_variables)
        account = f"{trained:,} trained parameters" if trained else "nothing trained"
        name = part.name.removesuffix(f"_{side}")
        lines.append(f"  {name:18} {_formula(part.output.shape, side):18} {account}")
    return "\n".join(lines)


def _formula(shape, side: int) -> str:
    """A shape such as (N, R/4, R/4, 22), where the side is R."""
    *sides, channels = shape[1:]
    # Only images have sides.
    known = {side: "R", side // 4: "R/4"}
    sizes = ["N", *(known.get(length, length) for length in sides), channels]
    return f"({', '.join('n' if size is None else str(size) for size in sizes)})"


def layers(network: keras.Sequential) -> HTML:
    """A table of a network's parts that have parameters, down to blocks; n stands for any side."""
    whole = (network.name, "", _sides(network.output_shape), network.count_params())
    body = "".join(
        f"<tr><td>{name}</td><td>{kind}</td><td>{sides}</td><td>{parameters:,}</td></tr>"
        for name, kind, sides, parameters in [*_rows(network), whole]
    )
    return HTML(
        f"<table><tr><th>layer</th><th>kind</th><th>output</th><th>parameters</th></tr>{body}</table>"
    )


def _rows(network: keras.Model):
    """Name, kind, output and parameters of layers; of networks within the network, those of their layers."""
    for layer in network.layers:
        if any(isinstance(part, keras.Model) for part in getattr(layer, "layers", ())):
            yield from _rows(layer)
        elif layer.count_params():
            yield layer.name, _kind(layer), _sides(layer.output.shape), layer.count_params()


def _sides(shape) -> str:
    return "×".join(str(side or "n") for side in shape[1:])


def _kind(layer) -> str:
    if isinstance(layer, keras.Model):
        return f"block of {len(layer.layers) - 1}"  # its input counts as a layer
    return type(layer).__name__


class LiveView(keras.callbacks.Callback):
    """Shows in the page how fast a training is and its newest preview, each in the place of the one before.

    Args:
        config: the settings of the training.

    Example:
        train(config, extra_callbacks=[LiveView(config)])
    """

    def __init__(self, config: TrainConfig):
        super().__init__()
        self._precision = config.precision
        self._previews = Run(Path(config.output)).previews
        self._shown = None
        self._places = {}

    def on_train_begin(self, logs=None):
        self._batch_size, self._resolution = self.model.batch_size, self.model.resolution
        self._steps = 0
        self._show_speed("compiling")
        self._show_preview()

    def on_train_batch_end(self, batch, logs=None):
        # The first step of a phase is no measure of speed, as it compiles.
        if self._steps == 0:
            self._began = time.monotonic()
        self._steps += 1

    def on_epoch_end(self, epoch, logs=None):
        if self._steps > 1:
            images = (self._steps - 1) * self._batch_size
            self._show_speed(f"{images / (time.monotonic() - self._began):.0f} images/s")
        self._show_preview()

    def _show_speed(self, speed: str) -> None:
        line = f"{machine.describe(self._precision)}; {self._resolution} px: {speed}"
        self._show("speed", Pretty(line))

    def _show_preview(self) -> None:
        made = previews.found(self._previews)
        if not made or made[-1] == self._shown:
            return
        self._shown = newest = made[-1]
        with Image.open(newest.path) as preview:
            captioned = caption(preview.convert("L"), f"epoch {newest.epoch}")
        text = f"Nine generated images at epoch {newest.epoch} of the training"
        self._show("preview", picture(captioned, text))

    def _show(self, place: str, content) -> None:
        if place in self._places:
            self._places[place].update(content)
        else:
            self._places[place] = display(content, display_id=True)


def practice_run() -> tuple[Path, Path]:
    """Trains very small networks on phantoms for some seconds, to have something to show.

    Returns:
        The folder of the exported generator and the folder of the run.
    """
    config = TrainConfig(data="phantom", images=32, resolution=64, kimg=0.2, output=folder("practice"))
    run = training.train(config, progress=False)
    export.run(ExportConfig(run=run.folder, output=run.folder / "models"))
    return run.folder / "models" / "generator", run.folder
