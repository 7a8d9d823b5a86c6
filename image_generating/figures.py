"""Grids of images, training curves and GIFs."""

import itertools
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from image_generating import provenance
from image_generating.errors import UserError
from image_generating.files import replacing

_PREVIEW_TILE = 256
_GAP = 4


def tile(images: np.ndarray, columns: int | None = None, side: int | None = None) -> Image.Image:
    """Lays images out as a grid.

    Args:
        images: uint8 (N, R, R).
        columns: default: as square as can be.
        side: side of each image in the grid in pixels; default: R.

    Returns:
        A gray picture with thin black gaps.
    """
    columns = columns or math.ceil(math.sqrt(len(images)))
    side = side or images.shape[1]
    rows = math.ceil(len(images) / columns)
    step = side + _GAP
    sheet = Image.new("L", (columns * step - _GAP, rows * step - _GAP))
    for index, image in enumerate(images):
        picture = Image.fromarray(image)
        if picture.width != side:
            picture = picture.resize((side, side), Image.Resampling.LANCZOS)
        sheet.paste(picture, (index % columns * step, index // columns * step))
    return sheet


def save_preview(images: np.ndarray, path: Path) -> None:
    """Writes one frame of a training: the images as a grid of one size, whatever their resolution."""
    with replacing(path) as temporary:
        tile(images, side=_PREVIEW_TILE).save(temporary, pnginfo=provenance.mark())


def plot_curves(history: Sequence[dict[str, float]], path: Path) -> None:
    """Plots losses, pairs told apart, differences, penalty and speed over the images shown.

    Args:
        history: rows as `history.read_history` returns them.
        path: PNG to write.

    Raises:
        UserError: if there is nothing to plot.
    """
    if not history:
        raise UserError("The history is empty: train for at least one epoch before plotting its curves.")
    from matplotlib.figure import Figure

    kimg = [row["kimg"] for row in history]
    panels = [
        ("losses", [("discriminator_loss", "discriminator"), ("generator_loss", "generator")]),
        ("pairs told apart (0.5: by chance)", [("real_above_fake", "real above generated")]),
        ("difference from the radiograph", [("pixel_difference", "gray values and detail")]),
        ("squared gradient norm", [("penalty", "penalty before γ")]),
        ("images per second", [("images_per_second", "speed")]),
    ]
    panels = [panel for panel in panels if panel[1][0][0] in history[0]]
    figure = Figure(figsize=(10, 2.4 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (title, lines) in zip(axes, panels, strict=True):
        for name, label in lines:
            axis.plot(kimg, [row[name] for row in history], label=label, linewidth=1)
        axis.set_title(title, fontsize=10, loc="left")
        axis.grid(alpha=0.3)
        if len(lines) > 1:
            axis.legend(fontsize=8)
        for before, after in itertools.pairwise(history):
            if after["resolution"] != before["resolution"]:
                axis.axvline(before["kimg"], color="gray", linestyle=":", linewidth=1)
    for row, before in zip(history, [None, *history], strict=False):
        if before is None or row["resolution"] != before["resolution"]:
            axes[0].annotate(
                f"{row['resolution']:.0f} px",
                (row["kimg"], 1),
                xycoords=("data", "axes fraction"),
                xytext=(3, -10),
                textcoords="offset points",
                fontsize=8,
                color="gray",
            )
    # Squared norms span orders of magnitude.
    for axis, (title, _) in zip(axes, panels, strict=True):
        if title.startswith("squared"):
            axis.set_yscale("log")
    axes[-1].set_xlabel("thousand images shown")
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=110, metadata=provenance.COMPOSED)


def caption(picture: Image.Image, text: str) -> Image.Image:
    """A copy of a gray picture with a line of white text in a black band below it."""
    band = max(18, picture.height // 24)
    captioned = Image.new("L", (picture.width, picture.height + band))
    captioned.paste(picture)
    font = ImageFont.load_default(size=band * 0.7)
    ImageDraw.Draw(captioned).text((band * 0.3, picture.height + band * 0.1), text, fill=255, font=font)
    return captioned


def save_gif(frames: Iterable[Image.Image], path: Path, fps: float, last_seconds: float = 0.0) -> None:
    """Writes gray pictures of one size as an endless GIF.

    Args:
        frames: gray pictures.
        path: GIF to write.
        fps: frames per second.
        last_seconds: how much longer the last frame stays.
    """
    arrays = [np.asarray(frame) for frame in frames]
    durations = [1000 / fps] * len(arrays)
    durations[-1] += 1000 * last_seconds
    # Pillow takes a list only of several.
    options = {"duration": durations, "loop": 0} if len(arrays) > 1 else {}
    # To memory first: imageio's writer complains a second time, by a traceback, of a disk that is full.
    film = imageio.imwrite("<bytes>", np.stack(arrays), plugin="pillow", extension=".gif", **options)
    with replacing(path) as temporary:
        temporary.write_bytes(film)


def save_mp4(frames: Iterable[Image.Image], path: Path, fps: float, last_seconds: float = 0.0) -> None:
    """Writes gray pictures of one size as an MP4, H.264, which needs imageio-ffmpeg.

    Args:
        frames: gray pictures; a side of an odd number of pixels loses one, which the format cannot hold.
        path: MP4 to write.
        fps: frames per second.
        last_seconds: how much longer the last frame stays.
    """
    arrays = [np.asarray(frame.convert("RGB")) for frame in frames]
    arrays += arrays[-1:] * round(last_seconds * fps)
    film = np.stack(arrays)
    film = film[:, : film.shape[1] // 2 * 2, : film.shape[2] // 2 * 2]
    with replacing(path) as temporary:
        imageio.imwrite(temporary, film, plugin="FFMPEG", fps=fps, macro_block_size=2)
