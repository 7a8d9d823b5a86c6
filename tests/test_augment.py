import keras
import numpy as np

from image_generating.augment import augment
from image_generating.config import Recipe

_NONE = {"brightness": 0.0, "contrast": 0.0, "shift": 0.0}


def _augmented(images, seed=0, **strengths):
    recipe = Recipe().replace(**_NONE | strengths)
    return np.asarray(augment(images, recipe, keras.random.SeedGenerator(seed)))


def _blob(side=40):
    rows, columns = np.mgrid[:side, :side]
    blob = np.exp(-((rows - side * 0.4) ** 2 + (columns - side * 0.6) ** 2) / 30)
    return np.stack([blob, blob * 0.5])[..., None].astype("float32")


def _centroid(image):
    weights = image[..., 0] / image.sum()
    return np.array([(weights * axis).sum() for axis in np.mgrid[: len(image), : len(image)]])


def test_no_strength_changes_nothing():
    np.testing.assert_array_equal(_augmented(_blob()), _blob())


def test_brightness_shifts_and_contrast_scales_about_the_mean():
    images = _blob()
    shifted = _augmented(images, brightness=0.3) - images
    assert np.ptp(shifted, axis=(1, 2, 3)).max() < 1e-6
    assert 0 < np.abs(shifted).max() <= 0.3
    contrast = _augmented(images, contrast=0.3)
    np.testing.assert_allclose(contrast.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=1e-6)
    ratio = contrast.std(axis=(1, 2, 3)) / images.std(axis=(1, 2, 3))
    assert np.all(np.abs(np.log(ratio)) <= 0.3 + 1e-5)
    assert ratio[0] != ratio[1]


def test_shift_moves_the_whole_batch_alike_and_stays_small():
    moves = []
    for seed in range(6):
        moved = _augmented(_blob(), seed, shift=0.1)
        first, second = (_centroid(moved[i]) - _centroid(_blob()[i]) for i in (0, 1))
        np.testing.assert_allclose(first, second, atol=1e-3)
        moves.append(first)
    assert np.abs(moves).max() <= 0.1 * 40 + 0.1
    assert np.std(moves, axis=0).min() > 0.3


def test_shift_copies_pixels_and_does_not_resample():
    noise = np.random.default_rng(0).random((1, 32, 32, 1), "float32")
    moved = _augmented(noise, shift=0.2)
    assert not np.array_equal(moved, noise)
    assert np.isin(moved, noise).all()


def test_borders_are_mirrored_and_not_filled():
    ramp = np.broadcast_to(np.arange(32, dtype="float32")[:, None, None], (1, 32, 32, 1))
    for seed in range(4):
        steps = np.abs(np.diff(_augmented(ramp, seed, shift=0.3)[0, :, 0, 0]))
        np.testing.assert_array_equal(steps, 1)
