"""Distances between feature vectors, in blocks, so that 50 000 of them need little memory."""

import numpy as np

BLOCK = 1024


def nearest(x: np.ndarray, y: np.ndarray, k: int = 1, *, same: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """The `k` nearest rows of `y` for each row of `x`.

    Args:
        x: features, shape (N, D).
        y: features, shape (M, D).
        k: how many neighbors, at most M, or M − 1 with `same`.
        same: `y` is `x`, and a row is not its own neighbor (an equal row elsewhere is).

    Returns:
        Euclidean distances, shape (N, k), ascending, and the row numbers in `y`, shape (N, k).
    """
    # Centering changes no distance and keeps |a|² + |b|² − 2ab from cancelling to noise.
    center = y.mean(axis=0, dtype=np.float64)
    y = y - center
    y_squared = np.einsum("ij,ij->i", y, y)
    distances, rows = np.empty((len(x), k)), np.empty((len(x), k), int)
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK] - center
        squared = np.einsum("ij,ij->i", block, block)[:, None] + y_squared - 2 * block @ y.T
        if same:
            own = np.arange(len(block))
            squared[own, start + own] = np.inf
        part = np.argpartition(squared, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(squared, part, axis=1)
        order = np.argsort(values, axis=1)
        span = slice(start, start + len(block))
        rows[span] = np.take_along_axis(part, order, axis=1)
        distances[span] = np.sqrt(np.maximum(np.take_along_axis(values, order, axis=1), 0))
    return distances, rows


def within(x: np.ndarray, centers: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How balls around `centers` and points `x` meet.

    Args:
        x: features, shape (N, D).
        centers: features, shape (M, D).
        radii: one radius a center, shape (M,).

    Returns:
        For each point the number of balls that hold it, shape (N,), and for each ball the number of points
        in it, shape (M,).
    """
    offset = centers.mean(axis=0, dtype=np.float64)
    centers = centers - offset
    squares = np.einsum("ij,ij->i", centers, centers)
    of_points, of_balls = np.empty(len(x), int), np.zeros(len(centers), int)
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK] - offset
        squared = np.einsum("ij,ij->i", block, block)[:, None] + squares - 2 * block @ centers.T
        inside = squared <= radii**2
        of_points[start : start + len(block)] = inside.sum(axis=1)
        of_balls += inside.sum(axis=0)
    return of_points, of_balls
