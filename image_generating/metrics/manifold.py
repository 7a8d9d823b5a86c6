"""Whether single images lie where real ones lie, and whether they lie everywhere there."""

import numpy as np

from image_generating.metrics import neighbors
from image_generating.metrics.estimate import require

# The neighborhoods of the two papers.
PRECISION_NEIGHBORS = 3
DENSITY_NEIGHBORS = 5


def precision(generated: np.ndarray, real: np.ndarray, k: int = PRECISION_NEIGHBORS) -> float:
    """Share of the generated images that lie inside the region of the real ones, from 0 to 1.

    The region is the union of balls around the real images, each reaching to its k-th neighbor.

    Args:
        generated: features, shape (N, D).
        real: features, shape (M, D).
        k: the neighbor that a ball reaches.

    Raises:
        Incomputable: fewer than k + 1 real images.

    Reference: Kynkäänniemi, Karras, Laine, Lehtinen, Aila 2019.
    """
    inside, _ = neighbors.within(generated, real, _radii(real, k, "real images"))
    return float((inside > 0).mean())


def recall(generated: np.ndarray, real: np.ndarray, k: int = PRECISION_NEIGHBORS) -> float:
    """Share of the real images that lie inside the region of the generated ones: `precision`, turned around.

    Raises:
        Incomputable: fewer than k + 1 generated images.
    """
    inside, _ = neighbors.within(real, generated, _radii(generated, k, "images"))
    return float((inside > 0).mean())


def density(generated: np.ndarray, real: np.ndarray, k: int = DENSITY_NEIGHBORS) -> float:
    """How many balls of real images hold a generated one, over k: about 1 for real images.

    Unlike precision it is not fooled by one outlying real image with its large ball.

    Raises:
        Incomputable: fewer than k + 1 real images.

    Reference: Naeem, Oh, Uh, Choi, Yoo 2020, Reliable Fidelity and Diversity Metrics.
    """
    inside, _ = neighbors.within(generated, real, _radii(real, k, "real images"))
    return float(inside.mean() / k)


def coverage(generated: np.ndarray, real: np.ndarray, k: int = DENSITY_NEIGHBORS) -> float:
    """Share of the real images with a generated one in their ball, from 0 to 1; see `density`.

    Raises:
        Incomputable: fewer than k + 1 real images.
    """
    _, held = neighbors.within(generated, real, _radii(real, k, "real images"))
    return float((held > 0).mean())


def _radii(features: np.ndarray, k: int, what: str) -> np.ndarray:
    require(len(features), k + 1, what)
    return neighbors.nearest(features, features, k, same=True)[0][:, -1]
