"""The side marker is found where the phantom has been given one."""

import numpy as np

from image_generating.data import phantom
from image_generating.markers import find_markers


def test_most_phantoms_have_their_marker_found():
    seeds = range(20)
    images = np.stack([phantom.draw(seed, 200) for seed in seeds]).astype(np.float32) / 127.5 - 1
    found = find_markers(images)
    assert found.dtype == np.float32
    given = np.array([_middle(phantom.draw_patient(seed)) for seed in seeds])
    # A marker is at least 0.04 of the side high.
    assert np.mean(np.abs(found - given).max(axis=1) < 0.04) >= 0.8


def test_a_flat_image_has_some_place_too():
    ((down, right),) = find_markers(np.zeros((1, 40, 40), np.float32))
    assert 0 < down < 1
    assert 0 < right < 1


def _middle(patient: phantom.Patient) -> tuple[float, float]:
    """Down and right, as shares of the side; the patient's are those of its upper left, in [-1, 1]."""
    right, down = patient.marker
    return (down + patient.marker_height / 2 + 1) / 2, (right + 0.62 * patient.marker_height / 2 + 1) / 2
