"""Detail of an image, made as subbands at half its resolution.

The full resolution holds one channel only, because convolutions there waste both CPU and GPU.
"""

import keras
import numpy as np
from keras import layers

from image_generating.networks.blocks import binomial, enlarge

SUBBANDS = 4


def detail_from_subbands(name: str, sharpen: layers.Layer) -> keras.Model:
    """Subbands (n, n, 4) → detail (2n, 2n, 1).

    The first subband is enlarged bilinearly; that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal
    spline wavelet 3.1 (Cohen, Daubechies and Feauveau 1992). The other three pass through the wavelet's
    high-pass filter [-1, -3, 3, 1]/4, which overlaps and sums to zero, so that they cannot change the
    brightness, as pixel shuffles and learned strided kernels do (Odena et al. 2016).

    Args:
        name: begins the layers' names.
        sharpen: `high_pass` or `high_pass_across`, which subbands go through first. What it takes out of the
            first subband belongs to a coarser image; in the others it would repeat as a mesh of two pixels.
    """
    subbands = keras.Input((None, None, SUBBANDS))
    wavelets = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    sharp = sharpen(subbands)
    smooth = enlarge(f"{name}_enlarge_first")(sharp[..., :1])
    detail = layers.Add(name=f"{name}_detail")([smooth, wavelets(sharp[..., 1:])])
    model = keras.Model(subbands, detail, name=f"{name}_from_subbands")
    low, high = np.array([1, 3, 3, 1]) / 4, np.array([-1, -3, 3, 1]) / 4
    kernels = [np.outer(low, high), np.outer(high, low), np.outer(high, high)]
    wavelets.kernel.assign(np.stack(kernels, axis=-1)[:, :, None, :])
    return model


def high_pass(name: str, channels: int, taps: int) -> layers.DepthwiseConv2D:
    """A fixed layer that takes out of features (n, n, C) what a binomial blur of `taps` leaves of them."""
    return fixed(name, [_identity(taps) - binomial(taps)] * channels)


def high_pass_across(name: str) -> layers.DepthwiseConv2D:
    """A fixed layer that takes out of subbands (n, n, 4) what is smooth where their wavelets alternate.

    Each loses what a binomial blur of 3 leaves of it in the direction, or the two, in which its wavelet
    alternates, as subbands are smooth along an edge, and there such a wavelet would draw a dotted line.
    The first has no wavelet, and loses what is smooth in both directions, as in `high_pass`.
    """
    same = _identity(3)[1]
    sharp = same - binomial(3).sum(axis=0)
    wavelets = [(same, sharp), (sharp, same), (sharp, sharp)]
    return fixed(name, [_identity(3) - binomial(3), *(np.outer(down, right) for down, right in wavelets)])


def fixed(name: str, kernels: list[np.ndarray]) -> layers.DepthwiseConv2D:
    """A layer (n, n, C) → (n, n, C) that filters each channel with its own kernel and is not trained."""
    layer = layers.DepthwiseConv2D(
        kernels[0].shape, padding="same", use_bias=False, trainable=False, name=name
    )
    layer.build((None, None, None, len(kernels)))
    layer.kernel.assign(np.stack(kernels, axis=-1)[..., None])
    return layer


def _identity(taps: int) -> np.ndarray:
    kernel = np.zeros((taps, taps))
    kernel[taps // 2, taps // 2] = 1
    return kernel
