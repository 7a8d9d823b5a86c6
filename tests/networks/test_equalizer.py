"""A filter that amplifies waves by what it is told, and leaves brightness alone."""

import numpy as np
import pytest

from image_generating.networks.equalizer import equalizer, set_gains

SIDE = 96
ROWS, COLUMNS = np.indices((SIDE, SIDE), dtype="float32")


def _gain(part, fineness: float, angle: float) -> float:
    """By how many dB it amplifies a wave, whose fineness is 1 for two pixels."""
    phase = np.pi * fineness * (np.cos(angle) * ROWS + np.sin(angle) * COLUMNS)
    wave = np.sin(phase + 0.3).astype("float32")[None, ..., None]
    made = np.asarray(part(wave))
    inside = np.s_[0, 8:-8, 8:-8, 0]
    return 20 * np.log10(made[inside].std() / wave[inside].std())


def test_it_passes_everything_until_it_is_told():
    images = np.random.default_rng(0).standard_normal((2, 25, 25, 1)).astype("float32")
    np.testing.assert_array_equal(equalizer(25, "filter")(images), images)


@pytest.mark.parametrize("angle", [0, np.pi / 8, np.pi / 4, np.pi / 2, np.pi])
def test_it_amplifies_and_attenuates_in_all_directions(angle):
    part = equalizer(SIDE, "filter")
    fineness = np.arange(1, 49) / 48
    set_gains(part, 1.5 * np.sin(np.pi * fineness))
    for wanted, at in ((1.06, 0.25), (1.5, 0.5), (1.06, 0.75)):
        assert _gain(part, at, angle) == pytest.approx(wanted, abs=0.2)
    set_gains(part, -4 * fineness)
    assert _gain(part, 0.5, angle) == pytest.approx(-2, abs=0.3)


def test_brightness_and_borders_stay():
    part = equalizer(SIDE, "filter")
    set_gains(part, np.linspace(-3, 2, 48))
    np.testing.assert_allclose(part(np.full((1, SIDE, SIDE, 1), 0.7, "float32")), 0.7, atol=1e-5)


def test_gains_are_limited():
    """Images of a network that was hardly trained are 20 dB too faint."""
    part = equalizer(SIDE, "filter")
    set_gains(part, np.full(48, 40.0))
    assert _gain(part, 0.6, 0) < 3
    set_gains(part, np.full(48, -40.0))
    assert _gain(part, 0.6, 0) > -8
