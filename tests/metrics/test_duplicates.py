"""The real radiographs are no part of the repository; `benchmarks/near_copies.py` measures on them."""

import io

import numpy as np
import pytest
from PIL import Image
from scenes import scenes

from image_generating.data import phantom
from image_generating.metrics import duplicates
from image_generating.metrics.duplicates import Fingerprints, find

SIDE = 256


@pytest.fixture(scope="module")
def images():
    """Phantoms and scenes: drawn chests are much more alike than real ones."""
    drawn = [phantom.draw(seed, SIDE) for seed in range(12)]
    return np.concatenate([np.stack(drawn), scenes(12, SIDE)])


def jpeg(image):
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=30)
    return Image.open(encoded)


ALTERATIONS = {
    "nothing": lambda image: image,
    "jpeg": jpeg,
    "smaller": lambda image: image.resize((180, 230)),
    "larger": lambda image: image.resize((300, 290), Image.Resampling.BICUBIC),
    "brighter": lambda image: image.point(lambda value: min(255, value + 30)),
    "less contrast": lambda image: image.point(lambda value: round(128 + 0.6 * (value - 128))),
    "gamma": lambda image: image.point(lambda value: round(255 * (value / 255) ** 1.5)),
    "cropped": lambda image: image.crop((5, 3, SIDE, SIDE - 4)),
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_an_altered_copy_is_found_and_nothing_else(images, alteration):
    altered = [
        np.asarray(ALTERATIONS[alteration](Image.fromarray(image)).resize((SIDE, SIDE))) for image in images
    ]

    matches = find(Fingerprints.of(np.stack(altered)), Fingerprints.of(images))

    assert [(match.number, match.known) for match in matches] == [(i, i) for i in range(len(images))]


def test_different_images_are_not_the_same(images):
    assert find(Fingerprints.of(images[::2]), Fingerprints.of(images[1::2])) == []


def test_a_changed_patient_is_another_picture(images):
    """One half of one and one half of the other."""
    half = images[:6].copy()
    half[:, :, SIDE // 2 :] = images[6:12, :, SIDE // 2 :]

    assert find(Fingerprints.of(half), Fingerprints.of(images)) == []


def test_flat_pictures_resemble_nothing(images):
    flat = np.full((2, SIDE, SIDE), 7, np.uint8)

    assert find(Fingerprints.of(flat), Fingerprints.of(np.concatenate([flat, images]))) == []


def test_pictures_that_stream_by_are_numbered_through(images):
    watcher = duplicates.Watcher({"all": images, "some": images[8:9]})

    for start in range(0, len(images), 5):
        watcher(images[start : start + 5])

    assert [match.number for match in watcher.matches["all"]] == list(range(len(images)))
    assert [(match.number, match.known) for match in watcher.matches["some"]] == [(8, 0)]
