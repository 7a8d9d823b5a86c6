"""Finds the side marker of a radiograph, the letter R or L that the technician has put beside the body."""

import numpy as np
from scipy import ndimage

# Gaussians, as shares of the side: what is finer than a letter's stroke, a letter, and its neighborhood.
_STROKE, _LETTER, _NEIGHBORHOOD = 0.01, 0.02, 0.05
# How much the neighborhood counts against a place: bones and the image's own edges are not alone.
_LONELINESS = 2.0


def find_markers(images: np.ndarray) -> np.ndarray:
    """The place of each image that has most fine contrast and least around it.

    In an image without a marker that is another compact spot, such as a button or the end of a tube.

    Args:
        images: float32 (N, S, S), gray values.

    Returns:
        float32 (N, 2), down and right, as shares of the side in (0, 1).
    """
    side = images.shape[-1]
    places = [_loneliest(image, side) for image in images]
    return ((np.array(places) + 0.5) / side).astype(np.float32)


def _loneliest(image: np.ndarray, side: int) -> tuple:
    contrast = (image - ndimage.gaussian_filter(image, _STROKE * side)) ** 2
    # Nothing beyond the border: mirrored, a letter beside it would be found on it.
    letter = ndimage.gaussian_filter(contrast, _LETTER * side, mode="constant")
    around = ndimage.gaussian_filter(contrast, _NEIGHBORHOOD * side)
    score = letter - _LONELINESS * around
    return np.unravel_index(score.argmax(), score.shape)
