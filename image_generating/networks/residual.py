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
from keras import layers

from image_generating.config import NetworkConfig
from image_generating.networks.blocks import conv, pass_channels_through, zero_conv
from image_generating.networks.grids import grids

# A dense layer to 25×25 maps is most of the generator's parameters: 32 maps, widened by a 1×1 convolution.
LATENT_MAPS = 32
_SLOPE = 0.2


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1)."""
    *sides, _, full = grids(config.resolution)
    widths = config.generator_widths
    widen = layers.Conv2D(widths[0], 1, name="base_widen")
    network = keras.Sequential(
        [
            keras.Input((config.latent,)),
            layers.Dense(sides[0] ** 2 * LATENT_MAPS, name="base_dense"),
            layers.Reshape((sides[0], sides[0], LATENT_MAPS), name="base_reshape"),
            widen,
            _refine(sides[0], widths[0]),
        ],
        name="generator",
    )
    _pass_image_through(widen)
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


def _synthesis(side: int, channels: int, width: int) -> keras.Model:
    """(n, n, channels) → images (4n, 4n, 1), for n = side/4 or a window of it.

    At half the resolution a branch makes four subbands. The first corrects the image there, which is
    enlarged bilinearly; that is the low-pass filter [1, 3, 3, 1]/4 of the biorthogonal spline wavelet
    3.1 (Cohen, Daubechies and Feauveau 1992). The other three pass through the wavelet's high-pass
    filter [-1, -3, 3, 1]/4, which overlaps and sums to zero, so that they cannot change the brightness,
    as pixel shuffles and learned strided kernels do (Odena et al. 2016). What is constant in a subband
    would repeat as a mesh of two pixels: it is filtered out of the subbands before.
    """
    name = f"synthesis_{side}"
    x = keras.Input((None, None, channels))
    half, projection = _project_and_enlarge(x, width, name)
    branch = conv(width, 3, f"{name}_conv")(half)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    subbands = zero_conv(4, f"{name}_residual")(branch)
    smooth = layers.Add(name=f"{name}_add")([half[..., :1], subbands[..., :1]])
    unmesh = layers.DepthwiseConv2D(3, padding="same", use_bias=False, trainable=False, name=f"{name}_unmesh")
    detail = layers.Conv2DTranspose(
        1, 4, strides=2, padding="same", use_bias=False, trainable=False, name=f"{name}_wavelets"
    )
    image = layers.Add(name=f"{name}_image")(
        [_enlarge(f"{name}_enlarge_image")(smooth), detail(unmesh(subbands[..., 1:]))]
    )
    stage = keras.Model(x, image, name=name)
    pass_channels_through(projection)
    low, high = np.array([1, 3, 3, 1]) / 4, np.array([-1, -3, 3, 1]) / 4
    kernels = [np.outer(low, high), np.outer(high, low), np.outer(high, high)]
    detail.kernel.assign(np.stack(kernels, axis=-1)[:, :, None, :])
    blur = np.outer([1, 2, 1], [1, 2, 1]) / 16
    sharpen = np.eye(3)[1][:, None] * np.eye(3)[1] - blur
    unmesh.kernel.assign(np.repeat(sharpen[:, :, None, None], 3, axis=2))
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
