"""Can a simple classifier tell generated images from real ones?"""

from collections.abc import Callable

import numpy as np

from image_generating.metrics.estimate import require

FOLDS = 5
# Of a kernel whose mean diagonal is 1. The area hardly changes from 0.001 to 1; more blunts the probe.
RIDGE = 0.1


def auc(generated: np.ndarray, real: np.ndarray, *, seed: int = 0) -> float:
    """Cross-validated area under the ROC curve of a linear probe: 0.5 is chance, 1 is always told apart.

    Every fold holds images of both sets, and the area is taken within a fold and then averaged, since scores
    of different probes do not compare; so nine images are enough.

    Args:
        generated: features, shape (N, D).
        real: features, shape (M, D).
        seed: of the folds.

    Raises:
        Incomputable: fewer than 4 images in a set.

    Reference: Lopez-Paz, Oquab 2017, Revisiting Classifier Two-Sample Tests.
    """
    require(len(generated), 4, "images")
    require(len(real), 4, "real images")
    random = np.random.default_rng(seed)
    count = min(FOLDS, len(generated), len(real))
    folds = zip(*(np.array_split(random.permutation(len(s)), count) for s in (generated, real)), strict=True)
    areas = []
    for test_generated, test_real in folds:
        probe = fit(np.delete(generated, test_generated, axis=0), np.delete(real, test_real, axis=0))
        areas.append(area(probe(generated[test_generated]), probe(real[test_real])))
    return float(np.mean(areas))


def area(positive: np.ndarray, negative: np.ndarray) -> float:
    """Chance that a positive score exceeds a negative one, ties counting half."""
    from scipy.stats import rankdata

    ranks = rankdata(np.concatenate([positive, negative]))[: len(positive)]
    return float((ranks.sum() / len(positive) - (len(positive) + 1) / 2) / len(negative))


def fit(positive: np.ndarray, negative: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A linear discriminant: ridge regression to the classes, which weigh the same, on standardized features.

    Least squares instead of logistic loss has a closed form, a thousand times as fast for few images of many
    features, and ranks the images alike.

    Args:
        positive: features, shape (N, D).
        negative: features, shape (M, D).

    Returns:
        A function from features, shape (K, D), to scores, shape (K,).
    """
    x = np.concatenate([positive, negative]).astype(np.float64)
    center, scale = x.mean(axis=0), x.std(axis=0)
    # A feature that never varied says nothing, and must not explode on an image where it does.
    scale[scale <= 1e-6 * scale.max()] = np.inf
    x = (x - center) / scale / np.sqrt(x.shape[1])
    y = np.concatenate([np.full(len(s), sign / len(s)) for s, sign in ((positive, 1), (negative, -1))])
    y *= len(x)
    # Both give the same weights; the smaller system is solved.
    if len(x) <= x.shape[1]:
        weights = x.T @ np.linalg.solve(x @ x.T + RIDGE * np.eye(len(x)), y)
    else:
        weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ y)
    return lambda features: (features - center) / scale @ weights
