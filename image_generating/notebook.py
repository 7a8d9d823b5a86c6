"""What the notebooks need beside the package: small sizes for tests, pictures in the page, a live view."""

import io
import os
import sys
import tempfile
from pathlib import Path

from IPython.display import HTML, Image, display
from PIL import Image as PillowImage
from PIL import ImageSequence

from image_generating import backend
from image_generating.config import ExportConfig, TrainConfig
from image_generating.figures import caption
from image_generating.runs import Run

backend.load()

import keras  # noqa: E402

from image_generating import export, training  # noqa: E402

_ANIMATION_SIDE = 400

SMALL = os.environ.get("IMAGE_GENERATING_SMALL") == "1"
"""Whether everything is to be small, as the tests of the notebooks ask for."""


def start() -> None:
    """Shows the package's messages and progress bars, which go to stderr, as ordinary output."""
    sys.stderr = sys.stdout


def folder(name: str) -> Path:
    """Where a notebook writes: `runs/<name>` beside the notebooks, or a new folder when it is small."""
    return Path(tempfile.mkdtemp()) / name if SMALL else Path("../runs") / name


def picture(image: PillowImage.Image) -> Image:
    """A gray picture for the page, as JPEG: a fraction of a PNG's size where there is noise."""
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=90)
    return Image(data=encoded.getvalue(), format="jpeg")


def animation(path: Path) -> Image:
    """A GIF for the page, as animated WebP: a tenth of its size, and a notebook holds everything it shows."""
    with PillowImage.open(path) as film:
        frames = [(frame.convert("L"), frame.info["duration"]) for frame in ImageSequence.Iterator(film)]
    pictures, durations = zip(*frames, strict=True)
    for shown in pictures:
        shown.thumbnail((_ANIMATION_SIDE, _ANIMATION_SIDE))
    encoded = io.BytesIO()
    pictures[0].save(
        encoded, "WEBP", save_all=True, append_images=pictures[1:], duration=durations, loop=0, quality=55
    )
    # Declared as PNG, as GitHub and nbconvert show neither WebP nor GIF; browsers look at the content.
    return Image(data=encoded.getvalue(), format="png")


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
    """Shows the newest preview of a training in the page, each in the place of the one before.

    Args:
        run: the folder of the run, `TrainConfig.output`.

    Example:
        train(config, extra_callbacks=[LiveView(config.output)])
    """

    def __init__(self, run: Path):
        super().__init__()
        self._previews = Run(Path(run)).previews
        self._shown = None
        # Now, so that it stands above the progress bar.
        self._place = display(HTML(""), display_id=True)

    def on_train_begin(self, logs=None):
        self._show()

    def on_epoch_end(self, epoch, logs=None):
        self._show()

    def _show(self) -> None:
        newest = max(
            self._previews.glob("image_at_epoch_*.png"), key=lambda path: path.stat().st_mtime, default=None
        )
        if newest in (None, self._shown):
            return
        self._shown = newest
        epoch = int(newest.stem.rsplit("_", 1)[1])
        with PillowImage.open(newest) as preview:
            self._place.update(picture(caption(preview.convert("L"), f"epoch {epoch}")))


def practice_run() -> tuple[Path, Path]:
    """Trains very small networks on phantoms for some seconds, to have something to show.

    Returns:
        The folder of the exported generator and the folder of the run.
    """
    config = TrainConfig(data="phantom", images=32, resolution=64, kimg=0.2, output=folder("practice"))
    run = training.train(config, progress=False)
    export.run(ExportConfig(run=run.folder, output=run.folder / "models"))
    return run.folder / "models" / "generator", run.folder
