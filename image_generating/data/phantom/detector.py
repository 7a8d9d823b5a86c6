"""From attenuation to the picture: geometry, scatter, noise, exposure, collimation, the marker."""

import numpy as np
from PIL import Image

from image_generating.data.phantom.canvas import EXTENT, upsample
from image_generating.data.phantom.patient import Patient


def photograph(thickness: np.ndarray, p: Patient, size: int) -> np.ndarray:
    """The thickness map as the patient's position shows it, float32 (size, size)."""
    n = thickness.shape[0]
    angle = np.deg2rad(p.angle)
    scale = n / (2 * EXTENT) * 2 / size / p.zoom
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    # Pillow asks where each output pixel comes from.
    half = size / 2
    x0 = n / 2 - (cosine - sine) * half - p.shift[0] * n / (2 * EXTENT)
    y0 = n / 2 - (sine + cosine) * half - p.shift[1] * n / (2 * EXTENT)
    coefficients = (cosine, -sine, x0, sine, cosine, y0)
    image = Image.fromarray(thickness)
    return np.array(
        image.transform((size, size), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR)
    )


def expose(thickness: np.ndarray, p: Patient, rng: np.random.Generator) -> np.ndarray:
    """Gray values 0 to 255 of a thickness map (float32), noise included.

    Beer–Lambert: what reaches the detector is exp(-μ·thickness) plus scattered light; the film shows its
    logarithm. Like the automatic exposure of a real machine, gain and gamma follow from the picture itself.
    """
    size = thickness.shape[0]
    blurred = _blur(thickness, 0.6 * size / 800)
    arriving = np.exp(-2.6 * blurred)
    coarse = np.asarray(Image.fromarray(arriving).resize((24, 24), Image.Resampling.BOX))
    arriving += 0.05 * np.clip(upsample(coarse, size), 0, None)
    # Quantum noise: a detector element counts more photons the larger it is.
    photons = 12000 * (800 / size) ** 2
    arriving += np.sqrt(arriving / photons) * rng.standard_normal((size, size), dtype=np.float32)
    density = -np.log(np.clip(arriving, 2e-3, 1.05)) / 2.6
    # Processing keeps the fine contrast and takes back a part of the broad one.
    broad = np.asarray(Image.fromarray(density).resize((10, 10), Image.Resampling.BOX))
    density = np.clip(
        density - 0.18 * (upsample(broad, size) - broad.mean()) * np.clip(density / 0.3, 0, 1), 0, None
    )
    sample = np.asarray(Image.fromarray(density).resize((64, 64), Image.Resampling.BOX))
    dark, bright = np.percentile(sample[sample > 0.1], [18, 82])
    gamma = np.log(p.bright_gray / p.dark_gray) / np.log(bright / dark)
    gray = p.dark_gray * (density / dark) ** gamma
    # A soft shoulder instead of clipping.
    return np.where(gray < 175, gray, 175 + 60 * np.tanh((gray - 175) / 60)).astype(np.float32)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """A separable three-tap blur, for less than about one pixel."""
    side = min(0.3, sigma**2 / 2)
    padded = np.pad(image, 1, mode="edge")
    rows = (1 - 2 * side) * padded[1:-1] + side * (padded[:-2] + padded[2:])
    return (1 - 2 * side) * rows[:, 1:-1] + side * (rows[:, :-2] + rows[:, 2:])


def collimate(gray: np.ndarray, p: Patient) -> np.ndarray:
    """Black outside the diaphragm blades, which stand straight while the scanned film is turned a little."""
    if p.collimation is None:
        return gray
    size = gray.shape[0]
    at = np.linspace(-1, 1, size, dtype=np.float32)
    x, y = at[None, :], at[:, None]
    slope = np.float32(np.deg2rad(1.6 * p.angle))
    inside = np.minimum(p.collimation - np.abs(x - slope * y), p.collimation - np.abs(y + slope * x))
    return gray * np.clip(inside * size / 2 + 0.5, 0, 1)


def stamp_marker(gray: np.ndarray, p: Patient) -> np.ndarray:
    """Writes the letter R, drawn as strokes, on the patient's right side."""
    size = gray.shape[0]
    height = p.marker_height
    width = 0.62 * height
    bowl = np.linspace(-np.pi / 2, np.pi / 2, 9)
    curve = [(0.55 + 0.45 * np.cos(a), 0.27 + 0.27 * np.sin(a)) for a in bowl]
    stroke = [(0, 1), (0, 0), *curve, (0.0, 0.54), (0.5, 0.54), (1, 1)]
    points = np.array(stroke) * [width, height] + p.marker
    at = (np.arange(size) + 0.5) / size * 2 - 1
    margin = 0.05
    columns = np.flatnonzero((at > p.marker[0] - margin) & (at < p.marker[0] + width + margin))
    rows = np.flatnonzero((at > p.marker[1] - margin) & (at < p.marker[1] + height + margin))
    area = np.ix_(rows, columns)
    x, y = at[columns][None, :, None], at[rows][:, None, None]
    start, axis = points[:-1], np.diff(points, axis=0)
    t = np.clip(((x - start[:, 0]) * axis[:, 0] + (y - start[:, 1]) * axis[:, 1]) / (axis**2).sum(1), 0, 1)
    away = np.hypot(x - start[:, 0] - t * axis[:, 0], y - start[:, 1] - t * axis[:, 1]).min(axis=2)
    ink = np.clip(0.5 + (0.5 * p.marker_weight * height - away) * size / 2, 0, 1)
    gray = gray.copy()
    gray[area] += ink * (246 - gray[area])
    return gray
