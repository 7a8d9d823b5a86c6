"""The default generator: linear skip paths that carry the image, residual branches that refine it.

**Channel 0 of every grid is the image at that grid**, and each stage adds to it a residual branch whose
last convolution starts at zero. So a generator of a lower resolution is contained in a larger one: keep
the weights, add stages, and the new image is at first exactly the old one enlarged. That is what lets
training grow (Karras et al. 2018, "Progressive Growing of GANs") with nothing to fade in, and what lets
it begin with the principal components of the training images on the base grid.

Branches follow R3GAN (Huang et al. 2024, "The GAN is dead; long live the GAN!"): no normalization
layers, a leaky ReLU between two convolutions, the last of them zero at first. The full resolution
itself holds one channel only, because convolutions there waste both CPU and GPU: the image is made
from wavelet coefficients at half the resolution.
"""

import keras
import numpy as np
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.blocks import conv, pass_channels_through, zero_conv
from image_generating.networks.grids import grids

# A dense layer to 25×25 maps is most of the generator's parameters: 32 maps, widened by a 1×1 convolution.
LATENT_MAPS = 32
_BENT_MAPS = 8
# From the full resolution to the last grid, on which the anatomy is made.
REDUCTION = 4
_BANDS = 4
# Noise maps on the last grid: one noise value for each of four subbands at twice the side.
GRAIN_MAPS = 4 * _BANDS
# Random numbers for each place of the base grid, from which the noise of its cell is mixed.
_GRAIN_SEEDS = 16
_SLOPE = 0.2


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1).

    Two networks: `anatomy` makes the image on the last grid, `synthesis` the full resolution from it.
    Below the full resolution there is the first only.
    """
    full = grids(config.resolution)[-1]
    network = keras.Sequential([keras.Input((config.latent,))], name="generator")
    network.add(_anatomy(config, min(resolution, full // REDUCTION), with_grain=resolution == full))
    if resolution == full:
        network.add(_synthesis(full, config.synthesis_width))
    return network


def _anatomy(config: NetworkConfig, resolution: int, with_grain: bool) -> keras.Model:
    """Latents (N, latent) → images (N, resolution, resolution, 1), with grain (…, 1 + GRAIN_MAPS)."""
    sides = grids(config.resolution)
    widths = config.generator_widths
    latents = keras.Input((config.latent,))
    base = sides[0]
    linear = layers.Dense(base**2 * LATENT_MAPS, name="base_dense")(latents)
    linear = layers.Reshape((base, base, LATENT_MAPS), name="base_reshape")(linear)
    bent = _bend(base, config.latent, config.mapping_width)(latents)
    maps = layers.Add(name="base_add")([linear, bent])
    widen = layers.Conv2D(widths[0], 1, name="base_widen")
    x = _refine(base, widths[0])(widen(maps))
    _pass_image_through(widen)
    channels = widths[0]
    for side, width in zip(sides[1:], widths[1:], strict=False):
        if side <= resolution:
            x = _up_stage(side, channels, width)(x)
            channels = width
    image = x[..., :1]
    if with_grain:
        grain = _grain(base, resolution, config.latent)(latents)
        image = layers.Concatenate(name="image_and_grain")([image, grain])
    return keras.Model(latents, image, name="anatomy")


def _bend(base: int, latent: int, width: int) -> keras.Model:
    """Latents (N, latent) → what the base grid holds beyond a linear function of them, at first nothing.

    All else that is not linear is local: without it bodies of two shapes could only be superposed. The
    two layers before are a mapping network (Karras et al. 2019, "StyleGAN"). The image's map and a few
    others are bent, as every map costs parameters.
    """
    x = latents = keras.Input((latent,))
    for number in range(2):
        x = layers.Dense(width, kernel_initializer="he_normal", name=f"mapping_dense_{number}")(x)
        x = layers.LeakyReLU(_SLOPE, name=f"mapping_relu_{number}")(x)
    bend = layers.Dense(base**2 * _BENT_MAPS, use_bias=False, kernel_initializer="zeros", name="base_bend")
    x = layers.Reshape((base, base, _BENT_MAPS), name="bend_reshape")(bend(x))
    x = ops.pad(x, [(0, 0), (0, 0), (0, 0), (0, LATENT_MAPS - _BENT_MAPS)])
    return keras.Model(latents, x, name="mapping")


def _grain(base: int, side: int, latent: int) -> keras.Model:
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


def _refine(side: int, channels: int) -> keras.Model:
    """Adds a residual branch to a grid of (side, side, channels)."""
    x = keras.Input((side, side, channels))
    return keras.Model(x, _add_branch(x, channels, f"refine_{side}"), name=f"refine_{side}")


def _up_stage(side: int, channels: int, width: int) -> keras.Model:
    """(side/2, side/2, channels) → (side, side, width)."""
    name = f"up_{side}"
    x = keras.Input((side // 2, side // 2, channels))
    enlarged, projection = _project_and_enlarge(x, width, name)
    stage = keras.Model(x, _add_branch(enlarged, width, name), name=name)
    pass_channels_through(projection)
    return stage


def _synthesis(side: int, width: int) -> keras.Model:
    """Images with grain (n, n, 1 + GRAIN_MAPS) → images (4n, 4n, 1), for n = side/4 or a window of it.

    It knows nothing but the image and the grain, so that it can be trained on reduced radiographs, as the
    levels of LAPGAN are (Denton et al. 2015, "Deep Generative Image Models using a Laplacian Pyramid of
    Adversarial Networks"). At half the resolution it makes four subbands, each of a part that follows from
    the image and of grain whose strength follows from the image. The first corrects the image there, which
    is enlarged bilinearly; that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal spline wavelet
    3.1 (Cohen, Daubechies and Feauveau 1992). The other three pass through the wavelet's high-pass
    filter [-1, -3, 3, 1]/4, which overlaps and sums to zero, so that they cannot change the brightness,
    as pixel shuffles and learned strided kernels do (Odena et al. 2016). What is constant in a subband
    would repeat as a mesh of two pixels: it is filtered out of the subbands before.
    """
    name = f"synthesis_{side}"
    image_and_grain = keras.Input((None, None, 1 + GRAIN_MAPS))
    image, grain = image_and_grain[..., :1], image_and_grain[..., 1:]
    x = image
    for number in range(2):
        x = conv(width, 3, f"{name}_conv_{number}")(x)
        x = layers.LeakyReLU(_SLOPE, name=f"{name}_relu_{number}")(x)
    bands = zero_conv(2 * _BANDS, f"{name}_bands")(_enlarge(f"{name}_enlarge")(x))
    unpack = layers.Conv2DTranspose(
        _BANDS, 2, strides=2, use_bias=False, trainable=False, name=f"{name}_unpack"
    )
    grain = conv(_BANDS, 3, f"{name}_colour", use_bias=False)(unpack(grain))
    grain = layers.Multiply(name=f"{name}_grain")([bands[..., _BANDS:], grain])
    bands = layers.Add(name=f"{name}_subbands")([bands[..., :_BANDS], grain])
    unmesh = layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False, name=f"{name}_unmesh")
    bands = unmesh(bands)
    smooth = layers.Add(name=f"{name}_add")([_enlarge(f"{name}_enlarge_half")(image), bands[..., :1]])
    wavelets = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    image = layers.Add(name=f"{name}_image")(
        [_enlarge(f"{name}_enlarge_image")(smooth), wavelets(bands[..., 1:])]
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


def _add_branch(x, channels: int, name: str):
    branch = conv(channels, 3, f"{name}_conv")(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    branch = zero_conv(channels, f"{name}_residual")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def _project_and_enlarge(x, width: int, name: str):
    """To `width` channels at twice the resolution; the projection is four times cheaper before it."""
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    return _enlarge(f"{name}_enlarge")(projection(x)), projection


def _enlarge(name: str) -> layers.UpSampling2D:
    # In float32 whatever the policy: XLA's gradient of it is float32 and fits no bfloat16 neighbor.
    return layers.UpSampling2D(2, interpolation="bilinear", dtype="float32", name=name)


def _pass_image_through(widen: layers.Conv2D) -> None:
    """Sets a 1×1 kernel so that the image stays channel 0 and nothing is added to it."""
    kernel = np.array(widen.kernel)
    kernel[..., 0] = 0
    kernel[0, 0, 0, 0] = 1
    widen.kernel.assign(kernel)
