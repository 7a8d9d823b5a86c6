"""The lung vessels: trees that branch from both hila and grow thinner towards the edge."""

import numpy as np

from image_generating.data.phantom.canvas import Canvas
from image_generating.data.phantom.patient import Patient

GENERATIONS = 8


def vessels(canvas: Canvas, p: Patient, rng: np.random.Generator) -> np.ndarray:
    """Thickness map of the vessels of both lungs, as if the lungs filled the whole plane."""
    hilum = p.apex + 0.5 * (p.domes[0] - p.apex)
    clouds = []
    for side in (-1, 1):
        fan = np.deg2rad(np.array([-82, -60, -38, -12, 14, 36, 54, 68, 82]) + 7 * rng.standard_normal(9))
        count = len(fan)
        x = side * (0.13 + 0.035 * rng.random(count)) + (0.03 if side > 0 else 0)
        y = hilum - (0.035 if side > 0 else 0) + 0.05 * np.sin(fan) + 0.012 * rng.standard_normal(count)
        heading = fan
        length = 0.12 * (1 + 0.25 * rng.standard_normal(count))
        radius = 0.0115 * (1 + 0.2 * rng.standard_normal(count))
        for _ in range(GENERATIONS):
            bend = 0.45 * rng.standard_normal(len(x))
            x, y, heading, cloud = _branches(canvas, side, x, y, heading, length, radius, bend)
            clouds.append(cloud)
            # Each branch parts in two: one goes on almost straight, the other leaves at a wider angle.
            turn = rng.uniform(0.12, 0.5, len(x)) * rng.choice([-1, 1], len(x))
            heading = np.concatenate([heading + turn, heading - turn * rng.uniform(1.2, 2.6, len(x))])
            length = np.concatenate([length, 0.85 * length]) * rng.uniform(0.65, 1.15, 2 * len(x))
            radius = np.concatenate([0.82 * radius, 0.66 * radius])
            x, y = np.tile(x, 2), np.tile(y, 2)
    return canvas.splat([(x + p.centre(y[..., :1]), y, volume) for x, y, volume in clouds])


def _branches(canvas, side, x, y, heading, length, radius, bend):
    """Sweeps one generation of branches; returns where they end and their point masses."""
    count = max(3, int(1.3 * length.mean() / canvas.pixel))
    t = (np.arange(count) + 0.5) / count
    direction = heading[:, None] + bend[:, None] * t
    step = (length / count)[:, None]
    along_x = x[:, None] + side * np.cumsum(np.cos(direction) * step, axis=1)
    along_y = y[:, None] + np.cumsum(np.sin(direction) * step, axis=1)
    across = max(2, int(2 * radius.max() / canvas.pixel / 0.9))
    angle = (np.arange(across) + 0.5) * np.pi / across
    offset = radius[:, None, None] * np.cos(angle)
    # Chord of a round vessel, integrated over the samples across it.
    volume = 2 * (radius[:, None, None] * np.sin(angle)) ** 2 * (np.pi / across) * step[:, :, None]
    cloud_x = along_x[..., None] - side * np.sin(direction)[..., None] * offset
    cloud_y = along_y[..., None] + np.cos(direction)[..., None] * offset
    return along_x[:, -1], along_y[:, -1], direction[:, -1], (cloud_x, cloud_y, volume)
