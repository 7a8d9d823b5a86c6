"""Black beyond black: what keeps the outline of a body in an average of radiographs.

Beside a body a radiograph is black, and it cannot get blacker. So an average of bodies of different
outlines, or a sum of components, is gray where one is body and another background: a haze with no edge.
Here gray values go on falling from the outline outwards. An average of such images crosses black where
the average outline is, and cut off at black it has an edge there. It is the way principal components
are taken of signed distances to an outline (Leventon, Grimson and Faugeras 2000, "Statistical shape
influence in geodesic active contours").
"""

import numpy as np
from scipy import ndimage

# Of gray values in [-1, 1]: what is darker and reaches the border of the image is background.
_DARK = -0.8
# How fast gray values fall, in gray values for a whole side, and by how much at most.
_SLOPE, _DEPTH = 20.0, 1.0
# In pixels: of the blur before grain is compared with `_DARK`, and half of what a bridge needs to be one.
_BLUR, _BRIDGE = 1.0, 2


def deepened(images: np.ndarray) -> np.ndarray:
    """Lets gray values fall below -1 in the background, the farther from the body the lower.

    Args:
        images: float32 (N, S, S), black -1, white 1.

    Returns:
        The images, with up to 1 subtracted in the background, which has nothing bright any more.
    """
    return np.stack([_deepened(image) for image in images])


def _deepened(image: np.ndarray) -> np.ndarray:
    distance = _distance_to_body(image)
    # Markers and texts have a place of their own in a generator; here they would leave bright spots.
    dark = np.where(distance > 0, np.minimum(image, _DARK), image)
    return dark - np.minimum(_SLOPE / len(image) * distance, _DEPTH)


def _distance_to_body(image: np.ndarray) -> np.ndarray:
    """Distance of each place of the background to the body, in pixels, 0 in the body, float32 (S, S)."""
    # The image ends in the background: beyond its border there is more of the same.
    around = round(_DEPTH / _SLOPE * len(image)) + _BRIDGE
    dark = np.pad(ndimage.gaussian_filter(image, _BLUR) < _DARK, around, mode="edge")
    # An opening; SciPy's own takes the corners of a dark image away.
    dark = ndimage.binary_erosion(dark, iterations=_BRIDGE, border_value=1)
    dark = ndimage.binary_dilation(dark, iterations=_BRIDGE)
    rim = np.ones(dark.shape, bool)
    rim[1:-1, 1:-1] = False
    background = ndimage.binary_propagation(rim & dark, mask=dark)
    parts, _ = ndimage.label(~background)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    inside = slice(around, -around)
    return ndimage.distance_transform_edt(parts != sizes.argmax())[inside, inside].astype(np.float32)
