import numpy as np
import pytest
from scipy.spatial.distance import cdist

from image_generating.metrics import manifold
from image_generating.metrics.estimate import Incomputable


def formulas(generated, real, k):
    """The definitions of the papers (as in `prdc`), from all distances."""

    def radius(s):
        return np.sort(cdist(s, s), axis=1)[:, k]

    between = cdist(real, generated)
    in_real = between <= radius(real)[:, None]
    in_generated = between <= radius(generated)[None]
    return {
        "precision": in_real.any(axis=0).mean(),
        "recall": in_generated.any(axis=1).mean(),
        "density": in_real.sum(axis=0).mean() / k,
        "coverage": (between.min(axis=1) <= radius(real)).mean(),
    }


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("shift", [0, 1.5])
def test_the_four_agree_with_their_definitions(k, shift):
    random = np.random.default_rng(0)
    generated, real = random.normal(shift, 1, (60, 3)), random.normal(0, 1, (45, 3))

    for name, expected in formulas(generated, real, k).items():
        assert getattr(manifold, name)(generated, real, k) == pytest.approx(expected), name


def test_by_hand():
    real = np.array([[0.0], [1.0], [2.0], [10.0]])
    generated = np.array([[0.4], [0.6], [5.0], [30.0]])

    # With k = 1 the balls around real images reach 1, 1, 1 and 8: 0.4, 0.6 and 5 are inside.
    assert manifold.precision(generated, real, 1) == 3 / 4
    # 0.4 is in the balls of 0 and 1; 0.6 in those of 0, 1; 5 in that of 10; 30 in none.
    assert manifold.density(generated, real, 1) == 5 / 4
    # The ball of 2 reaches 1 to 3 and holds none.
    assert manifold.coverage(generated, real, 1) == 3 / 4
    # Balls around generated images: 0.2, 0.2, 4.4 and 25 wide: 1, 2 are in the third, 10 in the last.
    assert manifold.recall(generated, real, 1) == 3 / 4


def test_too_few_images_for_a_neighborhood():
    points = np.zeros((3, 2))

    with pytest.raises(Incomputable, match="at least 4 real images, there are 3"):
        manifold.precision(points, points)
    with pytest.raises(Incomputable, match="at least 4 images"):
        manifold.recall(points, np.zeros((9, 2)))
