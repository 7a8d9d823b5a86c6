"""What the discriminator is shown: whole images, and windows in which both kinds show the same place."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from image_generating.config import RECIPES
from image_generating.gan import GAN
from image_generating.networks import judges
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.views import _places as drawn_places
from image_generating.views import views

BATCH = 2
# Windows of this are a part of it: of 128 pixels on the last grid, 96.
SIDE = 512


@pytest.fixture(scope="module")
def gan(tiny_recipe):
    gan = GAN(tiny_recipe.replace(network=tiny_recipe.network.replace(resolution=SIDE)), BATCH)
    # Untrained, the anatomy is flat: give it an image to recognize windows by.
    bias = gan.generator.get_layer("anatomy").get_layer("atlas_16").get_layer("atlas_16_dense").bias
    bias.assign(np.random.default_rng(2).standard_normal(bias.shape))
    return gan


def _batch(gan, side):
    random = np.random.default_rng(1)
    grid = gan.recipe.network.resolution // 4
    return {
        "images": random.integers(0, 256, (BATCH, side, side), dtype="uint8"),
        "aligned": random.integers(0, 256, (BATCH, grid, grid), dtype="uint8"),
        "sections": np.tile(np.eye(2, 3, dtype="float32"), (BATCH, 1, 1)),
        "latents": random.standard_normal((BATCH, gan.recipe.network.latent), np.float32),
        "markers": random.uniform(0.2, 0.8, (BATCH, 2)).astype("float32"),
    }


def _gray(images):
    return images[..., None].astype("float32") / 127.5 - 1


def test_classic_shows_images_whole():
    recipe = RECIPES["classic"]
    gan = GAN(recipe.replace(network=recipe.network.replace(resolution=56)), BATCH)
    batch = _batch(gan, 56)
    (view,) = views(gan, {"images": batch["images"]})
    assert view.whole
    np.testing.assert_allclose(view.reals, _gray(batch["images"]), atol=1e-6)
    assert view.fakes.shape == (BATCH, 56, 56, 1)
    assert np.std(view.fakes) > 0


def test_below_full_resolution_there_is_structure_alone(tiny_recipe):
    gan = GAN(tiny_recipe, BATCH, 28)
    batch = _batch(gan, 28)
    (view,) = views(gan, batch)
    # A grid smaller than a window is shown whole, less the rim that has no detail.
    detail, _ = judges.judge(gan.discriminator, "structure")
    np.testing.assert_allclose(view.fakes, detail(gan.generator(batch["latents"])), atol=1e-5)
    assert view.reals.shape == (BATCH, 24, 24, 2)


def test_structure_is_judged_in_the_same_window_of_radiographs_and_of_an_anatomy(gan):
    batch = _batch(gan, SIDE)
    # Of a step whose window has something to be recognized by.
    view = _judged_structure(gan, batch, step=3)
    # Less the rim that has no detail.
    assert view.reals.shape == view.fakes.shape == (BATCH, 92, 92, 2)
    assert not view.whole
    anatomy, structure, _ = gan.generator.layers
    # Untrained, the stage adds nothing.
    made = np.asarray(structure(anatomy(batch["latents"]))[..., :1])
    offsets = range(0, 128 - 96 + 1, 4)
    (place,) = _places(gan, "structure", made, view.fakes, offsets, 96)
    top, left = (start + 2 for start in place)
    shown = _gray(batch["aligned"])[:, top : top + 92, left : left + 92, 0]
    difference = np.asarray(view.reals[..., 0]) - shown
    # What is fine is the radiograph's, what is coarse the anatomy's.
    assert difference.std() > 0.05
    smooth = ndimage.gaussian_filter(difference, (0, 1.5, 1.5))
    np.testing.assert_allclose(smooth[:, 8:-8, 8:-8], difference[:, 8:-8, 8:-8], atol=0.12)
    both = [np.asarray(images[..., 0]) for images in (view.reals, view.fakes)]
    coarse = [ndimage.gaussian_filter(images, (0, 12, 12))[:, 20:-20, 20:-20] for images in both]
    np.testing.assert_allclose(*coarse, atol=0.06)
    assert np.std(coarse[1]) > 0.12


def test_of_a_section_the_anatomy_is_shown_too(gan):
    batch = _batch(gan, SIDE)
    section = np.array([[0.75, 0, 0.125], [0, 0.5, -0.25]], np.float32)
    anatomy = gan.generator.layers[0]
    known = np.asarray(anatomy(batch["latents"]))[..., 0]
    # The lower three quarters, and the left half, with what is beside them for the outermost pixels.
    rows, columns = 32 + 0.75 * (np.arange(128) + 0.5) - 0.5, 0.5 * (np.arange(128) + 0.5) - 0.5
    grid = np.meshgrid(rows, columns, indexing="ij")
    expected = np.stack([ndimage.map_coordinates(image, grid, order=1, mode="nearest") for image in known])
    expected = expected[..., None]
    # Untrained, the stage adds nothing; the same place and marker each time.
    shown = _judged_structure(gan, batch | {"sections": np.tile(section, (BATCH, 1, 1))}).fakes
    (place,) = _places(gan, "structure", expected, shown, range(0, 33, 4), 96)
    assert place


def test_structure_is_told_where_the_radiograph_has_its_marker(gan):
    drawing = gan.generator.get_layer("structure").get_layer("structure_drawing")
    before = drawing.get_weights()
    random = np.random.default_rng(0)
    drawing.set_weights([0.1 * random.standard_normal(weight.shape) for weight in before])
    batch = _batch(gan, SIDE)
    markers = [np.full((BATCH, 2), place, np.float32) for place in (0.5, 0.5, 5.0)]
    shown = [_judged_structure(gan, batch | {"markers": places}) for places in markers]
    drawing.set_weights(before)
    np.testing.assert_array_equal(shown[0].fakes, shown[1].fakes)
    np.testing.assert_array_equal(shown[0].reals, shown[2].reals)
    # The last has its marker far outside.
    assert np.abs(shown[0].fakes - shown[2].fakes).max() > 0.001


def _judged_structure(gan, batch, step=0):
    """The view of structure, at the same place and with the same grain each time."""
    gan.step.assign(step)
    gan.begin_step()
    return views(gan, batch)[0]


def test_texture_is_judged_in_a_window_that_the_last_stage_makes_of_the_radiograph_reduced(gan):
    batch = _batch(gan, SIDE)
    _, view = views(gan, batch)
    assert view.reals.shape == view.fakes.shape == (BATCH, 120, 120, 2)
    synthesis = gan.generator.layers[-1]
    images = _gray(batch["images"])
    reduced = keras.ops.average_pool(images, 4)
    # Untrained, the stage makes nothing of the grain.
    restored = synthesis(
        np.concatenate([reduced, np.zeros((BATCH, 128, 128, GRAIN_MAPS), "float32")], axis=-1)
    )
    offsets = range(0, SIDE - 128 + 1, 4)
    places = _places(gan, "texture", images, view.reals, offsets, 128)
    assert len(places) == 1
    assert places == _places(gan, "texture", restored, view.fakes, offsets, 128)


def test_the_border_is_shown_as_often_as_the_middle(gan):
    side, window, draws = 50, 24, 600
    shown = np.zeros(side)
    for _ in range(draws):
        top, left = (int(start) for start in drawn_places(gan, side, window))
        assert 0 <= top <= side - window
        shown[top : top + window] += 0.5 / draws
        shown[left : left + window] += 0.5 / draws
    border, middle = shown[[0, -1]].mean(), shown[24:26].mean()
    # Windows that merely fit show the border in 1 of 27.
    assert border == pytest.approx(1 / 3, abs=0.05)
    assert middle == pytest.approx(1 / 3, abs=0.05)


def _places(gan, name, images, shown, offsets, side):
    """Where windows of `side` of the images look like what is shown, image and detail."""
    detail, _ = judges.judge(gan.discriminator, name)
    images, shown = np.asarray(images), np.asarray(shown)
    rim = (side - shown.shape[1]) // 2
    found = []
    for top, left in itertools.product(offsets, offsets):
        window = images[:, top : top + side, left : left + side]
        # Cheap first: there are thousands of places.
        if np.allclose(window[:, rim:-rim, rim:-rim, 0], shown[..., 0], atol=1e-4):
            np.testing.assert_allclose(detail(window), shown, atol=1e-3)
            found.append((top, left))
    return found


def test_each_stage_learns_from_its_own_judge_alone(gan):
    weights = gan.generator.trainable_variables
    last = [variable.path.startswith("synthesis") for variable in weights]
    with tf.GradientTape(persistent=True) as tape:
        losses = [tf.reduce_sum(tf.square(view.fakes)) for view in views(gan, _batch(gan, SIDE))]
    of_structure, of_texture = (
        [gradient is not None for gradient in tape.gradient(loss, [v.value for v in weights])]
        for loss in losses
    )
    assert of_texture == last
    assert of_structure == [not each for each in last]


def test_structure_is_judged_otherwise_once_it_has_settled(gan):
    recipe = gan.recipe
    first = recipe.penalty_gamma, recipe.pixel_weight
    later = recipe.settled_penalty_gamma, recipe.settled_pixel_weight
    assert first != later
    images = int(1000 * recipe.settled_kimg)
    for seen, expected in ((images - 1, first), (images, later)):
        gan.images_seen.assign(seen)
        view, _ = views(gan, _batch(gan, SIDE))
        found = float(view.penalty_gamma), float(view.pixel_weights[0])
        assert found == pytest.approx(expected)
    gan.images_seen.assign(0)


def test_texture_alone_is_judged_once_structure_has_had_its_phase(tiny_recipe):
    recipe = tiny_recipe.replace(growth=((4, 0.5), (1, 0.5)))
    gan = GAN(recipe, BATCH)
    (view,) = views(gan, _batch(gan, 112))
    assert view.pixel_weights == (recipe.texture_pixel_weight, recipe.texture_half_pixel_weight)
    trained = [variable.path for variable in gan.trainable_variables]
    assert trained
    assert all(path.startswith(("synthesis", "texture")) for path in trained)
    whole = [variable.path for variable in GAN(tiny_recipe, BATCH).trainable_variables]
    assert any(path.startswith("structure") for path in whole)
