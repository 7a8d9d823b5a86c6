import numpy as np
import pytest
from scenes import scenes

from image_generating.metrics import similarity
from image_generating.metrics.estimate import Incomputable


@pytest.mark.parametrize("side", [176, 201])
def test_it_is_the_ms_ssim_of_tensorflow(side):
    tf = pytest.importorskip("tensorflow")
    x, y = scenes(2, side)
    near = np.clip(x + np.random.default_rng(0).normal(0, 20, x.shape), 0, 255).astype(np.uint8)

    for other in (y, near):
        expected = tf.image.ssim_multiscale(x[..., None], other[..., None], 255).numpy()
        assert similarity.ms_ssim(x, other) == pytest.approx(expected, abs=1e-4)


def test_equal_images_are_one_and_opposite_ones_are_zero():
    image = scenes(1, 64)[0]

    assert similarity.ms_ssim(image, image) == pytest.approx(1)
    assert similarity.ms_ssim(image, 255 - image) == 0


def test_two_flat_images_by_hand():
    # Only the luminance term differs from 1, and with one scale its weight is 1.
    luminance = (2 * 100 * 150 + 2.55**2) / (100**2 + 150**2 + 2.55**2)

    value = similarity.ms_ssim(np.full((16, 16), 100, np.uint8), np.full((16, 16), 150, np.uint8))

    assert value == pytest.approx(luminance, abs=1e-5)


def test_mean_over_all_pairs_of_few_images():
    images = scenes(3, 64)

    estimate = similarity.mean_pairwise(images)

    pairs = [similarity.ms_ssim(images[i], images[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert estimate.value == pytest.approx(np.mean(pairs))
    assert estimate.low is None


def test_a_repeated_image_is_alike_and_the_range_holds_the_mean_of_all_pairs():
    images = scenes(20, 32)
    some, every = similarity.mean_pairwise(images, pairs=60), similarity.mean_pairwise(images, pairs=190)

    assert some.low < every.value < some.high
    assert similarity.mean_pairwise(images[[0] * 5]).value == pytest.approx(1)


def test_what_cannot_be_compared():
    with pytest.raises(Incomputable, match="at least 2 images, there are 1"):
        similarity.mean_pairwise(scenes(1, 32))
    with pytest.raises(Incomputable, match="at least 11 pixels a side, there are 8"):
        similarity.mean_pairwise(scenes(2, 8))
