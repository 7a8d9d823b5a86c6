import math

import keras
import numpy as np
import pytest

from image_generating.losses import gradient_penalty, non_saturating, relativistic


def test_both_players_are_at_ln_2_when_nothing_can_be_told_apart():
    logits = np.full((4, 1), 0.7, "float32")
    for loss in relativistic(logits, logits):
        assert float(loss) == pytest.approx(math.log(2))
    zeros = np.zeros((4, 1), "float32")
    discriminator, generator = non_saturating(zeros, zeros)
    assert float(discriminator) == pytest.approx(2 * math.log(2))
    assert float(generator) == pytest.approx(math.log(2))


def test_relativistic_loss_is_blind_to_a_common_shift():
    random = np.random.default_rng(0)
    real, fake = random.standard_normal((2, 8, 1)).astype("float32")
    np.testing.assert_allclose(relativistic(real, fake), relativistic(real + 5, fake + 5), rtol=1e-5)
    discriminator, generator = relativistic(np.full((1, 1), 9.0), np.full((1, 1), -9.0))
    assert float(discriminator) < 1e-6
    assert float(generator) == pytest.approx(18, rel=1e-3)


def test_penalty_tends_to_the_squared_gradient_norm():
    """Of D(x) = w·x + 0.1 Σ sin x the gradient is known: w + 0.1 cos x."""
    random = np.random.default_rng(0)
    weights = random.standard_normal((6, 6, 1)).astype("float32")
    images = np.repeat(random.standard_normal((1, 6, 6, 1)).astype("float32"), 20_000, axis=0)

    def discriminator(x):
        terms = weights * x + 0.1 * keras.ops.sin(x)
        return keras.ops.sum(terms, axis=(1, 2, 3), keepdims=False)[:, None]

    noise = random.standard_normal(images.shape).astype("float32")
    estimate = gradient_penalty(discriminator, images, discriminator(images), noise, sigma=0.01)
    exact = np.sum((weights + 0.1 * np.cos(images[0])) ** 2)
    # The relative error of n samples of a squared Gaussian is √(2/n) = 1 %.
    assert float(estimate) == pytest.approx(exact, rel=0.05)
