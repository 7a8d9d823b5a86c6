"""Where a radiograph has its side marker, the letter that tells right from left.

A marker is in one place of an image and nowhere else. A stage that sees a part of the image at a time
cannot know whether there is one already; without being told, it drew none, one or two, all of them broken.
"""

import keras
import numpy as np
from keras import layers, ops

# A spot, and the same times how far down and how far right of its middle a place is.
MARKER_MAPS = 3
# Places to choose from, and how far from them, as shares of the side, a marker may be.
PLACES = 64
_SPREAD = 0.01
# The standard deviation of the spot that marks the place, as a share of the side: half a marker's height.
_REACH = 0.02


def marker(side: int, latent: int) -> keras.Model:
    """Latents (N, latent) → maps of the marker (N, side, side, MARKER_MAPS), as `spot` makes them.

    The latent's direction chooses one of the places by fixed random weights.
    """
    z = keras.Input((latent,))
    fixed = {"use_bias": False, "trainable": False}
    direction = layers.UnitNormalization(name="marker_direction")(z)
    unit = keras.initializers.RandomNormal(stddev=1.0)
    scores = layers.Dense(PLACES, kernel_initializer=unit, name="marker_scores", **fixed)(direction)
    chosen = ops.one_hot(ops.argmax(scores, axis=-1), PLACES)
    middle = keras.initializers.Constant(0.5)
    place = layers.Dense(2, kernel_initializer=middle, name="marker_places", **fixed)(chosen)
    near = keras.initializers.RandomNormal(stddev=_SPREAD)
    place = place + layers.Dense(2, kernel_initializer=near, name="marker_spread", **fixed)(direction)
    return keras.Model(z, spot(place, side), name="marker")


def spot(places, side: int):
    """Places (N, 2), down and right as shares of the side → maps (N, side, side, MARKER_MAPS).

    The first is 1 at the place and 0 afar. With it alone, letters came out ragged: it is flat in the middle,
    and does not tell a stroke how far beside it to be. The others do.
    """
    down, right = (_away(places[:, axis : axis + 1], side) for axis in (0, 1))
    down, right = down[:, :, None], right[:, None, :]
    # Not of the sum of squares: Keras' sum of two such tensors does not broadcast when N is 1.
    near = _fall(down) * _fall(right)
    return ops.stack([near, near * down, near * right], axis=-1)


def set_places(part: keras.Model, measured: np.ndarray) -> None:
    """Gives `marker` the places to choose from: 64 of those measured (A, 2), evenly spread."""
    chosen = np.linspace(0, len(measured) - 1, PLACES).round().astype(int)
    part.get_layer("marker_places").set_weights([measured[chosen]])


def _fall(distance):
    return ops.exp(-ops.square(distance) / 2)


def _away(place, side: int):
    """How far beyond a place (N, 1) each pixel along a side is, in deviations of the spot, (N, side)."""
    repeated = ops.repeat(place, side, axis=1)
    # A functional model would not store a constant array as it is.
    pixels = (ops.cumsum(ops.ones_like(repeated), axis=1) - 0.5) / side
    return (pixels - repeated) / _REACH
