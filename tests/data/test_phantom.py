"""The phantom is a chest, the same one at any size, and never twice the same."""

import concurrent.futures
import multiprocessing

import numpy as np
import pytest
from PIL import Image

from image_generating.data.phantom import draw, draw_patient
from image_generating.errors import UserError


def reduced(image, size):
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BOX), float)


def correlation(a, b):
    return np.corrcoef(a.ravel(), b.ravel())[0, 1]


def region(image, p, left, top, right, bottom):
    """The pixels of a rectangle given in the patient's coordinates (the small tilt is ignored)."""
    size = len(image)
    columns = (np.array([left, right]) * p.zoom + p.shift[0] + 1) / 2 * size
    rows = (np.array([top, bottom]) * p.zoom + p.shift[1] + 1) / 2 * size
    return image[slice(*rows.astype(int)), slice(*columns.astype(int))].astype(float)


@pytest.fixture(scope="module")
def chests():
    return {seed: draw(seed, 200) for seed in range(24)}


@pytest.mark.parametrize("resolution", [16, 64, 100, 200, 257, 400, 1024])
def test_shape_and_type_at_any_resolution(resolution):
    image = draw(3, resolution)
    assert image.shape == (resolution, resolution)
    assert image.dtype == np.uint8
    assert image.std() > 30


def test_the_seed_determines_every_pixel():
    assert np.array_equal(draw(5, 100), draw(5, 100))


def test_a_worker_process_draws_the_same_picture():
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        elsewhere = list(pool.map(draw, [1, 2], [64, 64]))
    assert np.array_equal(elsewhere, [draw(1, 64), draw(2, 64)])


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_the_same_patient_at_any_resolution(seed):
    small = draw(seed, 64).astype(float)
    for resolution in (128, 800):
        large = reduced(draw(seed, resolution), 64)
        assert np.abs(large - small).mean() < 3
        assert correlation(large, small) > 0.99


def test_no_two_are_alike(chests):
    flat = np.stack([reduced(image, 50).ravel() for image in chests.values()])
    difference = np.abs(flat[:, None] - flat[None]).mean(axis=2)
    assert difference[~np.eye(len(flat), dtype=bool)].min() > 8


def test_lungs_are_darker_than_what_surrounds_them(chests):
    for seed, image in chests.items():
        p = draw_patient(seed)
        middle = p.apex + 0.55 * (p.domes[0] - p.apex)
        right_lung = np.median(region(image, p, -0.55, middle - 0.2, -0.35, middle + 0.1))
        left_lung = np.median(region(image, p, 0.42, p.apex + 0.2, 0.56, p.apex + 0.4))
        mediastinum = np.median(region(image, p, -0.08, middle - 0.1, 0.10, middle + 0.2))
        liver = np.median(region(image, p, -0.45, p.domes[0] + 0.15, -0.25, p.domes[0] + 0.25))
        assert max(right_lung, left_lung) + 30 < min(mediastinum, liver), seed


def test_the_heart_is_on_the_right_of_the_image(chests):
    for seed, image in chests.items():
        p = draw_patient(seed)
        top, bottom = p.domes[0] - 0.3, p.domes[0] - 0.1
        patient_right = region(image, p, -0.42, top, -0.24, bottom).mean()
        patient_left = region(image, p, 0.24, top, 0.42, bottom).mean()
        assert patient_left > patient_right + 15, seed


def test_the_right_dome_is_the_higher_one():
    assert all(p.domes[0] < p.domes[1] for p in map(draw_patient, range(200)))


def test_the_marker_is_a_bright_letter_in_the_upper_left(chests):
    for seed, image in chests.items():
        p = draw_patient(seed)
        x, y = ((np.array(p.marker) + 1) / 2 * 200).astype(int)
        height = int(p.marker_height * 100)
        letter = image[y : y + height + 2, x - 1 : x + int(0.62 * height) + 2].astype(float)
        assert x < 30
        assert y < 70
        # The upright stroke of the R, from its top to its foot.
        assert letter[1:-2, :3].max(axis=1).min() > 150, seed
        assert 0.1 < (letter > 200).mean() < 0.7, seed


def test_gray_levels_are_spread_like_those_of_real_radiographs(chests):
    gray = np.stack(list(chests.values()))
    # 300 real ones: median 131, quartiles 80 and 172, 95th percentile 205, mean 122.
    assert np.percentile(gray, [25, 50, 75, 95]) == pytest.approx([80, 131, 172, 205], abs=20)
    assert 0.02 < (gray < 8).mean() < 0.2
    assert (gray > 250).mean() < 0.01


@pytest.mark.parametrize(("seed", "resolution", "named"), [(0, 15, "15"), (0, -1, "-1"), (-3, 64, "-3")])
def test_what_cannot_be_drawn_is_named(seed, resolution, named):
    with pytest.raises(UserError, match=f"not {named}"):
        draw(seed, resolution)
