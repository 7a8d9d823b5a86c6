"""The last stage of the default generator: from an image at a quarter of the resolution to the full one.

It knows nothing but the image and white noise, so that it can be trained on reduced radiographs, as the
levels of LAPGAN are (Denton et al. 2015, "Deep Generative Image Models using a Laplacian Pyramid of
Adversarial Networks"). The full resolution itself holds one channel only, because convolutions there
waste both CPU and GPU: the image is made from wavelet coefficients at half the resolution.
"""

import keras
import numpy as np
from keras import layers

from image_generating.networks.blocks import conv, enlarge, zero_conv

# From the full resolution to the last grid, on which the anatomy is made.
REDUCTION = 4
_BANDS = 4
# Noise maps on the last grid: one noise value for each of four subbands at twice the side.
GRAIN_MAPS = 4 * _BANDS
# Random numbers for each place of the base grid, from which the noise of its cell is mixed.
_GRAIN_SEEDS = 16
_SLOPE = 0.2


def grain(base: int, side: int, latent: int) -> keras.Model:
    """Latents (N, latent) → white noise (N, side, side, GRAIN_MAPS) of unit variance.

    Radiographs are grainy, and a network without a source of chance draws contours where the grain should
    be. This noise belongs to the latent, so that a latent always makes the same image: fixed random weights
    spread its direction over the base grid, and each place there over a cell of the last grid.
    """
    z = keras.Input((latent,))
    fixed = {"use_bias": False, "trainable": False}
    x = layers.UnitNormalization(name="grain_direction")(z)
    unit = keras.initializers.RandomNormal(stddev=1.0)
    x = layers.Dense(base**2 * _GRAIN_SEEDS, kernel_initializer=unit, name="grain_dense", **fixed)(x)
    x = layers.Reshape((base, base, _GRAIN_SEEDS), name="grain_reshape")(x)
    cell = side // base
    spread = keras.initializers.RandomNormal(stddev=_GRAIN_SEEDS**-0.5)
    x = layers.Conv2DTranspose(
        GRAIN_MAPS, cell, strides=cell, kernel_initializer=spread, name="grain_cells", **fixed
    )(x)
    return keras.Model(z, x, name="grain")


def synthesis(side: int, width: int) -> keras.Model:
    """Images with grain (n, n, 1 + GRAIN_MAPS) → images (4n, 4n, 1), for n = side/4 or a window of it.

    At half the resolution it makes four subbands, each of a part that follows from the image and of grain
    whose strength follows from the image. The first corrects the image there, which is enlarged bilinearly;
    that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal spline wavelet 3.1 (Cohen, Daubechies
    and Feauveau 1992). The other three pass through the wavelet's high-pass filter [-1, -3, 3, 1]/4, which
    overlaps and sums to zero, so that they cannot change the brightness, as pixel shuffles and learned
    strided kernels do (Odena et al. 2016). What is constant in a subband would repeat as a mesh of two
    pixels: it is filtered out of the subbands before.
    """
    name = f"synthesis_{side}"
    image_and_grain = keras.Input((None, None, 1 + GRAIN_MAPS))
    image, noise = image_and_grain[..., :1], image_and_grain[..., 1:]
    x = image
    for number in range(2):
        x = conv(width, 3, f"{name}_conv_{number}")(x)
        x = layers.LeakyReLU(_SLOPE, name=f"{name}_relu_{number}")(x)
    bands = zero_conv(2 * _BANDS, f"{name}_bands")(enlarge(f"{name}_enlarge")(x))
    unpack = layers.Conv2DTranspose(
        _BANDS, 2, strides=2, use_bias=False, trainable=False, name=f"{name}_unpack"
    )
    noise = conv(_BANDS, 3, f"{name}_colour", use_bias=False)(unpack(noise))
    noise = layers.Multiply(name=f"{name}_grain")([bands[..., _BANDS:], noise])
    bands = layers.Add(name=f"{name}_subbands")([bands[..., :_BANDS], noise])
    unmesh = layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False, name=f"{name}_unmesh")
    bands = unmesh(bands)
    smooth = layers.Add(name=f"{name}_add")([enlarge(f"{name}_enlarge_half")(image), bands[..., :1]])
    wavelets = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    image = layers.Add(name=f"{name}_image")(
        [enlarge(f"{name}_enlarge_image")(smooth), wavelets(bands[..., 1:])]
    )
    stage = keras.Model(image_and_grain, image, name=name)
    # Four maps become one of twice the side, pixel by pixel.
    unpack.kernel.assign(np.eye(GRAIN_MAPS).reshape(_BANDS, 2, 2, GRAIN_MAPS).transpose(1, 2, 0, 3))
    low, high = np.array([1, 3, 3, 1]) / 4, np.array([-1, -3, 3, 1]) / 4
    kernels = [np.outer(low, high), np.outer(high, low), np.outer(high, high)]
    wavelets.kernel.assign(np.stack(kernels, axis=-1)[:, :, None, :])
    blur = np.outer([1, 2, 1], [1, 2, 1]) / 16
    sharpen = np.eye(3)[1][:, None] * np.eye(3)[1] - blur
    unmesh.kernel.assign(np.repeat(sharpen[:, :, None, None], _BANDS, axis=2))
    return stage
