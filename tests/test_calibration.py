"""Stages that are too faint or too strong become as strong as the training images."""

import numpy as np

from image_generating import calibration
from image_generating.calibration import Spectra
from image_generating.config import NetworkConfig
from image_generating.data import Dataset
from image_generating.networks import build_generator
from image_generating.sampling import latents


def _grainy_generator():
    """An untrained one, whose anatomy is a gray field and whose last stage adds grain."""
    generator = build_generator(NetworkConfig(resolution=64, latent=8))
    drawing = generator.get_layer("synthesis_64").get_layer("synthesis_64_drawing")
    drawing.get_layer("synthesis_64_strength").bias.assign([0.1, 0.1, 0.1, 0.1])
    return generator


def _spectra(generator) -> Spectra:
    z = latents(100, 8, seed=1)
    made = [calibration._made(generator.layers[:count], z) for count in (2, 3)]
    return Spectra(*(calibration._typical(images) for images in made))


def test_what_is_made_is_as_strong_as_what_was_measured():
    generator = _grainy_generator()
    before = _spectra(generator)
    # Flat images have no spectrum but that of rounding, which no filter changes.
    assert np.ptp(before.reduced) < 3
    shape = np.linspace(-4, 1.5, len(before.full))
    calibration.calibrate(generator, Spectra(before.reduced, before.full + shape))
    error = _spectra(generator).full - before.full - shape
    assert np.abs(error[3:]).mean() < 0.4


def test_calibrating_again_changes_nothing():
    generator = _grainy_generator()
    before = _spectra(generator)
    wanted = Spectra(before.reduced, before.full + 1.5)
    filters = []
    for _ in range(2):
        calibration.calibrate(generator, wanted)
        layer = generator.get_layer("synthesis_64").get_layer("synthesis_64_equalizer")
        filters.append(layer.get_weights()[0])
    np.testing.assert_allclose(*filters, atol=1e-6)
    assert np.abs(filters[0]).sum() > 1.1


def test_spectra_are_measured_of_both_sizes_and_kept(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 64, 64), dtype=np.uint8)
    measured = calibration.measure(Dataset(images, ("noise",) * 40, (), "key"))
    assert measured.full.shape == (32,)
    assert measured.reduced.shape == (8,)
    # White noise is equally strong everywhere, and a mean of 16 pixels has a sixteenth of its variance.
    assert np.ptp(measured.full[2:]) < 1
    assert 10 < measured.full[2:].mean() - measured.reduced[2:].mean() < 14
    calibration.save(tmp_path / "spectra.npz", measured)
    stored = calibration.load(tmp_path / "spectra.npz", 64)
    np.testing.assert_array_equal(stored.full, measured.full)
    np.testing.assert_array_equal(stored.reduced, measured.reduced)
