"""The first guess of a generator: images with the mean and the covariance of the training images."""

import numpy as np

from image_generating import principal
from image_generating.data import load
from image_generating.networks import build_generator


def test_components_give_back_mean_and_covariance():
    random = np.random.default_rng(0)
    images = random.standard_normal((50, 3)) @ random.standard_normal((3, 12)) + 5
    mean, components = principal.principal_components(images, 4)
    np.testing.assert_allclose(mean, images.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(components.T @ components, np.cov(images.T, bias=True), atol=1e-4)
    # Three directions are all there are.
    np.testing.assert_allclose(components[3], 0, atol=1e-5)


def test_fewer_images_than_components_leave_the_rest_at_zero():
    _, components = principal.principal_components(np.eye(3), 8)
    assert components.shape == (8, 3)
    np.testing.assert_array_equal(components[3:], 0)


def test_a_new_generator_makes_blurred_training_images(tiny_training, tiny_recipe):
    dataset = load(tiny_training)
    generator = build_generator(tiny_recipe.network, 28)
    principal.initialize(generator, dataset)
    real = dataset.reduced(np.arange(len(dataset)), 14) / 127.5 - 1
    latents = np.random.default_rng(0).standard_normal((500, tiny_recipe.network.latent), np.float32)
    made = np.asarray(generator(latents))[..., 0]
    made = made.reshape(500, 14, 2, 14, 2).mean(axis=(2, 4))
    # Bilinear enlargement smooths a little.
    assert np.abs(made.mean(axis=0) - real.mean(axis=0)).mean() < 0.05
    assert 0.7 < made.std(axis=0).mean() / real.std(axis=0).mean() < 1.1
