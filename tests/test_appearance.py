"""The first guess of a generator: chests with the shapes and gray values of the training images."""

import keras
import numpy as np

from image_generating import appearance
from image_generating.alignment import Alignment, align
from image_generating.data import load
from image_generating.networks import build_generator

_MARKERS = np.full((50, 2), 0.5, np.float32)


def _alignment(count: int = 50) -> Alignment:
    """Shapes and images that are two, and only two, linear functions of hidden numbers."""
    random = np.random.default_rng(0)
    hidden = random.standard_normal((count, 2))
    shapes = np.tensordot(hidden, random.standard_normal((2, 3, 3, 2)), axes=1) + 1
    images = np.tensordot(hidden, random.standard_normal((2, 6, 6)), axes=1) + 5
    return Alignment(shapes, images)


def test_components_give_back_mean_and_covariance_of_shapes_and_images():
    alignment = _alignment()
    model = appearance.principal_appearance(alignment, 4, _MARKERS)
    for found, given in ((model.shapes, alignment.displacements), (model.images, alignment.images)):
        rows, values = found.reshape(5, -1), given.reshape(50, -1)
        np.testing.assert_allclose(rows[0], values.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(rows[1:].T @ rows[1:], np.cov(values.T, bias=True), atol=1e-4)
        # Two directions are all there are.
        np.testing.assert_allclose(rows[3:], 0, atol=1e-4)


def test_latents_of_the_images_give_their_shapes_and_gray_values_back():
    alignment = _alignment()
    model = appearance.principal_appearance(alignment, 2, _MARKERS)
    for found, given in ((model.shapes, alignment.displacements), (model.images, alignment.images)):
        np.testing.assert_allclose(
            found[0] + np.tensordot(model.latents, found[1:], axes=1), given, atol=1e-3
        )
    np.testing.assert_allclose(model.latents.std(axis=0), 1, rtol=1e-4)


def test_fewer_images_than_components_leave_the_rest_at_zero():
    model = appearance.principal_appearance(_alignment(3), 8, _MARKERS[:3])
    assert model.images.shape == (9, 6, 6)
    np.testing.assert_array_equal(model.images[4:], 0)


def test_images_that_are_all_equal_are_allowed():
    same = Alignment(np.zeros((4, 3, 3, 2)), np.ones((4, 6, 6)))
    model = appearance.principal_appearance(same, 2, _MARKERS[:4])
    np.testing.assert_array_equal(model.images[0], 1)
    np.testing.assert_array_equal(model.images[1:], 0)


def test_the_model_is_made_once_and_read_again(tiny_training, tiny_recipe, tmp_path, monkeypatch):
    dataset, path = load(tiny_training), tmp_path / "appearance.npz"
    made = appearance.appearance(path, dataset, tiny_recipe.network, progress=False)
    monkeypatch.setattr(appearance, "align", lambda *_: 1 / 0)
    read = appearance.appearance(path, dataset, tiny_recipe.network, progress=False)
    np.testing.assert_array_equal(read.images, made.images)
    np.testing.assert_array_equal(read.shapes, made.shapes)
    np.testing.assert_array_equal(read.latents, made.latents)
    np.testing.assert_array_equal(read.markers, made.markers)
    assert made.shapes.shape == (1 + tiny_recipe.network.latent, 14, 14, 2)


def test_a_new_generator_makes_sharper_images_than_the_average(tiny_training, tiny_recipe, tmp_path):
    dataset = load(tiny_training)
    generator = build_generator(tiny_recipe.network, 28)
    model = appearance.appearance(tmp_path / "appearance.npz", dataset, tiny_recipe.network, progress=False)
    appearance.initialize(generator, model)
    real = dataset.reduced(np.arange(len(dataset)), 28) / 127.5 - 1
    latents = np.random.default_rng(0).standard_normal((300, tiny_recipe.network.latent), np.float32)
    made = np.asarray(generator(latents))[..., 0]
    assert np.abs(made.mean(axis=0) - real.mean(axis=0)).mean() < 0.1
    deviation = made.std(axis=0).mean()
    assert 0.6 < deviation / real.std(axis=0).mean() < 1.2
    assert _sharpness(made).mean() > 1.2 * _sharpness(real.mean(axis=0)[None])[0]


def test_gray_spread_lengthens_components_of_gray_values_and_of_nothing_else(
    tiny_training, tiny_recipe, tmp_path
):
    path, network = tmp_path / "appearance.npz", tiny_recipe.network
    model = appearance.appearance(path, load(tiny_training), network, progress=False)
    plain, spread = (build_generator(network, 28).get_layer("anatomy") for _ in range(2))
    # Random, but for what is measured.
    spread.set_weights(plain.get_weights())
    for anatomy, factor in ((plain, 1.0), (spread, 1.5)):
        appearance.initialize(keras.Sequential([anatomy]), model, factor)
    pairs = zip(plain.weights, spread.weights, strict=True)
    measured = [pair for pair in pairs if pair[0].path.startswith(("atlas_", "shape_", "marker_"))]
    assert len(measured) == 9
    for weight, longer in measured:
        factor = 1.5 if weight.path.startswith("atlas_") and weight.path.endswith("kernel") else 1.0
        np.testing.assert_allclose(longer, factor * np.asarray(weight), rtol=1e-4, atol=1e-6)
        assert np.abs(weight).max() > 0


def test_the_latent_zero_is_the_bent_average_of_the_aligned_images(tiny_training, tiny_recipe):
    """The image is put together again from what each grid adds to the one before."""
    images = load(tiny_training).reduced(np.arange(12), 28).astype(np.float32) / 127.5 - 1
    alignment = align(images, (14,))
    model = appearance.principal_appearance(alignment, tiny_recipe.network.latent, _MARKERS[:12])
    np.testing.assert_allclose(model.shapes[0], 0, atol=0.05)
    generator = build_generator(tiny_recipe.network, 28)
    appearance.initialize(generator, model)
    image = np.asarray(generator(np.zeros((1, tiny_recipe.network.latent), np.float32)))[0, ..., 0]
    assert np.abs(image - alignment.images.mean(axis=0)).mean() < 0.01


def test_what_is_blacker_than_black_is_cut_off(tiny_training, tiny_recipe, tmp_path):
    model = appearance.appearance(
        tmp_path / "appearance.npz", load(tiny_training), tiny_recipe.network, progress=False
    )
    assert model.images[0].min() < -1.2
    generator = build_generator(tiny_recipe.network, 28)
    appearance.initialize(generator, model)
    known = np.asarray(generator.layers[0](np.zeros((1, tiny_recipe.network.latent), np.float32)))
    assert known[..., 0].min() == -1


def _sharpness(images) -> np.ndarray:
    return np.abs(np.diff(images, axis=1)).mean(axis=(1, 2))
