"""The default discriminator: a judge of structure on the last grid and one of texture at full resolution.

Each gives a logit for every place from what is around it, 62 to 140 pixels of its grid (Isola et al. 2017,
"PatchGAN"). Few images have many places, and since nothing depends on the rest of the image, a training
step can make and judge one window of each image.

Both are shown the image's **detail** amplified, beside the image itself. Without that they learn it late
or never: what a 9 pixel blur takes away from a radiograph with gray values of [-1, 1] has a standard
deviation of 0.02 to 0.03, which is less than the noise that the gradient penalty makes a judge blind to.
"""

import keras
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.blocks import binomial, conv
from image_generating.networks.grids import REDUCTION, grids

# Of the blur that detail is what it takes away, and what brings detail to a standard deviation of 0.2 to 0.5.
_BLURS = {"structure": (5, 4.0), "texture": (9, 20.0)}
_SLOPE = 0.2


def discriminator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Images (N, resolution, resolution, 1) → logits (N, 1).

    Args:
        config: the network's settings.
        resolution: the full one, where both judge, or a quarter of it, for the judge of structure alone.
    """
    shape = (resolution, resolution, 1)
    image = keras.Input(shape)
    if resolution == grids(config.resolution)[-1]:
        reduced = layers.AveragePooling2D(REDUCTION, name="reduce")(image)
        logits = [
            _mean_logit("structure", config.structure_judge_widths, reduced),
            _mean_logit("texture", config.texture_judge_widths, image),
        ]
        logit = layers.Average(name="both")(logits)
    else:
        logit = _mean_logit("structure", config.structure_judge_widths, image)
    return keras.Sequential(
        [keras.Input(shape), keras.Model(image, logit, name="judges")], name="discriminator"
    )


def judge(network: keras.Sequential, name: str) -> tuple[keras.Model, keras.Model]:
    """The parts of a discriminator that are called `structure` or `texture`.

    Returns:
        A model of windows (N, H, W, 1) → their middle and its detail (N, H − b, W − b, 2), and one of those
        → logits of places (N, P).
    """
    judges = network.get_layer("judges")
    return judges.get_layer(f"{name}_detail"), judges.get_layer(name)


def _mean_logit(name: str, widths: tuple[int, ...], image):
    logits = _places(name, widths)(_detail(name)(image))
    return ops.mean(logits, axis=1, keepdims=True)


def _detail(name: str) -> keras.Model:
    """Windows (N, H, W, 1) → their middle and its amplified detail in [-1, 1]."""
    taps, gain = _BLURS[name]
    image = keras.Input((None, None, 1))
    high_pass = layers.Conv2D(
        1, taps, use_bias=False, trainable=False, activation="tanh", dtype="float32", name=f"{name}_high_pass"
    )
    rim = taps // 2
    both = layers.Concatenate(dtype="float32", name=f"{name}_both")(
        [image[:, rim:-rim, rim:-rim], high_pass(image)]
    )
    model = keras.Model(image, both, name=f"{name}_detail")
    kernel = -binomial(taps)
    kernel[rim, rim] += 1
    high_pass.kernel.assign(gain * kernel[:, :, None, None])
    return model


def _places(name: str, widths: tuple[int, ...]) -> keras.Model:
    """Detail of windows (N, H, W, 2) → logits of places (N, P)."""
    x = image = keras.Input((None, None, 2))
    for number, width in enumerate(widths):
        x = conv(width, 4, f"{name}_down_{number}", strides=2)(x)
        x = layers.LeakyReLU(_SLOPE, name=f"{name}_down_relu_{number}")(x)
    x = conv(widths[-1], 3, f"{name}_conv")(x)
    x = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(x)
    x = layers.Conv2D(1, 3, padding="same", dtype="float32", name=f"{name}_logits")(x)
    return keras.Model(image, layers.Reshape((-1,), name=f"{name}_places")(x), name=name)
