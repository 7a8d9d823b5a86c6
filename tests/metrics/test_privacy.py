import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from image_generating.metrics import privacy
from image_generating.metrics.estimate import Incomputable


def draw(count, seed, dimension=8):
    return np.random.default_rng(seed).normal(size=(count, dimension))


TRAIN, HELDOUT, FRESH = draw(200, 0), draw(100, 1), draw(100, 2)


def test_the_z_score_is_that_of_scipy():
    x, y = draw(15, 3)[:, 0], draw(22, 4)[:, 0] + 0.3

    p = mannwhitneyu(x, y, alternative="less", method="asymptotic", use_continuity=False).pvalue

    assert norm.cdf(privacy.z_score(x, y)) == pytest.approx(p)


def test_the_z_score_by_hand():
    # All of x below all of y: U = 0, mean 3, variance 2·3·6/12 = 3.
    assert privacy.z_score(np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])) == pytest.approx(-np.sqrt(3))


def test_images_of_the_true_source_are_no_copies():
    values = [privacy.copying(draw(100, 10 + seed), HELDOUT, TRAIN) for seed in range(10)]

    assert min(values) > -2.5
    assert abs(np.mean(values)) < 1.5


def test_copies_are_found_even_with_noise_and_among_few():
    noise = 0.1 * draw(200, 5)

    assert privacy.copying(TRAIN[:100], HELDOUT, TRAIN) < -5
    assert privacy.copying((TRAIN + noise)[:100], HELDOUT, TRAIN) < -5
    assert privacy.copying(TRAIN[:9], HELDOUT, TRAIN) < -3


def test_images_far_from_everything_score_high():
    assert privacy.copying(FRESH + 5, HELDOUT, TRAIN) > 3


def test_one_cell_is_the_plain_test():
    # Fewer than 40 images make one cell.
    expected = privacy.z_score(
        np.sqrt(((FRESH[:30, None] - TRAIN) ** 2).sum(-1)).min(1),
        np.sqrt(((HELDOUT[:30, None] - TRAIN) ** 2).sum(-1)).min(1),
    )

    assert privacy.copying(FRESH[:30], HELDOUT[:30], TRAIN) == pytest.approx(expected)


def test_copying_within_a_cluster_is_not_hidden_by_another():
    shift = np.r_[20.0, np.zeros(7)]
    train, heldout = (np.r_[s, s + shift] for s in (TRAIN, HELDOUT))
    # Copies in one cluster, far too varied images in the other: on average as far as real ones.
    generated = np.r_[TRAIN[:100], 3 * FRESH + shift]

    both = privacy.copying(generated, heldout, train)

    assert both < privacy.copying(FRESH, HELDOUT, TRAIN) + 1


def test_authentic_images_by_hand():
    train = np.array([[0.0], [1.0], [5.0]])
    # 0.5 is 0.5 from 0, whose neighbor is 1 away: not authentic. 8 is 3 from 5, whose neighbor is 4 away:
    # not. 20 is 15 from 5: authentic.
    generated = np.array([[0.5], [8.0], [20.0]])

    assert privacy.authentic(generated, train).tolist() == [False, False, True]
    assert not privacy.authentic(train, train).any()


def test_neighbor_ratio_by_hand():
    train, heldout = np.array([[0.0], [10.0]]), np.array([[4.0]])

    # Distances to training and held-out images: 1 and 3, 2 and 2, 2 and 8.
    generated = np.array([[1.0], [2.0], [12.0]])

    assert privacy.neighbor_ratio(generated, heldout, train) == pytest.approx(1 / 3)
    assert privacy.neighbor_ratio(train, heldout, train) == pytest.approx(0, abs=1e-6)


def test_held_out_images_themselves_have_no_neighbor_ratio():
    train, heldout = np.array([[0.0], [10.0]]), np.array([[4.0], [6.0]])

    with pytest.raises(Incomputable, match="most of these images are held-out images themselves"):
        privacy.neighbor_ratio(np.array([[4.0], [4.0], [1.0]]), heldout, train)
    with pytest.raises(Incomputable, match="most of these images are held-out images themselves"):
        privacy.neighbor_ratio(heldout + 1e-9, heldout, train)
    assert privacy.neighbor_ratio(heldout, heldout, np.concatenate([train, heldout])) == 1


def test_the_ratio_of_held_out_images_leaves_each_one_out():
    heldout, train = np.array([[0.0], [4.0]]), np.array([[1.0]])

    assert privacy.neighbor_ratio(heldout, heldout, train, same=True) == pytest.approx((1 / 4 + 3 / 4) / 2)


def test_near_copies_are_measured_by_real_images():
    close = privacy.near_copies(np.array([0.4, 0.6, 3.0]), np.array([0.5, 1.0, 9.0]))

    assert close.tolist() == [True, False, False]


def test_the_closest_pairs_of_a_stream():
    images = np.arange(30, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    features = draw(30, 6)
    features[17], features[25] = TRAIN[3] + 0.01, TRAIN[8]
    closest = privacy.ClosestPairs(TRAIN, 3)

    for start in range(0, 30, 7):
        closest(images[start : start + 7], features[start : start + 7])

    assert [pair.number for pair in closest.pairs[:2]] == [25, 17]
    assert [pair.train for pair in closest.pairs[:2]] == [8, 3]
    assert len(closest.pairs) == 3
    assert (closest.pairs[1].image == 17).all()
    assert closest.pairs[0].distance == pytest.approx(0, abs=1e-6)


def test_too_few_images():
    with pytest.raises(Incomputable, match="at least 5 different images, there are 4"):
        privacy.copying(FRESH[:4], HELDOUT, TRAIN)
    with pytest.raises(Incomputable, match="at least 2 training images"):
        privacy.authentic(FRESH, TRAIN[:1])
