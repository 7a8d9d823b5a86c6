"""Does the generator hand out its training images?

Every measure here compares how close generated images come to the training images with how close other real
images come to them. None of them can prove privacy; each can show its absence.
"""

import dataclasses

import numpy as np

from image_generating.metrics import neighbors
from image_generating.metrics.estimate import Incomputable, require

CELL_IMAGES = 20
NEAR = 0.5
ROUNDING = 1e-6


def copying(generated: np.ndarray, heldout: np.ndarray, train: np.ndarray, *, seed: int = 0) -> float:
    """The data-copying test C_T: far below 0 when generated images are closer to training ones than real are.

    Feature space is cut into cells (k-means of the training images, so many that each set has about 20 images
    a cell). In each cell the distances to the nearest training image are compared by a Mann–Whitney U test,
    and C_T is the mean of the z scores, weighted by held-out images. For images from the true source it is
    about 0, with a spread of at most about 1; below −3 is strong evidence of copying. Well above 0 means that
    generated images are far from all training images, which is unlike real ones, not private.

    Args:
        generated: features, shape (N, D).
        heldout: features of real images that were not trained on, shape (M, D).
        train: features of the training images, shape (T, D).
        seed: of the cells.

    Raises:
        Incomputable: fewer than 5 images in a set.

    Reference: Meehan, Chaudhuri, Dasgupta 2020, A Non-Parametric Test to Detect Data-Copying.
    """
    require(len(generated), 5, "different images")
    require(len(heldout), 5, "held-out images")
    require(len(train), 5, "training images")
    cells = max(1, min(len(generated), len(heldout), len(train)) // CELL_IMAGES)
    of_generated, of_heldout = _cells(cells, [generated, heldout], train, seed)
    to_generated, to_heldout = (neighbors.nearest(s, train)[0][:, 0] for s in (generated, heldout))
    scores, weights = [], []
    for cell in range(cells):
        close, other = to_generated[of_generated == cell], to_heldout[of_heldout == cell]
        if len(close) and len(other):
            scores.append(z_score(close, other))
            weights.append(len(other))
    require(len(scores), 1, "cells of feature space with both generated and held-out images")
    return float(np.average(scores, weights=weights))


def z_score(x: np.ndarray, y: np.ndarray) -> float:
    """The Mann–Whitney U statistic as a z score: below 0 when `x` tends to be smaller than `y`."""
    from scipy.stats import rankdata

    n, m = len(x), len(y)
    u = rankdata(np.concatenate([x, y]))[:n].sum() - n * (n + 1) / 2
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def authentic(generated: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Which generated images are farther from their training image than that one is from its own neighbor.

    Their share is the authenticity of a generator. For real images that were not trained on it is well below
    1, too; for copies it is 0.

    Args:
        generated: features, shape (N, D).
        train: features, shape (T, D).

    Returns:
        Truth values, shape (N,).

    Raises:
        Incomputable: fewer than 2 training images.

    Reference: Alaa, van Breugel, Saveliev, van der Schaar 2022, How Faithful is your Synthetic Data?
    """
    require(len(train), 2, "training images")
    distances, rows = neighbors.nearest(generated, train)
    own = neighbors.nearest(train, train, same=True)[0][:, 0]
    return distances[:, 0] > own[rows[:, 0]]


def neighbor_ratio(
    generated: np.ndarray, heldout: np.ndarray, train: np.ndarray, *, same: bool = False
) -> float:
    """Median of the distance to the nearest training image over that to the nearest held-out image.

    The larger set is nearer by its size alone, so that only the comparison with the same number for real
    images speaks; 0 for copies of training images.

    Args:
        generated: features, shape (N, D).
        heldout: features, shape (M, D).
        train: features, shape (T, D).
        same: `generated` is `heldout`, and an image is not its own neighbor.

    Raises:
        Incomputable: no held-out image to compare with, or most images are held-out ones themselves.
    """
    require(len(heldout), 2 if same else 1, "held-out images")
    to_train = neighbors.nearest(generated, train)[0][:, 0]
    to_heldout = neighbors.nearest(generated, heldout, same=same)[0][:, 0]
    # Rounding leaves a little of the distance of equal features.
    rounding = ROUNDING * np.linalg.norm(train.std(axis=0))
    to_train, to_heldout = (np.where(d > rounding, d, 0) for d in (to_train, to_heldout))
    # An image that both sets hold is as close to one as to the other.
    ratios = np.where(to_train == to_heldout, 1.0, np.inf)
    np.divide(to_train, to_heldout, out=ratios, where=to_heldout > 0)
    ratio = float(np.median(ratios))
    if np.isinf(ratio):
        raise Incomputable("most of these images are held-out images themselves")
    return ratio


def near_copies(distances: np.ndarray, real_distances: np.ndarray) -> np.ndarray:
    """Which images are less than half as far from a training image as real images usually are.

    Args:
        distances: of the images to their nearest training image, shape (N,).
        real_distances: the same of held-out images, shape (M,).

    Returns:
        Truth values, shape (N,).
    """
    return distances < NEAR * np.median(real_distances)


@dataclasses.dataclass(frozen=True)
class Pair:
    """A generated image and the training image that it is closest to."""

    image: np.ndarray
    number: int
    train: int
    distance: float


class ClosestPairs:
    """Keeps the generated images that come closest to a training image, while they stream by.

    Args:
        train: features of the training images, shape (T, D).
        count: how many to keep.
    """

    def __init__(self, train: np.ndarray, count: int = 12):
        self.train = train
        self.count = count
        self.pairs: list[Pair] = []
        self._seen = 0

    def __call__(self, images: np.ndarray, features: np.ndarray):
        """Takes the next batch: images of shape (N, R, R) and features of shape (N, D)."""
        distances, rows = neighbors.nearest(features, self.train)
        for i in np.argsort(distances[:, 0], kind="stable")[: self.count]:
            pair = Pair(images[i].copy(), self._seen + int(i), int(rows[i, 0]), float(distances[i, 0]))
            self.pairs.append(pair)
        self.pairs = sorted(self.pairs, key=lambda pair: pair.distance)[: self.count]
        self._seen += len(images)


def _cells(count: int, sets: list[np.ndarray], train: np.ndarray, seed: int) -> list[np.ndarray]:
    """The cell of every image of the sets, by k-means of the training images."""
    from scipy.cluster.vq import kmeans2, vq

    if count == 1:
        return [np.zeros(len(s), int) for s in sets]
    centers, _ = kmeans2(train.astype(np.float64), count, minit="++", rng=np.random.default_rng(seed))
    return [vq(s.astype(np.float64), centers)[0] for s in sets]
