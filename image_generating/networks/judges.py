"""The default discriminator: it judges the image as a whole, and at full resolution also by patches.

The **whole** is seen on the last grid, at most a quarter of the full resolution, by residual stages that
mirror the generator's: their skip paths carry the reduced image in channel 0, their branches start at
zero, so a judge of a lower resolution is contained in a higher one. The **patches** are windows of full
resolution, for texture: each logit sees 62 pixels (Isola et al. 2017, "PatchGAN"). Nothing in that judge
depends on the image around, so that a training step can make and judge one window of each image.

Patches are judged by their **detail** alone, amplified: what a 9 pixel blur takes away has a standard
deviation of 0.02 to 0.03 in radiographs with gray values of [-1, 1], which is less than the noise that the
gradient penalty makes a judge blind to.
"""

import keras
import numpy as np
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.blocks import conv, pass_channels_through, zero_conv
from image_generating.networks.grids import grids

# From the full resolution to that at which the image is judged as a whole.
REDUCTION = 4
# Brings the detail of radiographs to a standard deviation of about one half.
_DETAIL_GAIN = 20.0
_SLOPE = 0.2


def discriminator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Images (N, resolution, resolution, 1) → logits (N, 1)."""
    shape = (resolution, resolution, 1)
    image = keras.Input(shape)
    if resolution == grids(config.resolution)[-1]:
        whole = _whole(config, resolution // REDUCTION)
        patches = _patches(config.patch_widths)
        reduced = layers.AveragePooling2D(REDUCTION, name="reduce")(image)
        texture = ops.mean(patches(_detail()(image)), axis=1, keepdims=True)
        logit = layers.Average(name="both")([whole(reduced), texture])
    else:
        logit = _whole(config, resolution)(image)
    return keras.Sequential(
        [keras.Input(shape), keras.Model(image, logit, name="judges")], name="discriminator"
    )


def judge(network: keras.Sequential, name: str) -> keras.Model:
    """The part of a discriminator called `whole`, images → logits (N, 1), or `patches`, detail → (N, P).

    Or `detail`, which makes of a window (N, H, W, 1) its detail (N, H − 8, W − 8, 1).
    """
    return network.get_layer("judges").get_layer(name)


def _whole(config: NetworkConfig, resolution: int) -> keras.Model:
    """Images (N, resolution, resolution, 1) → logits (N, 1)."""
    widths = dict(zip(grids(config.resolution), config.discriminator_widths, strict=False))
    side, channels = resolution, widths[resolution]
    image = keras.Input((side, side, 1))
    x = ops.pad(image, [(0, 0), (0, 0), (0, 0), (0, channels - 1)])
    coarser = [width for grid, width in reversed(widths.items()) if grid < resolution]
    for width in (*coarser, *config.discriminator_deep_widths):
        x = _down_stage(side, channels, width)(x)
        side, channels = -(-side // 2), width
    x = layers.LeakyReLU(_SLOPE, name="judge_relu")(conv(channels, 3, "judge_conv")(x))
    x = layers.Flatten(name="judge_flatten")(x)
    return keras.Model(image, layers.Dense(1, name="judge_dense", dtype="float32")(x), name="whole")


def _down_stage(side: int, channels: int, width: int) -> keras.Model:
    """(side, side, channels) → (⌈side/2⌉, ⌈side/2⌉, width)."""
    name = f"down_{side}"
    x = keras.Input((side, side, channels))
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    skip = projection(layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x))
    branch = conv(width, 4, f"{name}_conv", strides=2)(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    branch = zero_conv(width, f"{name}_residual")(branch)
    stage = keras.Model(x, layers.Add(name=f"{name}_add")([skip, branch]), name=name)
    pass_channels_through(projection)
    return stage


def _detail() -> keras.Model:
    """Windows (N, H, W, 1) → what a binomial blur of 9 pixels takes away, amplified, in [-1, 1]."""
    image = keras.Input((None, None, 1))
    amplify = layers.Conv2D(
        1, 9, use_bias=False, trainable=False, activation="tanh", dtype="float32", name="detail_conv"
    )
    detail = keras.Model(image, amplify(image), name="detail")
    binomial = np.poly1d([0.5, 0.5]) ** 8
    blur = np.outer(binomial.c, binomial.c)
    centre = np.zeros((9, 9))
    centre[4, 4] = 1
    amplify.kernel.assign(_DETAIL_GAIN * (centre - blur)[:, :, None, None])
    return detail


def _patches(widths: tuple[int, ...]) -> keras.Model:
    """Detail of windows (N, H, W, 1) → logits of places (N, P)."""
    x = image = keras.Input((None, None, 1))
    for number, width in enumerate(widths):
        x = conv(width, 4, f"texture_down_{number}", strides=2)(x)
        x = layers.LeakyReLU(_SLOPE, name=f"texture_down_relu_{number}")(x)
    x = conv(widths[-1], 3, "texture_conv")(x)
    x = layers.LeakyReLU(_SLOPE, name="texture_relu")(x)
    x = layers.Conv2D(1, 3, padding="same", dtype="float32", name="texture_logits")(x)
    return keras.Model(image, layers.Reshape((-1,), name="texture_places")(x), name="patches")
