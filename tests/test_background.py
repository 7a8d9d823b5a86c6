"""Gray values that go on falling beside the body, so that averages keep its outline."""

import numpy as np

from image_generating.background import deepened


def _body(left: int, right: int, side: int = 100) -> np.ndarray:
    """An upright body from column to column, black beside it."""
    image = np.full((side, side), -1.0, np.float32)
    image[:, left:right] = 0.0
    return image


def test_the_background_falls_with_the_distance_to_the_body_and_not_without_end():
    row = deepened(_body(40, 80)[None])[0, 50]
    np.testing.assert_array_equal(row[40:80], 0)
    np.testing.assert_allclose(np.diff(row[36:38]), 0.2, atol=1e-5)
    np.testing.assert_allclose(row[:20], -2, atol=1e-5)


def test_the_average_of_two_bodies_has_an_edge_half_way_when_it_is_cut_off_at_black():
    bodies = np.stack([_body(30, 70), _body(40, 60)])
    hazy, sharp = (np.clip(images.mean(axis=0), -1, 1)[50] for images in (bodies, deepened(bodies)))
    assert np.ptp(hazy[31:39]) == 0
    assert sharp[28] == -1
    assert sharp[39] > -0.75
    middle = np.flatnonzero(sharp > -0.99)[0]
    assert 32 <= middle <= 37


def test_dark_places_inside_the_body_stay_as_they_are():
    image = _body(0, 100)
    image[40:60, 40:60] = -1
    np.testing.assert_array_equal(deepened(image[None])[0], image)


def test_a_marker_beside_the_body_is_background_too():
    image = _body(40, 80)
    image[20:30, 10:20] = 1
    plain, marked = (deepened(each[None])[0] for each in (_body(40, 80), image))
    assert marked[20:30, 10:20].max() <= -1.8
    np.testing.assert_array_equal(marked[60:], plain[60:])


def test_an_image_without_a_body_stays_as_it_is():
    image = np.full((100, 100), -1.0, np.float32)
    np.testing.assert_array_equal(deepened(image[None])[0], image)


def test_background_goes_on_beyond_the_border_of_the_image():
    row = deepened(_body(10, 100)[None])[0, 50]
    assert np.all(np.diff(row[4:8]) > 0)
    np.testing.assert_allclose(row[:4], -2, atol=1e-5)
