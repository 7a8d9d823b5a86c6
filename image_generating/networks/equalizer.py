"""A fixed filter behind a stage: it makes the stage's images as strong at every fineness as radiographs.

What a generator draws is fainter at some frequencies than what it was trained on, and stronger at others
(Durall et al. 2020, "Watch Your Up-Convolution"). How much is measured after training (`calibration.py`).
"""

import math

import keras
import numpy as np
from keras import layers

from image_generating.networks.blocks import mirrored

_TAPS = 9
# Pixels of a row that one application of the kernel makes, as channels: a convolution from one channel to one
# takes ten times as long on a CPU.
_MOST_AT_ONCE = 8
# Directions in which the kernel is fitted; those of the other seven eighths follow by symmetry.
_ANGLES = np.linspace(0, np.pi / 4, 7)
# In decibels. What would need more is not for a filter to mend; what is amplified most are waves of two
# pixels, which would show as a mesh.
_MOST_AMPLIFIED, _MOST_ATTENUATED = 2.0, 6.0
# Of the equation that brightness stays as it is, among hundreds for the frequencies.
_WEIGHT_OF_BRIGHTNESS = 1e3


def equalizer(side: int, name: str) -> keras.Model:
    """Images (side, side, 1) → the same, as it passes everything until `set_gains`."""
    image = keras.Input((side, side, 1), dtype="float32")
    at_once = math.gcd(side, _MOST_AT_ONCE)
    filtering = layers.Conv2D(
        at_once,
        (_TAPS, _TAPS + at_once - 1),
        strides=(1, at_once),
        use_bias=False,
        trainable=False,
        dtype="float32",
        name=f"{name}_filter",
    )
    filtered = filtering(mirrored(image, _TAPS // 2, _TAPS // 2))
    filtered = layers.Reshape((side, side, 1), dtype="float32", name=f"{name}_rows")(filtered)
    part = keras.Model(image, filtered, name=name)
    identity = np.zeros((_TAPS, _TAPS))
    identity[_TAPS // 2, _TAPS // 2] = 1
    _set_kernel(part, identity)
    return part


def set_gains(part: keras.Model, gains: np.ndarray) -> None:
    """Sets how much an equalizer amplifies.

    Args:
        part: an `equalizer`.
        gains: in dB, (F,), of 1/F … 1 of the finest frequency, alike in all directions; above 2 they count
            as 2, below -6 as -6. Brightness stays as it is.
    """
    _set_kernel(part, _kernel(gains))


def _set_kernel(part: keras.Model, kernel: np.ndarray) -> None:
    variable = part.get_layer(f"{part.name}_filter").kernel
    shifted = np.zeros(variable.shape)
    for pixel in range(variable.shape[-1]):
        shifted[:, pixel : pixel + _TAPS, 0, pixel] = kernel
    variable.assign(shifted)


def _kernel(gains: np.ndarray) -> np.ndarray:
    """The symmetric kernel (_TAPS, _TAPS) whose gains are nearest, by least squares."""
    gains = np.clip(gains, -_MOST_ATTENUATED, _MOST_AMPLIFIED)
    fineness = np.arange(1, len(gains) + 1) / len(gains)
    down, right = (np.pi * np.outer(turn(_ANGLES), fineness).ravel() for turn in (np.cos, np.sin))
    reach = _TAPS // 2
    waves = [
        (p, q, np.cos(p * down) * np.cos(q * right) + np.cos(q * down) * np.cos(p * right))
        for p in range(reach + 1)
        for q in range(p + 1)
    ]
    equations = np.stack([wave for _, _, wave in waves], axis=-1)
    brightness = np.full((1, len(waves)), 2 * _WEIGHT_OF_BRIGHTNESS)
    wanted = np.append(np.tile(10 ** (gains / 20), len(_ANGLES)), _WEIGHT_OF_BRIGHTNESS)
    weights, *_ = np.linalg.lstsq(np.concatenate([equations, brightness]), wanted, rcond=None)
    kernel = np.zeros((_TAPS, _TAPS))
    for (p, q, _), weight in zip(waves, weights, strict=True):
        # Of eight places, some of which may be one.
        for down_sign in (-1, 1):
            for right_sign in (-1, 1):
                for d, r in ((p, q), (q, p)):
                    kernel[reach + down_sign * d, reach + right_sign * r] += weight / 4
    return kernel / kernel.sum()
