"""Registration: bent copies of one image fall on each other again."""

import numpy as np
import pytest
from scipy import ndimage

from image_generating.alignment import align

SIDE = 48
ROWS, COLUMNS = np.indices((SIDE, SIDE), dtype=np.float32)


def _chest() -> np.ndarray:
    """An ellipse with bars, gray values of [-1, 1]."""
    body = ((ROWS - 24) / 20) ** 2 + ((COLUMNS - 24) / 16) ** 2 < 1
    return ndimage.gaussian_filter(np.where(body, 0.3 + 0.5 * np.sin(ROWS), -1.0), 0.7).astype(np.float32)


@pytest.fixture(scope="module")
def bent():
    """Displacements (N, 2, SIDE, SIDE) of smooth random waves, and the chest bent by them."""
    random = np.random.default_rng(0)
    noise = random.standard_normal((10, 2, SIDE, SIDE))
    flows = ndimage.gaussian_filter(noise, (0, 0, 8, 8))
    flows *= 2 / flows.std()
    chest = _chest()
    places = np.stack([ROWS, COLUMNS]) + flows
    return flows, np.stack([ndimage.map_coordinates(chest, p, order=1, mode="nearest") for p in places])


def test_aligned_images_agree_and_their_average_is_sharp(bent):
    _, images = bent
    alignment = align(images, (12, 24, 48))
    assert alignment.images.shape == images.shape
    assert alignment.displacements.shape == (10, 12, 12, 2)
    assert np.var(alignment.images, axis=0).mean() < 0.3 * np.var(images, axis=0).mean()

    def contrast(image):
        return np.abs(np.diff(image[16:32, 24])).mean()

    assert contrast(alignment.images.mean(axis=0)) > 1.5 * contrast(images.mean(axis=0))


def test_displacements_say_where_the_average_shows_what_an_image_shows(bent):
    flows, images = bent
    found = align(images, (12, 24)).displacements
    true = flows - flows.mean(axis=0)
    true = true.reshape(10, 2, 12, 4, 12, 4).mean(axis=(3, 5)).transpose(0, 2, 3, 1) / 4
    inside = np.s_[:, 4:8, 4:8]
    assert np.corrcoef(found[inside].ravel(), true[inside].ravel())[0, 1] > 0.7


def test_equal_images_stay_where_they_are():
    images = np.stack([_chest()] * 3)
    alignment = align(images, (12, 24))
    np.testing.assert_allclose(alignment.displacements, 0, atol=1e-3)
    np.testing.assert_allclose(alignment.images, images, atol=0.02)


def test_constant_images_do_no_harm():
    alignment = align(np.zeros((2, 24, 24), np.float32), (12,))
    np.testing.assert_allclose(alignment.images, 0, atol=1e-6)


def test_the_same_images_are_aligned_in_the_same_way(bent):
    """Threads finish in any order; a training that starts from it must not depend on that."""
    first, second = (align(bent[1], (12,)) for _ in range(2))
    np.testing.assert_array_equal(first.displacements, second.displacements)
