"""How strong an image is at every fineness: blur, noise and grids of upsampling show here.

Reference: Durall, Keuper, Keuper 2020, Watch Your Up-Convolution.
"""

import functools

import numpy as np

# The power that rounding to 8 bits leaves, for gray values from 0 to 1. Far below it there is nothing to see;
# a hundredth of it keeps the logarithm of a flat image finite.
FLOOR = (1 / 255) ** 2 / 12 / 100


def radial(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Power by frequency, averaged over all directions.

    The mean gray is removed and a Hann window applied, without which the jump from one border of the image to
    the opposite one would outshine the fine structure.

    Args:
        image: gray values 0–255, shape (R, R).

    Returns:
        Two curves in dB, shape (R/2,), at 1 … R/2 periods per image width: the *typical* power (mean of the
        logarithm) and the *total* power (logarithm of the mean). Natural textures have about 2.5 dB
        between them; a periodic grid puts its power in few spots and so raises only the total.
    """
    from scipy.fft import rfft2

    side = len(image)
    image = image.astype(np.float32) / 255
    window = np.hanning(side + 1)[:-1].astype(np.float32)
    window = window[:, None] * window
    power = np.abs(rfft2((image - image.mean()) * window)) ** 2 / np.square(window).sum() + np.float32(FLOOR)
    rings, counts = _rings(side)
    rings = rings.ravel()

    def mean_of_rings(values):
        return (np.bincount(rings, values.ravel()) / counts)[1 : side // 2 + 1]

    return 10 * mean_of_rings(np.log10(power)), 10 * np.log10(mean_of_rings(power))


def difference(generated: np.ndarray, real: np.ndarray) -> float:
    """Mean distance in dB between two mean spectra, over all frequencies up to the finest.

    Args:
        generated: typical curves, shape (N, F).
        real: typical curves, shape (M, F).
    """
    return float(np.abs(generated.mean(axis=0) - real.mean(axis=0)).mean())


def fine_difference(generated: np.ndarray, real: np.ndarray) -> float:
    """Mean signed difference in dB over the finer half: below 0 is blur, above 0 noise or false texture."""
    fine = generated.shape[1] // 2
    return float((generated.mean(axis=0) - real.mean(axis=0))[fine:].mean())


def grid(generated: np.ndarray, real: np.ndarray) -> float:
    """How far, in dB, the strongest periodic pattern stands out beyond what real images show.

    A pattern counts as far as its total power exceeds both the typical power around it, more than in real
    images, and the total power of real images: noise has no patterns, and in a blurred image a pattern may be
    relatively strong and yet too weak to be seen. Grids of upsampling lie at few frequencies, so that the
    largest value counts and not the mean; patterns coarser than 8 pixels may be anatomy and are left out.

    Args:
        generated: typical and total curves, shape (N, 2, F).
        real: the same of real images, shape (M, 2, F).
    """
    typical, total = generated.mean(axis=0) - real.mean(axis=0)
    fine = len(total) // 4
    return float(np.minimum(total - typical, total)[fine:].max())


@functools.lru_cache(maxsize=2)
def _rings(side: int) -> tuple[np.ndarray, np.ndarray]:
    """The whole frequency of every cell of `rfft2`, and how many cells have it."""
    y, x = np.fft.fftfreq(side, 1 / side), np.fft.rfftfreq(side, 1 / side)
    rings = np.rint(np.hypot(y[:, None], x)).astype(int)
    return rings, np.bincount(rings.ravel())
