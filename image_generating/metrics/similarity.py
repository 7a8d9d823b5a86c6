"""How alike the images of one set are to each other: multi-scale structural similarity."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from image_generating.metrics.estimate import Estimate, require

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
PAIRS = 100


def ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Multi-scale structural similarity of two images: 1 for equal ones, about 0 for unrelated ones.

    Five scales need a side of 176 pixels; smaller images use as many as fit, weights scaled to sum to 1.

    Args:
        x: gray values 0–255, shape (H, W).
        y: the same shape.

    Raises:
        Incomputable: a side under 11 pixels.

    Reference: Wang, Simoncelli, Bovik 2003.
    """
    require(min(x.shape), WINDOW, "pixels a side")
    scales = min(len(WEIGHTS), int(np.log2(min(x.shape) / WINDOW)) + 1)
    weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    x, y = x.astype(np.float32), y.astype(np.float32)
    product = 1.0
    for scale, weight in enumerate(weights):
        luminance, structure = _ssim(x, y)
        term = structure * luminance if scale == scales - 1 else structure
        product *= max(float(term.mean()), 0.0) ** weight
        x, y = _half(x), _half(y)
    return product


def mean_pairwise(images: np.ndarray, *, pairs: int = PAIRS, seed: int = 0) -> Estimate:
    """Mean similarity of pairs of different images; near 1 when a generator repeats itself.

    Args:
        images: gray values 0–255, shape (N, H, W).
        pairs: how many pairs at most, drawn at random.
        seed: of the pairs.

    Raises:
        Incomputable: fewer than 2 images, or a side under 11 pixels.
    """
    require(len(images), 2, "images")
    first, second = np.triu_indices(len(images), 1)
    chosen = np.random.default_rng(seed).permutation(len(first))[:pairs]
    # Threads help, since the filters run outside the interpreter lock.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        values = np.array(list(pool.map(lambda i: ms_ssim(images[first[i]], images[second[i]]), chosen)))
    if len(values) < 10:
        return Estimate(float(values.mean()))
    margin = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
    return Estimate(float(values.mean()), float(values.mean() - margin), float(values.mean() + margin))


def _ssim(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The luminance term and the contrast-structure term at every place where the window fits."""
    bright, varied = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = _blur(x), _blur(y)
    both = mean_x * mean_y
    squares = mean_x**2 + mean_y**2
    luminance = (2 * both + bright) / (squares + bright)
    structure = (2 * (_blur(x * y) - both) + varied) / (_blur(x**2 + y**2) - squares + varied)
    return luminance, structure


def _blur(image: np.ndarray) -> np.ndarray:
    from scipy.ndimage import correlate1d

    places = np.arange(WINDOW) - WINDOW // 2
    kernel = np.exp(-(places**2) / (2 * SIGMA**2))
    kernel /= kernel.sum()
    inner = slice(WINDOW // 2, -(WINDOW // 2))
    # Cutting the border after each direction leaves exactly the places where the whole window fits.
    return correlate1d(correlate1d(image, kernel, axis=0)[inner], kernel, axis=1)[:, inner]


def _half(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    image = np.pad(image, ((0, height % 2), (0, width % 2)), mode="symmetric")
    return image.reshape(image.shape[0] // 2, 2, image.shape[1] // 2, 2).mean(axis=(1, 3))
