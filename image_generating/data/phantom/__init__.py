"""A procedural chest radiograph: the embedded data set of the demo, the tests and the notebooks."""

import numpy as np

from image_generating.data.phantom import detector, skeleton, soft_tissue
from image_generating.data.phantom.canvas import EXTENT, Canvas
from image_generating.data.phantom.patient import Patient, draw_patient
from image_generating.data.phantom.vessels import vessels
from image_generating.errors import UserError

SMALLEST = 16
# Vessels and windpipe are simpler than real ones and need some emphasis to stand out as much.
VESSEL_EMPHASIS = 3.2
AIRWAY_EMPHASIS = 2.6

__all__ = ["Patient", "draw", "draw_patient"]


def draw(seed: int, resolution: int) -> np.ndarray:
    """Draws a frontal chest radiograph.

    The seed determines the patient and the exposure; the resolution only how finely the same scene is sampled
    (and the detector's noise). No two seeds look alike.

    Args:
        seed: 0 or more.
        resolution: side of the square image in pixels, at least 16; any number, not only powers of two.

    Returns:
        uint8 gray values, shape (resolution, resolution); air is dark, bone is bright, the patient's right is
        on the left of the image.

    Raises:
        UserError: for a resolution below 16 or a negative seed.

    Example:
        image = draw(seed=0, resolution=800)
    """
    if resolution < SMALLEST:
        raise UserError(f"A phantom needs a resolution of at least {SMALLEST} pixels, not {resolution}.")
    if seed < 0:
        raise UserError(f"A phantom's seed must be 0 or more, not {seed}.")
    patient = draw_patient(seed)
    # Small pictures are drawn finer and averaged, or thin bones would fall between the pixels.
    finer = 1 if resolution >= 256 else 2
    canvas = Canvas(round(resolution * finer * EXTENT))
    thickness = detector.photograph(_project(canvas, patient, seed), patient, resolution * finer)
    gray = detector.expose(thickness, patient, np.random.default_rng([seed, 9]))
    gray = detector.stamp_marker(detector.collimate(gray, patient), patient)
    gray = gray.reshape(resolution, finer, resolution, finer).mean(axis=(1, 3))
    return np.clip(gray + 0.5, 0, 255).astype(np.uint8)


def _project(canvas: Canvas, p: Patient, seed: int) -> np.ndarray:
    """Thickness in scene units of water along each ray through the patient."""
    # Each part has its own stream, so that a change in one leaves the others as they were.
    streams = iter(np.random.default_rng([seed, 1]).spawn(8))
    body = soft_tissue.body(canvas, p)
    below = soft_tissue.under_diaphragm(canvas, p)
    organs = soft_tissue.central_organs(canvas, p, next(streams))
    cavity = np.minimum(soft_tissue.chest_cavity(canvas, p), 0.93 * body)
    lung = np.maximum(0, cavity * (1 - below) - organs)
    inside = np.minimum(lung * 2.5, 1)
    blood = vessels(canvas, p, next(streams)) * inside
    haze = soft_tissue.texture(canvas, {90: 0.013, 200: 0.016}, next(streams))
    muscle = soft_tissue.texture(canvas, {14: 0.02, 60: 0.006}, next(streams))
    gas = soft_tissue.gas(canvas, p, next(streams)) * (1 - inside)
    airway = AIRWAY_EMPHASIS * soft_tissue.airway(canvas, p) * (1 - inside)
    air = (1 - p.lung_density) * lung + gas + airway
    stream = next(streams)
    bones = canvas.splat([skeleton.ribs(canvas, p, stream), *skeleton.shoulders(canvas, p, stream)])
    water = np.maximum(body * (1 + muscle) - air + (VESSEL_EMPHASIS * blood + haze * inside), 0)
    return (water + bones + skeleton.spine(canvas, p, stream)).astype(np.float32)
