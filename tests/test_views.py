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


def _views(recipe, side, grown_to=None):
    gan = GAN(recipe, BATCH, grown_to)
    latents = np.random.default_rng(0).standard_normal((BATCH, recipe.network.latent), np.float32)
    noise = np.random.default_rng(1).uniform(-1, 1, (BATCH, side, side, 1)).astype("float32")
    reals = keras.ops.convert_to_tensor(noise)
    return gan, latents, reals, views(gan, latents, reals)


@pytest.mark.parametrize("preset", ["residual", "classic"])
def test_below_full_resolution_and_for_classic_images_are_shown_whole(preset, tiny_recipe):
    recipe = tiny_recipe
    if preset == "classic":
        recipe = RECIPES["classic"]
        recipe = recipe.replace(network=recipe.network.replace(resolution=56))
    side = 28 if preset == "residual" else 56
    gan, latents, reals, (view,) = _views(recipe, side, side)
    assert view.whole
    np.testing.assert_array_equal(view.reals, reals)
    np.testing.assert_allclose(view.fakes, gan.generator(latents, training=True), atol=1e-6)


def _full_resolution(tiny_recipe):
    network = tiny_recipe.network.replace(resolution=224, generator_widths=(8, 8, 8))
    return tiny_recipe.replace(network=network)


def test_at_full_resolution_a_window_meets_what_the_last_stage_makes_of_it_reduced(tiny_recipe):
    gan, latents, reals, (whole, window) = _views(_full_resolution(tiny_recipe), 224)
    assert whole.reals.shape == whole.fakes.shape == (BATCH, 56, 56, 1)
    assert window.reals.shape == window.fakes.shape == (BATCH, 120, 120, 2)
    assert not window.whole
    detail = judges.judge(gan.discriminator, "detail")
    anatomy, synthesis = gan.generator.layers
    reduced = keras.ops.average_pool(reals, 4)
    restored = synthesis(keras.ops.concatenate([reduced, anatomy(latents)[..., 1:]], axis=-1))
    real, fake = (np.asarray(detail(images)) for images in (reals, restored))
    offsets = range(20, 224 - 128 - 20 + 1, 4)
    matches = [
        (top, left)
        for top in offsets
        for left in offsets
        if np.allclose(real[:, top : top + 120, left : left + 120], window.reals, atol=1e-4)
    ]
    assert len(matches) == 1
    (top, left) = matches[0]
    np.testing.assert_allclose(fake[:, top : top + 120, left : left + 120], window.fakes, atol=1e-4)


def test_texture_moves_the_last_stage_alone_and_anatomy_all_the_others(tiny_recipe):
    gan = GAN(_full_resolution(tiny_recipe), BATCH)
    latents = np.random.default_rng(0).standard_normal((BATCH, gan.recipe.network.latent), np.float32)
    reals = np.zeros((BATCH, 224, 224, 1), np.float32)
    weights = gan.generator.trainable_variables
    last = [variable.path.startswith("synthesis") for variable in weights]
    with tf.GradientTape(persistent=True) as tape:
        whole, window = views(gan, latents, reals)
        losses = [tf.reduce_sum(tf.square(view.fakes)) for view in (whole, window)]
    of_anatomy, of_texture = (
        [gradient is not None for gradient in tape.gradient(loss, [v.value for v in weights])]
        for loss in losses
    )
    assert of_texture == last
    assert of_anatomy == [not each for each in last]
