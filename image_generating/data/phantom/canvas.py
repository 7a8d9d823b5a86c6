"""The projection plane: pixel coordinates, and the ways of putting matter on it.

Every map is in thickness (scene units of water along the ray), so maps simply add up.
"""

import numpy as np
from PIL import Image

# The plane reaches beyond the picture so that a turned or shifted patient still fills it.
EXTENT = 1.14
CHUNK = 1 << 15


def upsample(coarse: np.ndarray, size: int) -> np.ndarray:
    """A coarse float32 map, bicubically resized to `size` x `size` (averaged if it is finer than that)."""
    return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))


def bezier(points: np.ndarray, count: int = 120) -> np.ndarray:
    """Bézier curves of any degree: (curves, control points, 3) to (curves, count, 3)."""
    layers = np.repeat(points[:, :, None], count, axis=2)
    t = np.linspace(0, 1, count)[:, None]
    while layers.shape[1] > 1:
        layers = layers[:, :-1] * (1 - t) + layers[:, 1:] * t
    return layers[:, 0]


class Canvas:
    """A square of pixels over the scene.

    Args:
        size: pixels along one side.

    Attributes:
        x: pixel columns in scene units, float32, shape (1, size).
        y: pixel rows in scene units, float32, shape (size, 1).
        pixel: side of a pixel in scene units.
    """

    def __init__(self, size: int):
        self.size = size
        self.pixel = 2 * EXTENT / size
        centres = ((np.arange(size) + 0.5) * self.pixel - EXTENT).astype(np.float32)
        self.x, self.y = centres[None, :], centres[:, None]

    def window(self, left: float, top: float, right: float, bottom: float) -> tuple[slice, slice]:
        """The rows and columns that cover this rectangle, to work on a part of the plane only."""
        edges = np.array([top, bottom, left, right])
        indices = np.clip((edges + EXTENT) / self.pixel, 0, self.size).astype(int)
        return slice(indices[0], indices[1] + 1), slice(indices[2], indices[3] + 1)

    def paste(self, area: tuple[slice, slice], part: np.ndarray) -> np.ndarray:
        """A map of the whole plane that is `part` in the window `area` and zero elsewhere."""
        total = np.zeros((self.size, self.size), np.float32)
        total[area] = part
        return total

    def splat(self, clouds: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> np.ndarray:
        """Thickness map of clouds of point masses (x, y, volume), each shared among four pixels."""
        total = np.zeros(self.size * self.size, np.float32)
        for cloud in clouds:
            x, y, volume = (part.ravel() for part in np.broadcast_arrays(*cloud))
            # In pieces that stay in the processor's cache, which is several times faster.
            for start in range(0, len(x), CHUNK):
                piece = slice(start, start + CHUNK)
                self._splat_piece(total, x[piece], y[piece], volume[piece])
        return total.reshape(self.size, self.size)

    def _splat_piece(self, total: np.ndarray, x: np.ndarray, y: np.ndarray, volume: np.ndarray) -> None:
        column, row = ((v.astype(np.float32) + EXTENT) * (1 / self.pixel) - 0.5 for v in (x, y))
        inside = (column >= 0) & (row >= 0) & (column < self.size - 1) & (row < self.size - 1)
        column, row = column[inside], row[inside]
        left, top = column.astype(np.int64), row.astype(np.int64)
        column -= left
        row -= top
        corner = top * self.size + left
        lower = volume[inside].astype(np.float32) * (row / self.pixel**2)
        upper = volume[inside].astype(np.float32) / self.pixel**2 - lower
        np.add.at(total, corner, upper - upper * column)
        np.add.at(total, corner + 1, upper * column)
        np.add.at(total, corner + self.size, lower - lower * column)
        np.add.at(total, corner + self.size + 1, lower * column)
