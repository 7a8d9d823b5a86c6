"""The default networks: linear skip paths that carry the image, residual branches that refine it.

In both networks **channel 0 of every grid is the image at that grid**, and each stage adds to it a
residual branch whose last convolution starts at zero. So a network of a lower resolution is contained
in a larger one: keep the weights, add stages, and the new generator's image is at first exactly the
old one enlarged, the new discriminator's logit exactly the old one of the reduced image. That is what
lets training grow (Karras et al. 2018, "Progressive Growing of GANs") with nothing to fade in.

Branches follow R3GAN (Huang et al. 2024, "The GAN is dead; long live the GAN!"): no normalization
layers, a leaky ReLU between two convolutions, the last of them zero at first. The full resolution
itself holds one channel only, because convolutions there waste both CPU and GPU: the generator makes
it from wavelet coefficients at half the resolution, the discriminator reads it with strided convolutions.
"""

import keras
import numpy as np
from keras import layers

from image_generating.config import NetworkConfig
from image_generating.networks.grids import grids

# A dense layer to 25×25 maps is most of the generator's parameters: 32 maps, widened by a 1×1 convolution.
_LATENT_MAPS = 32
_SLOPE = 0.2


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1)."""
    *sides, _, full = grids(config.resolution)
    widths = config.generator_widths
    network = keras.Sequential(
        [
            keras.Input((config.latent,)),
            layers.Dense(sides[0] ** 2 * _LATENT_MAPS, name="base_dense"),
            layers.Reshape((sides[0], sides[0], _LATENT_MAPS), name="base_reshape"),
            layers.Conv2D(widths[0], 1, name="base_widen"),
            _refine(sides[0], widths[0]),
        ],
        name="generator",
    )
    channels = widths[0]
    for side, width in zip(sides[1:], widths[1:], strict=False):
        if side <= resolution:
            network.add(_up_stage(side, channels, width))
            channels = width
    if resolution == full:
        network.add(_synthesis(full, channels, config.synthesis_width))
    else:
        grid = keras.Input((resolution, resolution, channels))
        network.add(keras.Model(grid, grid[..., :1], name="to_image"))
    return network


def discriminator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Images (N, resolution, resolution, 1) → logits (N, 1)."""
    *sides, _, full = grids(config.resolution)
    widths = dict(zip(sides, config.discriminator_widths, strict=False))
    network = keras.Sequential([keras.Input((resolution, resolution, 1))], name="discriminator")
    if resolution == full:
        side = sides[-1]
        network.add(_analysis(full, config.analysis_width, widths[side]))
    else:
        side = resolution
        image = keras.Input((resolution, resolution, 1))
        padded = keras.ops.pad(image, [(0, 0), (0, 0), (0, 0), (0, widths[side] - 1)])
        network.add(keras.Model(image, padded, name="from_image"))
    channels = widths[side]
    coarser = [widths[s] for s in reversed(sides) if s < side]
    for width in (*coarser, *config.discriminator_deep_widths):
        network.add(_down_stage(side, channels, width))
        side, channels = -(-side // 2), width
    network.add(_conv(channels, 3, "judge_conv"))
    network.add(layers.LeakyReLU(_SLOPE, name="judge_relu"))
    network.add(layers.Flatten(name="judge_flatten"))
    network.add(layers.Dense(1, name="judge_dense", dtype="float32"))
    return network


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
    _pass_channels_through(projection)
    return stage


def _synthesis(side: int, channels: int, width: int) -> keras.Model:
    """(side/4, side/4, channels) → images (side, side, 1).

    At half the resolution a branch makes four subbands. The first corrects the image there, which is
    enlarged bilinearly; that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal spline wavelet
    3.1 (Cohen, Daubechies and Feauveau 1992). The other three pass through the wavelet's high-pass
    filter [-1, -3, 3, 1]/4, which overlaps and sums to zero, so that they cannot change the brightness,
    as pixel shuffles and learned strided kernels do (Odena et al. 2016). What they can do is repeat: a
    subband that is not zero on average draws a mesh of two pixels, which training has to remove.
    """
    name = f"synthesis_{side}"
    x = keras.Input((side // 4, side // 4, channels))
    half, projection = _project_and_enlarge(x, width, name)
    branch = _conv(width, 3, f"{name}_conv")(half)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    subbands = _zero_conv(4, f"{name}_residual")(branch)
    smooth = layers.Add(name=f"{name}_add")([half[..., :1], subbands[..., :1]])
    detail = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    image = layers.Add(name=f"{name}_image")(
        [_enlarge(f"{name}_enlarge_image")(smooth), detail(subbands[..., 1:])]
    )
    stage = keras.Model(x, image, name=name)
    _pass_channels_through(projection)
    low, high = np.array([1, 3, 3, 1]) / 4, np.array([-1, -3, 3, 1]) / 4
    kernels = [np.outer(low, high), np.outer(high, low), np.outer(high, high)]
    detail.kernel.assign(np.stack(kernels, axis=-1)[:, :, None, :])
    return stage


def _down_stage(side: int, channels: int, width: int) -> keras.Model:
    """(side, side, channels) → (⌈side/2⌉, ⌈side/2⌉, width)."""
    name = f"down_{side}"
    x = keras.Input((side, side, channels))
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    skip = projection(layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x))
    branch = _conv(width, 4, f"{name}_conv", strides=2)(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    branch = _zero_conv(width, f"{name}_residual")(branch)
    stage = keras.Model(x, layers.Add(name=f"{name}_add")([skip, branch]), name=name)
    _pass_channels_through(projection)
    return stage


def _analysis(side: int, width: int, channels: int) -> keras.Model:
    """Images (side, side, 1) → (side/4, side/4, channels)."""
    name = f"analysis_{side}"
    x = keras.Input((side, side, 1))
    reduced = layers.AveragePooling2D(4, name=f"{name}_pool")(x)
    skip = keras.ops.pad(reduced, [(0, 0), (0, 0), (0, 0), (0, channels - 1)])
    branch = _conv(width, 4, f"{name}_conv_1", strides=2)(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu_1")(branch)
    branch = _conv(channels, 4, f"{name}_conv_2", strides=2)(branch)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu_2")(branch)
    branch = _zero_conv(channels, f"{name}_residual")(branch)
    return keras.Model(x, layers.Add(name=f"{name}_add")([skip, branch]), name=name)


def _add_branch(x, channels: int, name: str):
    branch = _conv(channels, 3, f"{name}_conv")(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    branch = _zero_conv(channels, f"{name}_residual")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def _project_and_enlarge(x, width: int, name: str):
    """To `width` channels at twice the resolution; the projection is four times cheaper before it."""
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    return _enlarge(f"{name}_enlarge")(projection(x)), projection


def _enlarge(name: str) -> layers.UpSampling2D:
    # In float32 whatever the policy: XLA's gradient of it is float32 and fits no bfloat16 neighbor.
    return layers.UpSampling2D(2, interpolation="bilinear", dtype="float32", name=name)


def _conv(filters: int, size: int, name: str, **options) -> layers.Conv2D:
    return layers.Conv2D(filters, size, padding="same", kernel_initializer="he_normal", name=name, **options)


def _zero_conv(filters: int, name: str) -> layers.Conv2D:
    return layers.Conv2D(filters, 3, padding="same", kernel_initializer="zeros", name=name)


def _pass_channels_through(projection: layers.Conv2D) -> None:
    """Sets a 1×1 kernel so that channel i stays channel i, the image's channel 0 first of all."""
    kernel = np.eye(*projection.kernel.shape[-2:], dtype="float32")
    projection.kernel.assign(kernel[None, None])
