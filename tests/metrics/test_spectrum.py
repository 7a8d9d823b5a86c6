import numpy as np
import pytest
from scenes import scenes
from scipy.ndimage import gaussian_filter

from image_generating.metrics import spectrum


def curves(images):
    typical, total = zip(*map(spectrum.radial, images), strict=True)
    return np.stack(typical), np.stack(total)


def test_white_noise_is_flat_at_its_variance():
    noise = np.random.default_rng(0).normal(128, 20, (8, 128, 128)).clip(0, 255)

    typical, total = curves(noise)

    expected = 10 * np.log10((20 / 255) ** 2)
    assert total.mean(axis=0)[4:] == pytest.approx(expected, abs=1)
    # The logarithm of the power of noise is 2.5 dB below its mean (Euler's constant).
    assert (total - typical).mean() == pytest.approx(10 * np.euler_gamma / np.log(10), abs=0.1)


def test_half_the_contrast_is_six_decibels():
    images = scenes(4).astype(float)

    assert spectrum.difference(curves(128 + (images - 128) / 2)[0], curves(images)[0]) == pytest.approx(
        20 * np.log10(2), abs=0.1
    )


def test_equal_sets_differ_by_nothing_and_like_sets_by_little():
    one, other = curves(scenes(20, seed=0))[0], curves(scenes(20, seed=1))[0]

    assert spectrum.difference(one, one) == 0
    assert spectrum.difference(one, other) < 0.7


def test_blur_and_noise_have_opposite_signs():
    images = scenes(6)
    real = curves(images)[0]
    blurred = np.stack([gaussian_filter(image.astype(float), 1.5) for image in images])
    noisy = images + np.random.default_rng(0).normal(0, 10, images.shape)

    assert spectrum.fine_difference(curves(blurred)[0], real) < -3
    assert spectrum.fine_difference(curves(noisy)[0], real) > 3


@pytest.mark.parametrize("step", [2, 4, 8])
def test_a_faint_grid_stands_out(step):
    images = scenes(12).astype(float)
    real, other = (np.stack(curves(part), axis=1) for part in (images[:6], images[6:]))
    # Each of its waves has an amplitude of a gray level or two.
    images[:, ::step, ::step] += step**2
    with_grid = np.stack(curves(images[6:]), axis=1)

    assert spectrum.grid(with_grid, real) > 3
    assert spectrum.grid(other, real) < 1.5


def test_noise_and_blur_are_no_grid():
    images = scenes(6).astype(float)
    noisy = images + np.random.default_rng(0).normal(0, 10, images.shape)
    blurred = np.stack([gaussian_filter(image, 2) for image in images])
    blurred[:, ::4, ::4] += 1

    real = np.stack(curves(images), axis=1)

    assert spectrum.grid(np.stack(curves(noisy), axis=1), real) < 1.5
    assert spectrum.grid(np.stack(curves(blurred), axis=1), real) < 1.5


@pytest.mark.parametrize("side", [16, 33, 100])
def test_any_size_and_flat_images_give_finite_numbers(side):
    typical, total = spectrum.radial(np.full((side, side), 77, np.uint8))

    assert typical.shape == total.shape == (side // 2,)
    assert np.isfinite([typical, total]).all()
