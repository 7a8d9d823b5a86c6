"""The default discriminator: it judges the image as a whole, and at full resolution also by patches.

The **whole** is seen on the last grid, at most a quarter of the full resolution, by residual stages that
mirror the generator's. Each stage sees the image on its own grid, and the features of the finer stages,
which are shut out when the finer stage is added: a judge of a lower resolution is contained in a higher
one (input skips: Karras et al. 2020, "StyleGAN2"). The **patches** are windows of full resolution, for
texture: each logit sees 62 pixels (Isola et al. 2017, "PatchGAN"). Nothing in that judge depends on the
image around, so that a training step can make and judge one window of each image.

Both are shown the image's **detail** amplified, beside the image itself. Without that they learn it late
or never: what a 9 pixel blur takes away from a radiograph with gray values of [-1, 1] has a standard
deviation of 0.02 to 0.03, which is less than the noise that the gradient penalty makes a judge blind to.
"""

import keras
import numpy as np
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.blocks import conv, pass_channels_through, zero_conv
from image_generating.networks.grids import grids
from image_generating.networks.synthesis import REDUCTION

# Bring the detail of radiographs to a standard deviation of 0.2 to 0.5: of coarse grids, of full resolution.
_GAIN, _FINE_GAIN = 5.0, 20.0
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

    Or `detail`, which makes of a window (N, H, W, 1) its middle and the detail of it (N, H − 8, W − 8, 2).
    """
    return network.get_layer("judges").get_layer(name)


def _whole(config: NetworkConfig, resolution: int) -> keras.Model:
    """Images (N, resolution, resolution, 1) → logits (N, 1)."""
    widths = dict(zip(grids(config.resolution), config.discriminator_widths, strict=False))
    sides = [side for side in reversed(widths) if side <= resolution]
    coarser = [*(widths[side] for side in sides[1:]), config.discriminator_deep_widths[0]]
    image = reduced = keras.Input((resolution, resolution, 1))
    x, channels = None, 0
    for side, width in zip(sides, coarser, strict=True):
        if x is not None:
            reduced = layers.AveragePooling2D(2, name=f"reduce_{2 * side}")(reduced)
        seen = _seen(side)(reduced)
        x = _down_stage(side, width, 2, channels)([seen] if x is None else [seen, x])
        channels = width
    side = -(-sides[-1] // 2)
    for width in config.discriminator_deep_widths[1:]:
        x = _down_stage(side, width, 0, channels)([x])
        side, channels = -(-side // 2), width
    x = layers.LeakyReLU(_SLOPE, name="judge_relu")(conv(channels, 3, "judge_conv")(x))
    x = layers.Flatten(name="judge_flatten")(x)
    return keras.Model(image, layers.Dense(1, name="judge_dense", dtype="float32")(x), name="whole")


def _seen(side: int) -> keras.Model:
    """Images (side, side, 1) → images and their amplified detail (side, side, 2)."""
    image = keras.Input((side, side, 1))
    bordered = ops.pad(image, [(0, 0), (2, 2), (2, 2), (0, 0)], mode="reflect")
    detail = _high_pass(5, _GAIN, f"seen_{side}_detail")(bordered)
    both = layers.Concatenate(name=f"seen_{side}_both")([image, detail])
    return keras.Model(image, both, name=f"seen_{side}")


def _down_stage(side: int, width: int, seen: int, features: int) -> keras.Model:
    """What is seen on a grid and the finer stage's features there → features (⌈side/2⌉, ⌈side/2⌉, width).

    `seen` and `features` are the channels of the two inputs (side, side, …), 0 where there is none.
    """
    name = f"down_{side}"
    inputs = [keras.Input((side, side, channels)) for channels in (seen, features) if channels]
    halves = []
    if seen:
        halves.append(_halve(inputs[0], width, f"{name}_seen"))
    if features:
        # A stage that was the finest has judged without them until now.
        halves.append(_halve(inputs[-1], width, name, closed=bool(seen)))
    branches, skips = zip(*halves, strict=True)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(_sum(branches, f"{name}_sum"))
    residual = zero_conv(width, f"{name}_residual")(branch)
    return keras.Model(inputs, _sum([*skips, residual], f"{name}_add"), name=name)


def _halve(x, width: int, name: str, closed: bool = False):
    """A grid at half the side, for the residual branch and for the skip path; if closed, zero at first."""
    strided = conv(width, 4, f"{name}_conv", strides=2)
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    branch, skip = strided(x), projection(layers.AveragePooling2D(2, padding="same", name=f"{name}_pool")(x))
    if closed:
        for layer in (strided, projection):
            layer.kernel.assign(np.zeros(layer.kernel.shape))
    else:
        pass_channels_through(projection)
    return branch, skip


def _sum(terms, name: str):
    return layers.Add(name=name)(terms) if len(terms) > 1 else terms[0]


def _detail() -> keras.Model:
    """Windows (N, H, W, 1) → their middle and its amplified detail (N, H − 8, W − 8, 2)."""
    image = keras.Input((None, None, 1))
    middle, detail = image[:, 4:-4, 4:-4], _high_pass(9, _FINE_GAIN, "detail_conv")(image)
    return keras.Model(image, layers.Concatenate(name="detail_and_image")([middle, detail]), name="detail")


def _high_pass(taps: int, gain: float, name: str) -> layers.Conv2D:
    """What a binomial blur takes away, amplified, in [-1, 1]."""
    high_pass = layers.Conv2D(
        1, taps, use_bias=False, trainable=False, activation="tanh", dtype="float32", name=name
    )
    high_pass.build((None, None, None, 1))
    binomial = (np.poly1d([0.5, 0.5]) ** (taps - 1)).c
    kernel = -np.outer(binomial, binomial)
    kernel[taps // 2, taps // 2] += 1
    high_pass.kernel.assign(gain * kernel[:, :, None, None])
    return high_pass


def _patches(widths: tuple[int, ...]) -> keras.Model:
    """Detail of windows (N, H, W, 1) → logits of places (N, P)."""
    x = image = keras.Input((None, None, 2))
    for number, width in enumerate(widths):
        x = conv(width, 4, f"texture_down_{number}", strides=2)(x)
        x = layers.LeakyReLU(_SLOPE, name=f"texture_down_relu_{number}")(x)
    x = conv(widths[-1], 3, "texture_conv")(x)
    x = layers.LeakyReLU(_SLOPE, name="texture_relu")(x)
    x = layers.Conv2D(1, 3, padding="same", dtype="float32", name="texture_logits")(x)
    return keras.Model(image, layers.Reshape((-1,), name="texture_places")(x), name="patches")
