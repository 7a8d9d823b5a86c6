"""From values of any depth to gray levels, and the check that something can be seen in them.

Images of 8 bits need no mapping. Wider ones use an unknown part of what they could hold, and some pixels
say nothing of the patient: burnt-in letters, defective pixels, borders without data. So black and white are
found in the distribution of the values:

1. Values far from the others are set aside. The range is cut into 64 bins; a run of at least 16 with less
   than 0.5 % of the pixels in all of them is a gap, and what lies beyond it is set aside if it is one single
   value (a border, a label) or at most 20 % of the pixels. This is repeated until there is no gap.
2. Of the rest the 0.1 % darkest pixels are black and the 0.1 % brightest white.
"""

import numpy as np
from PIL import Image

from image_generating.data.source import Unusable

MAPPING = "gray-2"  # change it when gray levels change, so that the cache prepares wide images anew
_BINS = 64
_SHORTEST_GAP = 16  # bins: a quarter of the range, which no radiograph leaves empty
_SPARSE_SHARE = 0.005  # of the pixels: smooth rims of letters lie in the gap
_LARGEST_OUTLIERS = 0.2  # of the pixels
_FEWEST_KEPT = 0.01  # of the pixels, beside a border of one value
_CLIPPED_PERCENT = 0.1
_SAMPLE = 1_000_000  # pixels that are enough for percentiles
_FLAT_FRACTION = 1 / 50
_FLAT_SHARE = 0.99


def stretch(
    values: np.ndarray, limits: tuple[float, float] | None = None, absent: np.ndarray | None = None
) -> Image.Image:
    """Maps values to gray levels.

    Args:
        values: `(height, width)`, growing from black to white.
        limits: the values that become black and white; default: as `robust_limits` finds them.
        absent: bool `(height, width)`, pixels without data; they do not count, and become black.

    Returns:
        An image of mode "F" within 0..255.

    Raises:
        Unusable: a value is not a finite number.
    """
    present = values if absent is None or absent.all() else values[~absent]
    if not np.isfinite(present).all():
        raise Unusable("holds values that are not finite numbers")
    low, high = limits or robust_limits(present)
    levels = np.clip((values - low) * (255 / ((high - low) or 1)), 0, 255).astype(np.float32, copy=False)
    if present is not values:
        levels[absent] = 0
    return Image.fromarray(levels)


def robust_limits(values: np.ndarray) -> tuple[float, float]:
    """The values that are to be black and white, as the module describes.

    Args:
        values: finite, of any shape.
    """
    values = values.ravel()
    values = values[:: max(1, values.size // _SAMPLE)].astype(np.float64)
    while (kept := _without_outliers(values)) is not None:
        values = kept
    low, high = np.percentile(values, [_CLIPPED_PERCENT, 100 - _CLIPPED_PERCENT])
    return float(low), float(high)


def is_flat(levels: np.ndarray, fraction: float = _FLAT_FRACTION) -> bool:
    """Whether nothing can be seen: 99 % of the pixels lie within a small part of the gray range.

    Args:
        levels: uint8, of any shape.
        fraction: the part, of the range.
    """
    values = int(255 * fraction) + 1
    below = np.concatenate([[0], np.cumsum(np.bincount(levels.ravel(), minlength=256))])
    within = below[values:] - below[:-values]
    return within.max() >= _FLAT_SHARE * levels.size


def _without_outliers(values: np.ndarray) -> np.ndarray | None:
    """The values on the patient's side of the widest gap that has one; None if there is no such gap."""
    low, high = values.min(), values.max()
    if low == high:
        return None
    counts, edges = np.histogram(values, _BINS, (low, high))
    for start, stop in _gaps(counts, _SPARSE_SHARE * values.size):
        kept = _patient(values[values < edges[start]], values[values >= edges[stop]])
        if kept is not None:
            return kept
    return None


def _patient(below: np.ndarray, above: np.ndarray) -> np.ndarray | None:
    """Which of two groups of values shows the patient, or None if both may."""
    total = below.size + above.size
    varied = [side for side in (below, above) if side.min() < side.max()]
    if len(varied) == 1 and varied[0].size >= _FEWEST_KEPT * total:
        return varied[0]
    smaller, larger = sorted((below, above), key=len)
    return larger if len(varied) == 2 and smaller.size <= _LARGEST_OUTLIERS * total else None


def _gaps(counts: np.ndarray, most: float) -> list[tuple[int, int]]:
    """Runs of inner bins with fewer than `most` pixels in all of them, the longest first."""
    summed, runs, stop = np.concatenate([[0], np.cumsum(counts)]), [], 0
    for start in range(1, len(counts) - 1):
        before, stop = stop, max(stop, start)
        while stop < len(counts) - 1 and summed[stop + 1] - summed[start] < most:
            stop += 1
        # Else it is a part of the run before.
        if stop > before and stop - start >= _SHORTEST_GAP:
            runs.append((start, stop))
    return sorted(runs, key=lambda run: run[0] - run[1])
