"""How far two sets of images are apart: KID and FID."""

import numpy as np

from image_generating.metrics.estimate import Estimate, require

# Kernel matrices of 4000 images fill 128 MB each; KID is unbiased, so a subset changes only its spread.
KERNEL_IMAGES = 4000
KERNEL_DEGREE = 3
BOOTSTRAP = 400


def kid(x: np.ndarray, y: np.ndarray, *, size: int | None = None, seed: int = 0) -> Estimate:
    """Kernel Inception distance: unbiased squared MMD with the kernel (x·y/D + 1)³.

    Its expected value does not depend on how many images there are, and is 0 for two sets of one source, so
    that a single estimate may be negative.

    The range is a bootstrap over images of both sets in which pairs of an image with itself stay left
    out: with them, repeated draws would look like similarity. Tried on normal distributions with 9 to 200
    images a set, it held the true value in 88 to 97 of 100 cases where the sets differed, and in all where
    they did not, being 1.6 times as wide as need be there.

    Args:
        x: features, shape (N, D).
        y: features, shape (M, D).
        size: the range is that of estimates made with this many images of `x`; default: N.
        seed: of the bootstrap, and of the subset where a set exceeds `KERNEL_IMAGES`.

    Raises:
        Incomputable: fewer than 2 images in a set.

    Reference: Bińkowski, Sutherland, Arbel, Gretton 2018, Demystifying MMD GANs.
    """
    require(len(x), 2, "images")
    require(len(y), 2, "real images")
    random = np.random.default_rng(seed)
    size = size or len(x)
    x, y = (_at_most(KERNEL_IMAGES, features, random) for features in (x, y))
    kernels = _kernel(x, x), _kernel(y, y), _kernel(x, y)
    value = _mmd(np.ones((1, len(x))), np.ones((1, len(y))), *kernels)[0]
    if min(len(x), len(y), size) < 4:
        return Estimate(value)
    draws = _mmd(
        random.multinomial(min(size, len(x)), np.full(len(x), 1 / len(x)), BOOTSTRAP).astype(float),
        random.multinomial(len(y), np.full(len(y), 1 / len(y)), BOOTSTRAP).astype(float),
        *kernels,
    )
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Estimate(value, low, high)


def fid(x: np.ndarray, y: np.ndarray) -> float:
    """Fréchet distance of the normal distributions fitted to both sets.

    Depends on how many images there are: it falls as 1/N and with few hundred images is mostly bias. Compare
    values at equal N only.

    Args:
        x: features, shape (N, D).
        y: features, shape (M, D).

    Raises:
        Incomputable: fewer than 2 images in a set.

    Reference: Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter 2017.
    """
    require(len(x), 2, "images")
    require(len(y), 2, "real images")
    mean_x, mean_y = x.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
    x, y = (x - mean_x) / np.sqrt(len(x) - 1), (y - mean_y) / np.sqrt(len(y) - 1)
    # tr √(Σx Σy) with Σx = xᵀx is the sum of the singular values of x yᵀ: exact for singular covariances,
    # where the usual matrix square root is not, and small where there are few images.
    cross = np.linalg.svd(_square_root(x) @ _square_root(y).T, compute_uv=False).sum()
    return float(((mean_x - mean_y) ** 2).sum() + (x**2).sum() + (y**2).sum() - 2 * cross)


def _square_root(x: np.ndarray) -> np.ndarray:
    """Some r with rᵀr = xᵀx and at most as many rows as columns."""
    return np.linalg.qr(x, mode="r") if len(x) > x.shape[1] else x


def _at_most(count: int, features: np.ndarray, random: np.random.Generator) -> np.ndarray:
    if len(features) > count:
        features = features[random.choice(len(features), count, replace=False)]
    return features.astype(np.float64)


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return (x @ y.T / x.shape[1] + 1) ** KERNEL_DEGREE


def _mmd(weights_x, weights_y, kernel_x, kernel_y, kernel_xy) -> np.ndarray:
    """The unbiased estimate for each row of weights: how often each image was drawn."""
    cross = ((weights_x @ kernel_xy) * weights_y).sum(axis=1)
    cross /= weights_x.sum(axis=1) * weights_y.sum(axis=1)
    return _mean_of_pairs(weights_x, kernel_x) + _mean_of_pairs(weights_y, kernel_y) - 2 * cross


def _mean_of_pairs(weights: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """The weighted mean over pairs of different images."""
    pairs = weights.sum(axis=1) ** 2 - (weights**2).sum(axis=1)
    total = ((weights @ kernel) * weights).sum(axis=1) - (weights**2) @ np.diag(kernel)
    # A draw of one image only has no pairs.
    return np.divide(total, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
