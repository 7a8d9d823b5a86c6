"""Bending an image: the default generator's way to make bodies of different shapes.

Written with built-in layers and `keras.ops`, whose calls a functional model stores, so that an exported
network loads where this package is not installed.
"""

import keras
from keras import ops

from image_generating.networks.blocks import enlarge


def bending(base: int, side: int, channels: int) -> keras.Model:
    """Features (N, side, side, C) and displacements (N, base, base, 2) → features (N, side, side, C).

    The result at a place is what the features are at that place plus its displacement (down, right), in
    pixels of the base grid, sampled bilinearly (Jaderberg et al. 2015, "Spatial Transformer Networks").
    """
    features = keras.Input((side, side, channels))
    displacements = keras.Input((base, base, 2), dtype="float32")
    factor = side // base
    flow = factor * enlarge(f"bend_{side}_enlarge", factor)(displacements)
    rows, columns = (flow[..., axis - 1] + _indices(flow[..., 0], axis) for axis in (1, 2))
    return keras.Model([features, displacements], sampled(features, rows, columns), name=f"bend_{side}")


def sampled(features, rows, columns):
    """Features (N, S, S, C) at rows and columns (N, …), bilinearly; beyond the border those at it."""
    side, channels = features.shape[2:]
    top, down = _neighbors(rows, side)
    left, right = _neighbors(columns, side)
    # Rows of one long table are what backends gather, and scatter gradients to, at once.
    table = ops.reshape(features, (-1, channels))
    number = _indices(rows[:, :1, :1], axis=0)
    corner = ops.cast(number, "int32") * side**2 + top * side + left
    upper = _mixed(ops.take(table, corner, axis=0), ops.take(table, corner + 1, axis=0), right)
    lower = _mixed(ops.take(table, corner + side, axis=0), ops.take(table, corner + side + 1, axis=0), right)
    return _mixed(upper, lower, down)


def places(base: int, side: int) -> keras.Model:
    """Displacements (N, base, base, 2) → where bending takes each place from, (N, side, side, 2) in [-1, 1].

    They may lie beyond, where bending samples the border.
    """
    displacements = keras.Input((base, base, 2), dtype="float32")
    origin = [displacements[..., axis - 1] + _indices(displacements[..., 0], axis) for axis in (1, 2)]
    place = (ops.stack(origin, axis=-1) + 0.5) * (2 / base) - 1
    return keras.Model(displacements, enlarge("places_enlarge", side // base)(place), name="places")


def _indices(like, axis: int):
    """0, 1, 2, … along an axis; a functional model would not store a constant array as it is."""
    return ops.cumsum(ops.ones_like(like), axis=axis) - 1


def _neighbors(place, side: int):
    """The pixel before a place, which has one behind it, and the share of the way to that one."""
    place = ops.clip(place, 0, side - 1)
    before = ops.clip(ops.floor(place), 0, side - 2)
    return ops.cast(before, "int32"), ops.expand_dims(place - before, -1)


def _mixed(first, second, share):
    return first + share * (second - first)
