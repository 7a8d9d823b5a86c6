import numpy as np
import pytest
from scipy import ndimage

from image_generating import data
from image_generating.config import DataConfig
from image_generating.data.batches import Batches
from image_generating.data.sections import in_sections


@pytest.fixture
def phantoms():
    return data.load(DataConfig(data="phantom", images=10, resolution=64))


def test_a_pass_shows_every_image_and_fills_the_last_batch(phantoms):
    batches = Batches(phantoms, 4, 64, seed=0)
    assert batches.steps_per_epoch == 3
    shown = np.concatenate([batches.indices(step, 10) for step in range(3)])
    assert len(shown) == 12
    assert set(shown[:10]) == set(range(10))
    assert not np.array_equal(shown, np.concatenate([batches.indices(step, 10) for step in range(3, 6)]))


def test_batches_larger_than_the_data_set_are_filled(phantoms):
    assert Batches(phantoms, 25, 64, seed=0)[7][0]["images"].shape[:1] == (25,)


def test_starting_at_a_step_continues_the_sequence(phantoms):
    whole, late = Batches(phantoms, 4, 32, seed=3), Batches(phantoms, 4, 32, seed=3, step=2)
    for index in (0, 1):
        (early,), (continued,) = whole[2 + index], late[index]
        np.testing.assert_array_equal(continued["images"], early["images"])
    assert continued["images"].shape == (4, 32, 32)
    assert continued["images"].dtype == np.uint8


def test_aligned_images_come_with_their_latents_and_markers(phantoms):
    latents = np.arange(6, dtype=np.float32).reshape(3, 2)
    markers = latents / 10
    which = np.array([1, 4, 7])
    aligned = in_sections(phantoms, which, latents, markers, 16, count=1, seed=0)
    (batch,) = Batches(phantoms, 2, 64, seed=0, step=5, aligned=aligned)[0]
    assert batch["images"].shape == (2, 64, 64)
    for image, latent in zip(batch["aligned"], batch["latents"], strict=True):
        own = which[np.flatnonzero((latents == latent).all(axis=1))]
        np.testing.assert_array_equal(image, phantoms.reduced(own, 16)[0])
    np.testing.assert_allclose(batch["markers"], batch["latents"] / 10, atol=1e-6)
    (low,) = Batches(phantoms, 2, 16, seed=0, step=5, aligned=aligned)[0]
    assert "images" not in low
    np.testing.assert_array_equal(low["aligned"], batch["aligned"])


def test_sections_are_what_their_matrices_say(phantoms):
    markers = np.full((2, 2), (0.4, 0.55), np.float32)
    aligned = in_sections(phantoms, [3, 5], np.zeros((2, 2), np.float32), markers, 64, count=9, seed=1)
    places = np.indices((64, 64)).reshape(2, -1) / 64 + 0.5 / 64 - 0.5
    for index, images, sections in zip([3, 5], aligned.images, aligned.sections, strict=True):
        np.testing.assert_array_equal(sections[0], np.eye(2, 3))
        np.testing.assert_array_equal(images[0], phantoms.images[index])
        for image, section in zip(images[1:], sections[1:], strict=True):
            assert np.abs(section[:, :2]).sum(axis=1).max() <= 1 + 1e-6
            origin = section[:, :2] @ places + section[:, 2:]
            # Inside the whole, up to rounding.
            assert np.abs(origin).max() < 0.501
            expected = ndimage.map_coordinates(
                phantoms.images[index].astype(float), (origin + 0.5) * 64 - 0.5, order=1, mode="nearest"
            )
            difference = np.abs(image.ravel() - expected)[64:-64]
            assert np.median(difference) <= 2
            assert difference.mean() < 4
    found = (aligned.sections[..., :2] @ (aligned.markers - 0.5)[..., None])[..., 0] + aligned.sections[
        ..., 2
    ]
    np.testing.assert_allclose(found + 0.5, np.broadcast_to(markers[:, None], found.shape), atol=1e-5)


def test_sections_are_drawn_anew_in_every_step_and_the_whole_often(phantoms):
    latents = np.arange(3, dtype=np.float32)[:, None]
    aligned = in_sections(phantoms, [0, 1, 2], latents, np.full((3, 2), 0.5, np.float32), 16, 4, seed=0)
    batches = Batches(phantoms, 3, 16, seed=0, aligned=aligned)
    sections = np.concatenate([batches[step][0]["sections"] for step in range(100)])
    whole = (sections == np.eye(2, 3)).all(axis=(1, 2)).mean()
    assert 0.4 < whole < 0.6
    assert len(np.unique(sections, axis=0)) == 1 + 3 * 3
