"""Wide images with what detectors and viewers leave in them, through the decoder."""

import io

import numpy as np
import pytest
from PIL import Image

from image_generating.data import gray
from image_generating.data.decode import square
from image_generating.data.source import Unusable

SIDE = 200


@pytest.fixture(scope="module")
def chest():
    """Smooth noise of 12 bits, skewed as a radiograph's gray values are."""
    noise = Image.fromarray(np.random.default_rng(0).random((12, 12), np.float32))
    smooth = np.asarray(noise.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    return np.clip(smooth, 0, 1) ** 1.5 * 4095


def mapped(values, dtype=np.uint16):
    file = io.BytesIO()
    Image.fromarray(values.astype(dtype)).save(file, "TIFF")
    return square(file, SIDE, "stretch").astype(int)


def nothing(values):
    pass


def hot_pixel(values):
    values[50, 50] = 65535


def hot_pixels(values):
    values[::40, ::50] = np.linspace(9000, 65535, 20).reshape(5, 4)


def label(values):
    values[10:30, 10:90] = 65535  # 4 %


def label_with_smooth_rims(values):
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[10:30, 10:60] = 1
    mask = np.asarray(Image.fromarray(mask).resize((67, 67)).resize((SIDE, SIDE)))
    values += mask * (65535 - values)


def border(values):
    values[:, :60] = 65535


def border_and_label(values):
    values[:, :60] = 40000
    values[10:30, 110:180] = 65535


@pytest.mark.parametrize(
    "disturb", [nothing, hot_pixel, hot_pixels, label, label_with_smooth_rims, border, border_and_label]
)
@pytest.mark.parametrize("upside_down", [False, True])
def test_what_is_not_of_the_patient_changes_nothing_else(chest, disturb, upside_down):
    values = chest.copy()
    disturb(values)
    untouched = np.abs(values - chest) < 1
    # A margin, since the square is resampled.
    untouched = np.asarray(Image.fromarray(untouched).convert("L")) > 0
    untouched &= np.roll(untouched, 3, 0) & np.roll(untouched, -3, 0)
    untouched &= np.roll(untouched, 3, 1) & np.roll(untouched, -3, 1)
    expected = chest / 4095 * 255
    if upside_down:
        values, expected = 65535 - values, 255 - expected
    got = mapped(values)
    assert np.abs(got - expected)[untouched].max() <= 8
    assert np.abs(got - expected)[untouched].mean() <= 2


def test_values_below_zero_that_stand_for_no_data(chest):
    values = chest.copy()
    values[:, :90] = -32768
    got = mapped(values, np.int32)
    np.testing.assert_allclose(got[:, 95:], (chest / 4095 * 255)[:, 95:], atol=4)
    assert (got[:, :85] == 0).all()


def test_two_levels_stay_two_levels():
    values = np.zeros((SIDE, SIDE))
    values[60:] = 4095
    assert set(np.unique(mapped(values)[[10, -10]])) == {0, 255}


def test_the_darkest_and_brightest_thousandth_are_clipped():
    low, high = gray.robust_limits(np.arange(100_001.0))
    assert (round(low), round(high)) == (100, 99_900)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(("other", "flat"), [(0.02, False), (0.005, True)])
def test_images_of_one_gray_are_named(dtype, other, flat):
    """99 % of the pixels within a fiftieth of the range, however many values they have."""
    random = np.random.default_rng(0)
    values = random.integers(100, 106, (SIDE, SIDE)).astype(float)
    values[: round(SIDE * other)] = 255
    if dtype != np.uint8:
        # Wide images are stretched, so that they are flat only if what is stretched is.
        values[values < 255] = 100
    file = io.BytesIO()
    Image.fromarray(values.astype(dtype)).save(file, "TIFF")
    if flat:
        with pytest.raises(Unusable, match="99 % of its pixels lie within a fiftieth"):
            square(file, SIDE, "crop")
    else:
        assert square(file, SIDE, "crop").max() == 255


def test_bars_do_not_hide_that_an_image_is_flat():
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 4, (50, 100), dtype=np.uint8)).save(file, "PNG")
    with pytest.raises(Unusable, match="nothing can be seen"):
        square(file, 100, "pad")


def test_eight_bits_stay_as_they_are(chest):
    """With a label, hot pixels, a border: byte for byte."""
    values = (chest / 40).astype(np.uint8)
    values[:, :30], values[50, 50], values[10:20, 50:90] = 0, 255, 255
    np.testing.assert_array_equal(mapped(values, np.uint8), values)
