import numpy as np
import pytest

from image_generating.metrics import twosample
from image_generating.metrics.estimate import Incomputable


def test_area_counts_pairs_in_the_right_order():
    positive, negative = np.array([3.0, 1.0, 2.0]), np.array([0.0, 2.0])

    # 3>0, 3>2, 1>0, 2>0 and a tie of 2 with 2, of six pairs.
    assert twosample.area(positive, negative) == pytest.approx(4.5 / 6)


@pytest.mark.parametrize(("n", "m"), [(9, 50), (50, 50), (9, 9)])
def test_same_source_is_chance(n, m):
    random = np.random.default_rng(0)
    areas = [
        twosample.auc(random.normal(size=(n, 64)), random.normal(size=(m, 64)), seed=seed)
        for seed in range(40)
    ]

    assert np.mean(areas) == pytest.approx(0.5, abs=0.06)


def test_nine_images_of_another_source_are_told_apart():
    random = np.random.default_rng(0)
    generated, real = random.normal(size=(9, 64)), random.normal(size=(50, 64))
    generated[:, 3] += 6

    assert twosample.auc(generated, real) > 0.9


@pytest.mark.parametrize("dimension", [10, 300])
def test_the_probe_solves_its_ridge_regression(dimension):
    random = np.random.default_rng(0)
    positive, negative = random.normal(1, 1, (20, dimension)), random.normal(0, 1, (30, dimension))
    x = np.concatenate([positive, negative])
    x = (x - x.mean(0)) / x.std(0) / np.sqrt(dimension)
    y = np.r_[np.full(20, 50 / 20), np.full(30, -50 / 30)]

    scores = twosample.fit(positive, negative)(np.concatenate([positive, negative])) / np.sqrt(dimension)

    # At the minimum of |xw − y|² + λ|w|² the gradient vanishes.
    weights = np.linalg.lstsq(x, scores, rcond=None)[0]
    np.testing.assert_allclose(x.T @ (scores - y) + twosample.RIDGE * weights, 0, atol=1e-8)


def test_a_feature_that_never_varied_is_ignored():
    random = np.random.default_rng(0)
    generated, real = random.normal(size=(20, 8)), random.normal(size=(20, 8))
    generated[:, 0] = real[:, 0] = 7

    assert 0 <= twosample.auc(generated, real) <= 1


def test_three_images_are_too_few():
    with pytest.raises(Incomputable, match="at least 4 images"):
        twosample.auc(np.zeros((3, 2)), np.zeros((9, 2)))
