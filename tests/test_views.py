"""What the discriminator is shown: whole images, and windows in which both kinds show the same place."""

import keras
import numpy as np
import pytest

from image_generating.config import RECIPES
from image_generating.gan import GAN
from image_generating.views import views

BATCH = 2


def _views(recipe, side, grown_to=None):
    gan = GAN(recipe, BATCH, grown_to)
    latents = np.random.default_rng(0).standard_normal((BATCH, recipe.network.latent), np.float32)
    rows = np.linspace(-1, 1, side, dtype="float32")
    reals = keras.ops.convert_to_tensor(np.tile(rows[:, None], (BATCH, 1, side))[..., None])
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


def test_at_full_resolution_a_window_is_cut_from_the_same_image(tiny_recipe):
    network = tiny_recipe.network.replace(resolution=224, generator_widths=(8, 8, 8))
    gan, latents, _, (whole, window) = _views(tiny_recipe.replace(network=network), 224)
    assert whole.reals.shape == whole.fakes.shape == (BATCH, 56, 56, 1)
    assert window.reals.shape == window.fakes.shape == (BATCH, 128, 128, 1)
    assert not window.whole
    # The real window tells by its gray values where it is.
    step = 2 / 223
    top = round((float(window.reals[0, 0, 0, 0]) + 1) / step)
    assert 16 <= top <= 224 - 128 - 16
    image = np.asarray(gan.generator(latents))
    columns = range(16, 224 - 128 - 16 + 1, 4)
    differences = [
        np.abs(image[:, top : top + 128, left : left + 128] - window.fakes).max() for left in columns
    ]
    assert min(differences) < 1e-4
