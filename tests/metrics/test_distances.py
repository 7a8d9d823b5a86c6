import numpy as np
import pytest
from scipy.linalg import sqrtm

from image_generating.metrics import distances
from image_generating.metrics.estimate import Incomputable


def sets(n, m, dimension=6, shift=0.0, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(shift, 1, (n, dimension)), random.normal(0, 1, (m, dimension))


def test_kid_is_the_textbook_formula():
    x, y = sets(7, 5)

    def kernel(a, b):
        return (a @ b / 6 + 1) ** 3

    within_x = np.mean([kernel(x[i], x[j]) for i in range(7) for j in range(7) if i != j])
    within_y = np.mean([kernel(y[i], y[j]) for i in range(5) for j in range(5) if i != j])
    between = np.mean([kernel(a, b) for a in x for b in y])

    assert distances.kid(x, y).value == pytest.approx(within_x + within_y - 2 * between)


def test_kid_of_two_points_by_hand():
    x, y = np.array([[1.0], [1.0]]), np.array([[0.0], [0.0]])

    # Kernels: 8 within x, 1 within y, 1 between.
    estimate = distances.kid(x, y)

    assert estimate.value == pytest.approx(8 + 1 - 2)
    assert estimate.low is None


def test_kid_is_unbiased():
    values = [distances.kid(*sets(8, 12, seed=seed)).value for seed in range(300)]

    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error


@pytest.mark.parametrize("shift", [0.0, 0.2])
def test_the_range_of_kid_mostly_holds_the_truth(shift, monkeypatch):
    monkeypatch.setattr(distances, "BOOTSTRAP", 200)
    truth = distances.kid(*sets(2000, 2000, 64, shift, seed=999)).value
    estimates = [distances.kid(*sets(50, 50, 64, shift, seed=seed), seed=seed) for seed in range(40)]

    assert np.mean([e.low <= truth <= e.high for e in estimates]) >= 0.9


def test_the_range_of_kid_is_wider_for_fewer_images():
    x, y = sets(100, 100)

    few, all_of_them = distances.kid(x, y, size=9), distances.kid(x, y)

    assert few.value == all_of_them.value
    assert few.high - few.low > 2 * (all_of_them.high - all_of_them.low)


def test_kid_of_large_sets_uses_a_subset(monkeypatch):
    x, y = sets(300, 300, shift=1)
    whole = distances.kid(x, y)
    monkeypatch.setattr(distances, "KERNEL_IMAGES", 100)

    part = distances.kid(x, y, size=300)

    assert part.low < whole.value < part.high


@pytest.mark.parametrize(("n", "m"), [(50, 40), (5, 40), (4, 3), (50, 5)])
def test_fid_is_the_matrix_square_root_formula(n, m):
    x, y = sets(n, m, shift=0.5)
    covariance_x, covariance_y = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    # A little is added where the covariances are singular and the square root has no derivative.
    root = sqrtm(covariance_x @ covariance_y + 1e-12 * np.eye(6)).real
    expected = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(covariance_x + covariance_y - 2 * root)

    assert distances.fid(x, y) == pytest.approx(expected, abs=1e-4)


def test_fid_of_a_shift_is_its_square():
    x, _ = sets(30, 2)

    assert distances.fid(x + 2, x) == pytest.approx(4 * 6)


def test_fid_of_a_scaling_by_hand():
    x = np.array([[-1.0], [1.0]])

    # Standard deviations √2 and 3√2: FID is the square of their difference.
    assert distances.fid(3 * x, x) == pytest.approx((2 * np.sqrt(2)) ** 2)


@pytest.mark.parametrize("measure", [distances.kid, distances.fid])
def test_one_image_is_too_few(measure):
    with pytest.raises(Incomputable, match="at least 2 images, there are 1"):
        measure(*sets(1, 5))
