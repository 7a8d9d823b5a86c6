"""What the default generator and discriminator are both built from."""

import numpy as np
from keras import layers, ops


def conv(filters: int, size: int, name: str, **options) -> layers.Conv2D:
    """A convolution that keeps the size of its grid, unless it has strides."""
    return layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal", name=name, **options)


def zero_conv(filters: int, name: str) -> layers.Conv2D:
    """The last convolution of a residual branch, which at first adds nothing."""
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=name)


def binomial(taps: int) -> np.ndarray:
    """The kernel (taps, taps) of a blur that is nearly Gaussian."""
    row = (np.poly1d([0.5, 0.5]) ** (taps - 1)).c
    return np.outer(row, row)


def mirrored(images, before: int, after: int):
    """Images (N, n, n, C) with a mirrored border → (N, before + n + after, before + n + after, C)."""
    return ops.pad(images, [(0, 0), (before, after), (before, after), (0, 0)], mode="reflect")


def enlarge(name: str, factor: int = 2) -> layers.UpSampling2D:
    """Bilinear enlargement.

    In float32 whatever the policy: XLA's gradient of it is float32 and fits no bfloat16 neighbor.
    """
    return layers.UpSampling2D(factor, interpolation="bilinear", dtype="float32", name=name)
