import numpy as np
import pytest
from scipy.spatial.distance import cdist

from image_generating.metrics import neighbors


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(neighbors, "BLOCK", 7)


def test_nearest_agrees_with_all_distances():
    random = np.random.default_rng(0)
    x, y = random.normal(5, 1, (30, 4)), random.normal(5, 1, (20, 4))

    distances, rows = neighbors.nearest(x, y, 3)

    every = cdist(x, y)
    np.testing.assert_allclose(distances, np.sort(every, axis=1)[:, :3])
    np.testing.assert_array_equal(rows, np.argsort(every, axis=1)[:, :3])


def test_a_point_is_not_its_own_neighbor_but_its_double_is():
    x = np.array([[0.0], [3.0], [3.0], [7.0]])

    distances, rows = neighbors.nearest(x, x, same=True)

    np.testing.assert_allclose(distances[:, 0], [3, 0, 0, 4])
    assert (rows[1, 0], rows[2, 0]) == (2, 1)


def test_small_distances_far_from_the_origin_are_kept():
    y = np.random.default_rng(0).normal(1e3, 1, (50, 2048)).astype(np.float32)

    distances, _ = neighbors.nearest(y, y)

    assert distances.max() < 1e-3


def test_within_counts_points_and_balls():
    of_points, of_balls = neighbors.within(
        np.array([[0.0], [1.0], [9.0]]), np.array([[0.5], [2.0]]), np.array([0.6, 1.1])
    )

    assert of_points.tolist() == [1, 2, 0]
    assert of_balls.tolist() == [2, 1]
