"""Everything but bone: the outline, the air of the lungs, heart, great vessels, diaphragm, gas.

Organs are bodies of known chord length: the ray through an ellipsoid at relative radius r is proportional to
sqrt(1 - r²). Squares of chords add up to a smooth union of overlapping bodies.
"""

import numpy as np

from image_generating.data.phantom.canvas import Canvas, upsample
from image_generating.data.phantom.patient import Patient

LUNG_DEPTH = 0.86


def body(canvas: Canvas, p: Patient) -> np.ndarray:
    """Thickness of the whole patient as if filled with water: trunk, neck, arms and chin."""
    y, x = canvas.y, canvas.x - p.centre(canvas.y)
    flank = p.chest_width + 0.06 + 0.09 * p.habitus
    top = p.apex + (-0.16 if p.arms_up else -0.02)
    heights = np.array([-1.6, top - 0.30, top - 0.20, top - 0.10, top + 0.02, top + 0.35, 0.05, 0.5, 1.2])
    neck = 0.25 + 0.06 * p.habitus
    widths = [
        neck,
        neck + 0.02,
        neck + 0.16,
        0.66,
        flank + 0.04,
        flank + 0.05,
        flank + 0.02,
        flank,
        flank - 0.02,
    ]
    depths = [0.45, 0.48, 0.50, 0.58, 0.78, 0.96, 1.0, 1.02, 1.0]
    # The knots are joined smoothly on a fine ruler that does not depend on the resolution.
    ruler = np.linspace(-1.6, 1.6, 641)
    kernel = np.hanning(45) / np.hanning(45).sum()

    def smooth(values):
        joined = np.pad(np.interp(ruler, heights, values), 22, mode="edge")
        return np.interp(y, ruler, np.convolve(joined, kernel, mode="valid")).astype(np.float32)

    half, depth = smooth(widths), smooth(depths) * (0.95 + 0.12 * p.habitus)
    squares = depth**2 * np.maximum(0, 1 - (x / half) ** 2)
    for side, shrug in zip((-1, 1), p.shoulders, strict=True):
        low = p.apex + shrug + (0.16 if p.arms_up else 0.03)
        start = (0.70 * side, low) if p.arms_up else (0.86 * side, low)
        end = (1.02 * side, low - 1.1) if p.arms_up else (1.22 * side, low + 1.0)
        radius = (0.205 if p.arms_up else 0.165) + 0.04 * p.habitus
        area = canvas.window(*((-2, -2, -0.3, 2) if side < 0 else (0.3, -2, 2, 2)))
        squares[area] += 5.2 * _capsule(x[area], y[area[0]], start, end, radius)
    if p.chin is not None:
        squares += 0.4 * np.maximum(0, 1 - (x / 0.46) ** 2 - ((y - p.chin + 0.42) / 0.48) ** 2)
    return np.sqrt(squares)


def _capsule(x, y, start, end, radius):
    """Squared half chord of a round limb between two points."""
    # Plain floats keep the arrays in single precision.
    (x0, y0), (x1, y1), radius = map(float, start), map(float, end), float(radius)
    ax, ay = x1 - x0, y1 - y0
    square = ax * ax + ay * ay
    t = np.clip((x - x0) * (ax / square) + (y - y0) * (ay / square), 0, 1)
    return np.maximum(0, radius**2 - (x - x0 - t * ax) ** 2 - (y - y0 - t * ay) ** 2)


def chest_cavity(canvas: Canvas, p: Patient) -> np.ndarray:
    """Depth of both pleural cavities, from the apices down to below the diaphragm."""
    area = canvas.window(-2, p.apex - 0.05, 2, max(p.recesses) + 0.3)
    y = canvas.y[area[0]]
    x = canvas.x - p.centre(y)
    down = np.clip((y - p.apex) / (np.mean(p.recesses) - p.apex), 0, 1)
    wall = p.wall(y).astype(np.float32)
    inner = p.chest_width * np.interp(np.sqrt(down), [0, 0.10, 0.2, 0.6, 1], [0.34, 0.24, 0.17, 0.10, 0.08])
    depth = LUNG_DEPTH * np.sqrt(np.clip(down / 0.13, 0, 1))
    away = np.abs(x)
    # The apex is a dome: its top falls off towards the neck.
    towards_neck = np.minimum((away - np.float32(0.38 * p.chest_width)) / 0.085, 0)
    dome = np.clip((y - p.apex) / 0.12 - towards_neck**2, 0, 1)
    lateral = np.maximum(0, 1 - (away / wall) ** 2)
    medial = np.clip((away - inner.astype(np.float32)) / 0.12, 0, 1)
    return canvas.paste(area, depth.astype(np.float32) * np.sqrt(lateral * dome * medial))


def central_organs(canvas: Canvas, p: Patient, rng: np.random.Generator) -> np.ndarray:
    """Depth of heart, great vessels and thymus: what takes the lung's place in the middle."""
    area = canvas.window(-0.85, -2, 0.95, p.domes[1] + 0.35)
    y = canvas.y[area[0]]
    x = canvas.x[:, area[1]] - p.centre(y) - p.twist * 0.3
    floor = p.domes[1]
    s = p.heart_size * p.chest_width / 0.735
    m = p.mediastinum

    def ellipsoid(cx, cy, rx, ry, depth, tilt=0.0):
        # Plain floats keep the arrays in single precision.
        cx, cy, rx, ry, cosine, sine = map(float, (cx, cy, rx, ry, np.cos(tilt), np.sin(tilt)))
        u = (x - cx) * (cosine / rx) + (y - cy) * (sine / rx)
        v = (y - cy) * (cosine / ry) - (x - cx) * (sine / ry)
        return depth**2 * np.maximum(0, 1 - u * u - v * v)

    lean = p.heart_lean
    squares = ellipsoid(0.15 * s, floor - 0.21 * s, 0.40 * s, 0.26 * s, 0.70, lean)
    squares += ellipsoid(0.06 * s, floor - 0.27 * s, 0.27 * s, 0.37 * s, 0.34, -0.25)
    squares += ellipsoid(0.07 * s, floor - 0.52 * s, 0.17 * s, 0.30 * s, 0.34, -0.25)
    knob = p.apex + 0.31 + 0.02 * rng.standard_normal()
    squares += ellipsoid(m * 0.62, knob, 0.10, 0.105, 0.25)
    # Neck vessels and thymus: a band with uneven, slightly wavy borders.
    edges = np.linspace(-1.6, 1.6, 25)
    for side in (-1, 1):
        border = m * (0.92 if side < 0 else 1.0) + 0.008 * rng.standard_normal(25)
        border = np.interp(y, edges, border) * np.clip(1.1 - 0.35 * (y - p.apex), 0.72, 1.1)
        relative = (x / border.astype(np.float32)) ** 2
        squares += np.where(x * side > 0, 0.55 * np.maximum(0, 1 - relative * relative), 0)
    return canvas.paste(area, np.sqrt(squares))


def under_diaphragm(canvas: Canvas, p: Patient) -> np.ndarray:
    """Share of the chest's depth, 0 to 1, that lies below the diaphragm at each pixel.

    A dome is highest in its middle and falls off forwards and backwards too, so its outline is sharp and the
    lung behind it fades out over the height of the posterior recess.
    """
    area = canvas.window(-2, min(p.domes) - 0.05, 2, 2)
    y = canvas.y[area[0]]
    x = canvas.x - p.centre(y)
    middle = 0.42 * p.chest_width
    away = np.abs(x) - middle
    lateral, medial = np.float32(1 / (p.chest_width - middle) ** 2), np.float32(0.2 / middle**2)
    curve = away**2 * np.where(away > 0, lateral, medial)
    top, fall = ([np.float32(v) for v in pair] for pair in (p.domes, np.subtract(p.recesses, p.domes)))
    outline = np.where(x < 0, top[0] + fall[0] * curve, top[1] + fall[1] * curve)
    return canvas.paste(area, np.sqrt(np.clip((y - outline) / 0.10, 0, 1)))


def airway(canvas: Canvas, p: Patient) -> np.ndarray:
    """Depth of the air in the windpipe and the two main bronchi."""
    fork = p.apex + 0.40
    area = canvas.window(-0.5, -2, 0.5, fork + 0.3)
    y = canvas.y[area[0]]
    x = canvas.x[:, area[1]] - p.centre(y)
    radius = 0.036 + 0.006 * p.age
    # The windpipe lies half a radius to the right; the left bronchus runs flatter and longer.
    squares = _capsule(x, y, (-0.01, -2.0), (-0.01, fork), radius)
    for side, drop in ((-1, 0.17), (1, 0.12)):
        bronchus = _capsule(x, y, (-0.01, fork), (0.17 * side - 0.01, fork + drop), 0.75 * radius)
        squares = np.maximum(squares, 0.6 * bronchus)
    return canvas.paste(area, 2 * np.sqrt(squares))


def gas(canvas: Canvas, p: Patient, rng: np.random.Generator) -> np.ndarray:
    """Depth of the air in stomach and bowel, below the left dome."""
    bubbles = []
    if p.stomach is not None:
        height = p.stomach * rng.uniform(0.3, 0.6)
        place = (0.36 + 0.05 * rng.standard_normal(), p.domes[1] + 0.09 + height)
        bubbles.append((*place, p.stomach, height, 0.34))
    for _ in range(p.bowel):
        size = rng.uniform(0.05, 0.12)
        place = (rng.uniform(0.1, 0.6), p.domes[1] + rng.uniform(0.22, 0.5))
        bubbles.append((*place, size, size * rng.uniform(0.5, 0.9), 0.2))
    total = np.zeros((canvas.size, canvas.size), np.float32)
    for cx, cy, rx, ry, depth in bubbles:
        area = canvas.window(cx - 1.3 * rx - 0.1, cy - 1.3 * ry, cx + 1.3 * rx + 0.1, cy + 1.3 * ry)
        y = canvas.y[area[0]] - np.float32(cy)
        x = canvas.x[:, area[1]] - p.centre(canvas.y[area[0]]) - np.float32(cx)
        wave = 1 + 0.16 * np.sin(3 * np.arctan2(y, x) + np.float32(rng.uniform(0, 6.28)))
        radius = (x / np.float32(rx)) ** 2 + (y / np.float32(ry)) ** 2
        total[area] = np.maximum(total[area], depth * np.sqrt(np.maximum(0, 1 - radius * wave)))
    return total


def texture(canvas: Canvas, amplitudes: dict[int, float], rng: np.random.Generator) -> np.ndarray:
    """Smooth noise, the same at any resolution: the sum of lattices of random values, coarse to fine.

    Args:
        canvas: the plane to fill.
        amplitudes: deviation of each lattice by its number of cells along a side.
        rng: source of the values.
    """
    total = np.zeros((1, 1), np.float32)
    for cells, amplitude in amplitudes.items():
        values = rng.standard_normal((cells, cells), np.float32)
        total = upsample(total, cells) + np.float32(amplitude) * values
    return upsample(total, canvas.size)
