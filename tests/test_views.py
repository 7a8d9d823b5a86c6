"""What the discriminator is shown: whole images, and windows in which both kinds show the same place."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from image_generating.config import RECIPES
from image_generating.gan import GAN
from image_generating.networks import judges
from image_generating.views import views

BATCH = 2
# Windows of this are a part of it: of 112 pixels on the last grid, 96.
SIDE = 448


@pytest.fixture(scope="module")
def gan(tiny_recipe):
    gan = GAN(tiny_recipe.replace(network=tiny_recipe.network.replace(resolution=SIDE)), BATCH)
    # Untrained, the anatomy is flat: give it an image to recognize windows by.
    bias = gan.generator.get_layer("anatomy").get_layer("atlas_28").get_layer("atlas_28_dense").bias
    bias.assign(np.random.default_rng(2).standard_normal(bias.shape))
    return gan


@pytest.fixture(scope="module")
def latents(gan):
    return np.random.default_rng(0).standard_normal((BATCH, gan.recipe.network.latent), np.float32)


def _reals(side):
    return keras.ops.convert_to_tensor(
        np.random.default_rng(1).uniform(-1, 1, (BATCH, side, side, 1)).astype("float32")
    )


def test_classic_shows_images_whole():
    recipe = RECIPES["classic"]
    gan = GAN(recipe.replace(network=recipe.network.replace(resolution=56)), BATCH)
    latents, reals = np.ones((BATCH, 100), np.float32), _reals(56)
    (view,) = views(gan, latents, reals)
    assert view.whole
    np.testing.assert_array_equal(view.reals, reals)
    # In training, dropout aside, batch statistics are those of the same batch.
    np.testing.assert_allclose(view.fakes, gan.generator(latents, training=True), atol=1e-5)


def test_below_full_resolution_there_is_structure_alone(tiny_recipe):
    gan = GAN(tiny_recipe, BATCH, 28)
    latents = np.ones((BATCH, tiny_recipe.network.latent), np.float32)
    (view,) = views(gan, latents, _reals(28))
    # A grid smaller than a window is shown whole, without the rim that has no detail.
    detail, _ = judges.judge(gan.discriminator, "structure")
    np.testing.assert_allclose(view.reals, detail(_reals(28)), atol=1e-5)
    np.testing.assert_allclose(view.fakes, detail(gan.generator(latents)), atol=1e-5)


def test_structure_is_judged_in_the_same_window_of_radiographs_and_generated_images(gan, latents):
    view, _ = views(gan, latents, _reals(SIDE))
    assert view.reals.shape == view.fakes.shape == (BATCH, 92, 92, 2)
    assert not view.whole
    anatomy, structure, _ = gan.generator.layers
    reduced = keras.ops.average_pool(_reals(SIDE), 4)
    # Untrained, the stage adds nothing.
    made = structure(anatomy(latents))[..., :1]
    offsets = range(0, 112 - 96 + 1, 4)
    places = _places(gan, "structure", reduced, view.reals, offsets, 96)
    assert len(places) == 1
    assert places == _places(gan, "structure", made, view.fakes, offsets, 96)


def test_texture_is_judged_in_a_window_that_the_last_stage_makes_of_the_radiograph_reduced(gan, latents):
    _, view = views(gan, latents, _reals(SIDE))
    assert view.reals.shape == view.fakes.shape == (BATCH, 120, 120, 2)
    anatomy, _, synthesis = gan.generator.layers
    reduced = keras.ops.average_pool(_reals(SIDE), 4)
    restored = synthesis(keras.ops.concatenate([reduced, anatomy(latents)[..., 3:]], axis=-1))
    offsets = range(20, SIDE - 128 - 20 + 1, 4)
    places = _places(gan, "texture", _reals(SIDE), view.reals, offsets, 128)
    assert len(places) == 1
    assert places == _places(gan, "texture", restored, view.fakes, offsets, 128)


def _places(gan, name, images, shown, offsets, side):
    """Where windows of `side` of the images look like what is shown."""
    detail, _ = judges.judge(gan.discriminator, name)
    return [
        (top, left)
        for top in offsets
        for left in offsets
        if np.allclose(detail(images[:, top : top + side, left : left + side]), shown, atol=1e-4)
    ]


def test_each_stage_learns_from_its_own_judge_alone(gan, latents):
    weights = gan.generator.trainable_variables
    last = [variable.path.startswith("synthesis") for variable in weights]
    with tf.GradientTape(persistent=True) as tape:
        losses = [tf.reduce_sum(tf.square(view.fakes)) for view in views(gan, latents, _reals(SIDE))]
    of_structure, of_texture = (
        [gradient is not None for gradient in tape.gradient(loss, [v.value for v in weights])]
        for loss in losses
    )
    assert of_texture == last
    assert of_structure == [not each for each in last]
