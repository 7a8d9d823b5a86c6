import numpy as np
import pytest

from image_generating import data
from image_generating.config import DataConfig
from image_generating.data.batches import Batches


@pytest.fixture
def phantoms():
    return data.load(DataConfig(data="phantom", images=10, resolution=64))


def test_a_pass_shows_every_image_and_fills_the_last_batch(phantoms):
    batches = Batches(phantoms, 4, 64, seed=0)
    assert batches.steps_per_epoch == 3
    shown = np.concatenate([batches.indices(step) for step in range(3)])
    assert len(shown) == 12
    assert set(shown[:10]) == set(range(10))
    assert not np.array_equal(shown, np.concatenate([batches.indices(step) for step in range(3, 6)]))


def test_batches_larger_than_the_data_set_are_filled(phantoms):
    assert Batches(phantoms, 25, 64, seed=0).indices(7).shape == (25,)


def test_starting_at_a_step_continues_the_sequence(phantoms):
    whole, late = Batches(phantoms, 4, 32, seed=3), Batches(phantoms, 4, 32, seed=3, step=2)
    np.testing.assert_array_equal(late[0][0], whole[2][0])
    np.testing.assert_array_equal(late[1][0], whole[3][0])
    assert late[0][0].shape == (4, 32, 32)
    assert late[0][0].dtype == np.uint8
