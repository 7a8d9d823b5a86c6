"""Detail of an image, made as subbands at half its resolution.

The full resolution holds one channel only, because convolutions there waste both CPU and GPU.
"""

import keras
import numpy as np
from keras import layers

from image_generating.networks.blocks import binomial, enlarge

SUBBANDS = 4


def detail_from_subbands(name: str, taps: int) -> keras.Model:
    """Subbands (n, n, 4) → detail (2n, 2n, 1).

    The first subband is enlarged bilinearly; that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal
    spline wavelet 3.1 (Cohen, Daubechies and Feauveau 1992). The other three pass through the wavelet's
    high-pass filter [-1, -3, 3, 1]/4, which overlaps and sums to zero, so that they cannot change the
    brightness, as pixel shuffles and learned strided kernels do (Odena et al. 2016).

    What a binomial blur of `taps` leaves of a subband is taken out of it first. Of the first it is what
    belongs to a coarser image; of the others it would repeat as a mesh of two pixels.
    """
    subbands = keras.Input((None, None, SUBBANDS))
    wavelets = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    sharp = high_pass(f"{name}_sharpen", SUBBANDS, taps)(subbands)
    smooth = enlarge(f"{name}_enlarge_first")(sharp[..., :1])
    detail = layers.Add(name=f"{name}_detail")([smooth, wavelets(sharp[..., 1:])])
    model = keras.Model(subbands, detail, name=f"{name}_from_subbands")
    low, high = np.array([1, 3, 3, 1]) / 4, np.array([-1, -3, 3, 1]) / 4
    kernels = [np.outer(low, high), np.outer(high, low), np.outer(high, high)]
    wavelets.kernel.assign(np.stack(kernels, axis=-1)[:, :, None, :])
    return model


def high_pass(name: str, channels: int, taps: int) -> layers.DepthwiseConv2D:
    """A fixed layer that takes out of features (n, n, C) what a binomial blur of `taps` leaves of them."""
    layer = layers.DepthwiseConv2D(taps, padding="same", use_bias=False, trainable=False, name=name)
    layer.build((None, None, None, channels))
    kernel = -binomial(taps)
    kernel[taps // 2, taps // 2] += 1
    layer.kernel.assign(np.repeat(kernel[:, :, None, None], channels, axis=2))
    return layer
