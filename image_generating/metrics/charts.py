"""The report's figures."""

from collections.abc import Sequence

import numpy as np

from image_generating.metrics import neighbors
from image_generating.metrics.features import Observed
from image_generating.metrics.privacy import NEAR, Pair

GENERATED, TRAIN, HELDOUT = "#c2410c", "#9ca3af", "#1f2937"
COLUMNS = 6
ROWS = 2


def samples(generated: Observed, heldout: Observed):
    """Generated images above held-out real ones.

    Returns:
        A matplotlib figure, like every function here.
    """
    sets = [
        (seen.kept[: COLUMNS * ROWS], name) for seen, name in ((generated, "Generated"), (heldout, "Real"))
    ]
    rows = [-(-len(images) // COLUMNS) for images, _ in sets]
    side = 1.6
    figure = _figure(COLUMNS * side, (sum(rows) + 0.4) * side)
    for part, (images, name) in zip(figure.subfigures(2, 1, height_ratios=rows), sets, strict=True):
        part.suptitle(name, x=0.005, ha="left", fontsize=11, fontweight="bold")
        axes = part.subplots(-(-len(images) // COLUMNS), COLUMNS, squeeze=False).ravel()
        for axis, image in zip(axes, images, strict=False):
            _picture(axis, image)
        for axis in axes[len(images) :]:
            axis.set_axis_off()
    return figure


def spectra(generated: Observed, train: Observed, heldout: Observed):
    """Strength of structures by fineness, and how far from the held-out images it is."""
    figure = _figure(9.6, 3.6)
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
    figure = _figure(9.6, 2.6)
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
    rows = -(-len(pairs) // across)
    side = 1.6
    figure = _figure(COLUMNS * side, rows * (side + 0.6))
    parts = figure.subfigures(rows, across, squeeze=False, wspace=0.04).ravel()
    for part, pair, caption in zip(parts, pairs, captions, strict=False):
        one, other = part.subplots(1, 2)
        _picture(one, pair.image)
        _picture(other, train_images[pair.train])
        one.set_title("generated", fontsize=8, color=GENERATED, pad=2)
        other.set_title("training", fontsize=8, color=HELDOUT, pad=2)
        part.supxlabel(caption, fontsize=8)
    return figure


def _figure(width: float, height: float):
    # No pyplot: it keeps figures alive and picks a window system.
    from matplotlib.figure import Figure

    figure = Figure((width, height), dpi=150, layout="constrained")
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03)
    return figure


def _picture(axis, image: np.ndarray):
    axis.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
    axis.set_axis_off()
