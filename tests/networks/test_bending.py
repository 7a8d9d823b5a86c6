"""The layer-free spatial transformer, against SciPy."""

import keras
import numpy as np
import pytest
from scipy import ndimage

from image_generating.networks.bending import bending, places

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_features_are_sampled_at_displaced_places(factor):
    side, batch = 6 * factor, 3
    features = RANDOM.standard_normal((batch, side, side, 2)).astype("float32")
    displacements = RANDOM.standard_normal((batch, 6, 6, 2)).astype("float32")
    bent = np.asarray(bending(6, side, 2)([features, displacements]))
    enlarged = displacements
    if factor > 1:
        enlarged = np.asarray(keras.layers.UpSampling2D(factor, interpolation="bilinear")(displacements))
    places = np.indices((side, side)) + factor * np.moveaxis(enlarged, -1, 1)
    for image, place, found in zip(features, places, bent, strict=True):
        for channel in range(2):
            expected = ndimage.map_coordinates(image[..., channel], place, order=1, mode="nearest")
            np.testing.assert_allclose(found[..., channel], expected, atol=1e-4)


def test_no_displacement_changes_nothing():
    features = RANDOM.standard_normal((2, 8, 8, 3)).astype("float32")
    bent = bending(4, 8, 3)([features, np.zeros((2, 4, 4, 2), "float32")])
    np.testing.assert_allclose(bent, features, atol=1e-6)


def test_gradients_reach_features_and_displacements():
    import tensorflow as tf

    features = tf.constant(RANDOM.standard_normal((1, 8, 8, 1)).astype("float32"))
    displacements = tf.Variable(0.3 * np.ones((1, 4, 4, 2), "float32"))
    model = bending(4, 8, 1)

    def loss(moved):
        return tf.reduce_sum(model([features, moved]) ** 2)

    with tf.GradientTape() as tape:
        tape.watch(features)
        value = loss(displacements.value())
    gradient = tape.gradient(value, features)
    assert np.count_nonzero(gradient) > 32
    with tf.GradientTape() as tape:
        value = loss(displacements)
    gradient = np.asarray(tf.convert_to_tensor(tape.gradient(value, displacements)))
    step = np.zeros((1, 4, 4, 2), "float32")
    step[0, 1, 2, 0] = 1e-2
    slope = (loss(displacements + step) - loss(displacements - step)) / 2e-2
    assert gradient[0, 1, 2, 0] == pytest.approx(float(slope), rel=0.02)


def test_places_say_where_bending_takes_from():
    """An image that holds its own coordinates is bent into the places."""
    displacements = 0.4 * RANDOM.standard_normal((2, 6, 6, 2)).astype("float32")
    coordinates = (np.moveaxis(np.indices((12, 12)), 0, -1)[None] + 0.5) / 6 - 1
    coordinates = np.repeat(coordinates, 2, axis=0).astype("float32")
    bent = np.asarray(bending(6, 12, 2)([coordinates, displacements]))
    found = np.asarray(places(6, 12)(displacements))
    # At the border bending repeats the border, and the places go on.
    np.testing.assert_allclose(found[:, 3:-3, 3:-3], bent[:, 3:-3, 3:-3], atol=1e-4)
