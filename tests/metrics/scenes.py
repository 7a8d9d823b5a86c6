"""Stand-ins for radiographs: two dark ellipses of varying place and size under cloudy texture."""

import numpy as np


def scenes(count: int, side: int = 128, seed: int = 0) -> np.ndarray:
    """uint8 images, (count, side, side)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)) * side
    images = []
    for _ in range(count):
        # Power falls with the cube of frequency, about as in photographs.
        clouds = np.fft.rfft2(random.normal(size=(side, side))) / np.maximum(frequency, 1) ** 1.5
        clouds = np.fft.irfft2(clouds, (side, side))
        width, height, apart, middle = random.uniform((0.1, 0.2, 0.15, 0.4), (0.2, 0.4, 0.25, 0.6))
        inside = ((np.abs(x - 0.5) - apart) / width) ** 2 + ((y - middle) / height) ** 2 < 1
        images.append(150 + random.uniform(-20, 20) - 80 * inside + 15 * clouds / clouds.std())
    return np.clip(np.rint(images), 0, 255).astype(np.uint8)
