"""The report's figures."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from image_generating.metrics import neighbors
from image_generating.metrics.features import Observed
from image_generating.metrics.privacy import NEAR, Pair

GENERATED, TRAIN, HELDOUT = "#c2410c", "#9ca3af", "#1f2937"
COLUMNS, ROWS = 6, 2
DPI = 150
# Pixels of a picture, between pictures, from one to the next, and of lines of text.
TILE, GAP = 230, 8
STEP = TILE + GAP
TITLE, CAPTION = 34, 50


def samples(generated: Observed, heldout: Observed):
    """Generated images above held-out real ones.

    Returns:
        A matplotlib figure, like every function here.
    """
    sets = [
        (seen.kept[: COLUMNS * ROWS], name) for seen, name in ((generated, "Generated"), (heldout, "Real"))
    ]
    heights = [TITLE + -(-len(images) // COLUMNS) * STEP for images, _ in sets]
    axis = _sheet(sum(heights))
    top = 0
    for (images, name), height in zip(sets, heights, strict=True):
        axis.text(0, top + TITLE - 8, name, fontsize=10, fontweight="bold")
        for i, image in enumerate(images):
            _picture(axis, image, i % COLUMNS * STEP, top + TITLE + i // COLUMNS * STEP)
        top += height
    return axis.figure


def spectra(generated: Observed, train: Observed, heldout: Observed):
    """Strength of structures by fineness, and how far from the held-out images it is."""
    figure = _figure(9.6, 3.6, layout="constrained")
    left, right = figure.subplots(1, 2)
    # 1 is the finest pattern that pixels can show: every other pixel bright.
    fineness = np.arange(1, heldout.spectra.shape[1] + 1) / heldout.spectra.shape[1]
    reference = heldout.spectra.mean(axis=0)
    for seen, name, color in (
        (heldout, "real, unseen", HELDOUT),
        (train, "real, training", TRAIN),
        (generated, "generated", GENERATED),
    ):
        curve = seen.spectra.mean(axis=0)
        left.plot(fineness, curve, label=name, color=color, linewidth=1.6)
        right.plot(fineness, curve - reference, color=color, linewidth=1.6)
    left.set(xscale="log", xlabel="coarse  →  fine (share of the pixel limit)", ylabel="strength in dB")
    left.legend(frameon=False)
    right.set(xlabel="coarse  →  fine (share of the pixel limit)", ylabel="dB above real, unseen")
    right.text(0.02, 0.03, "below 0: too smooth", transform=right.transAxes, color="#4b5563", fontsize=9)
    right.text(0.02, 0.92, "above 0: too rough", transform=right.transAxes, color="#4b5563", fontsize=9)
    limit = max(3.0, 1.15 * np.abs(generated.spectra.mean(axis=0) - reference).max())
    right.set_ylim(-limit, limit)
    return figure


def closeness(generated: Observed, train: Observed, heldout: Observed):
    """How far images are from their closest training image."""
    figure = _figure(9.6, 2.6, layout="constrained")
    axis = figure.subplots()
    distances = [neighbors.nearest(s.features, train.features)[0][:, 0] for s in (heldout, generated)]
    usual = np.median(distances[0])
    bins = np.linspace(0, 1.05 * max(d.max() for d in distances) / usual, 50)
    for values, name, color in zip(
        distances, ("real, unseen", "generated"), (HELDOUT, GENERATED), strict=True
    ):
        weights = np.full(len(values), 100 / len(values))
        axis.hist(values / usual, bins, weights=weights, label=name, color=color, alpha=0.55)
    axis.axvspan(0, NEAR, color="#fde68a", alpha=0.5, linewidth=0)
    axis.text(
        NEAR / 2, 0.5, "near copies", transform=axis.get_xaxis_transform(), ha="center", color="#92400e"
    )
    axis.set(
        xlabel="distance to the closest training image (1 = usual for real images)", ylabel="% of images"
    )
    axis.set_xlim(0, bins[-1])
    axis.legend(frameon=False)
    return figure


def closest(pairs: Sequence[Pair], train_images: np.ndarray, captions: Sequence[str]):
    """Generated images beside the training images that they are closest to."""
    across = COLUMNS // 2
    height = TITLE + STEP + CAPTION
    axis = _sheet(-(-len(pairs) // across) * height)
    for i, (pair, caption) in enumerate(zip(pairs, captions, strict=True)):
        left, top = i % across * 2 * STEP, i // across * height + TITLE
        for x, image, name, color in (
            (left, pair.image, "generated", GENERATED),
            (left + TILE + 3, train_images[pair.train], "training", HELDOUT),
        ):
            axis.text(x, top - 8, name, fontsize=7.5, color=color)
            _picture(axis, image, x, top)
        axis.text(left, top + STEP, caption, fontsize=7.5, va="top", linespacing=1.3)
    return axis.figure


def _sheet(height: int):
    """Axes for pictures and text, a unit a pixel, from the upper left corner down."""
    width = COLUMNS * STEP - GAP
    figure = _figure(width / DPI, height / DPI)
    # Placed by hand: an automatic layout of this many axes takes seconds.
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set(xlim=(0, width), ylim=(height, 0))
    axis.set_axis_off()
    return axis


def _picture(axis, image: np.ndarray, left: float, top: float):
    small = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.LANCZOS)
    extent = (left, left + TILE, top + TILE, top)
    axis.imshow(small, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="nearest", aspect="auto")
    # `imshow` fits the axes to its picture.
    axis.autoscale(False)


def _figure(width: float, height: float, **options):
    # No pyplot: it keeps figures alive and picks a window system.
    from matplotlib.figure import Figure

    return Figure((width, height), dpi=DPI, **options)
