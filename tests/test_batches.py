import numpy as np
import pytest

from image_generating import data
from image_generating.config import DataConfig
from image_generating.data.batches import Aligned, Batches


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
    aligned = Aligned(np.array([1, 4, 7]), latents, markers, 16)
    (batch,) = Batches(phantoms, 2, 64, seed=0, step=5, aligned=aligned)[0]
    assert batch["images"].shape == (2, 64, 64)
    for image, latent in zip(batch["aligned"], batch["latents"], strict=True):
        which = aligned.indices[np.flatnonzero((latents == latent).all(axis=1))]
        np.testing.assert_array_equal(image, phantoms.reduced(which, 16)[0])
    np.testing.assert_array_equal(batch["markers"], batch["latents"] / 10)
