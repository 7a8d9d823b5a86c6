"""The bones: hollow tubes in three dimensions, and the spine.

A tube is sampled on its surface. The projection of a shell is by itself what a radiograph shows: bright rims
where the ray runs along the cortex, a paler middle, and a bright margin where a rib turns forward.
"""

import numpy as np

from image_generating.data.phantom.canvas import Canvas, bezier
from image_generating.data.phantom.patient import Patient

# Half the depth of the rib cage.
CHEST_DEPTH = 0.55
# Distance between neighboring surface points, in pixels.
SPACING = 1.15
HEIGHT, DEPTH = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def tubes(canvas: Canvas, p: Patient, path: np.ndarray, height, width, cortex, up=HEIGHT) -> tuple:
    """Surface points of bones along paths, as a cloud for `Canvas.splat`.

    Args:
        canvas: gives the spacing of the points.
        p: bends and turns the bones with the body.
        path: points of each bone in order, shape (bones, points, 3).
        height: semi-axis of the cross-section along `up`, at places spread evenly along the path;
            shape (places,) or (bones, places).
        width: the other semi-axis, likewise.
        cortex: thickness of the shell in scene units of water: a number, or one for each bone.
        up: unit vector that the height is measured along.
    """
    lengths = np.linalg.norm(np.diff(path, axis=1), axis=2)
    count = max(6, int(1.25 * lengths.sum(axis=1).max() / canvas.pixel / SPACING))
    path = _resample(path, count)
    height, width = (_resample(np.atleast_2d(r)[..., None], count) for r in (height, width))
    step = np.gradient(path, axis=1)
    length = np.linalg.norm(step, axis=2, keepdims=True)
    tangent = step / length
    vertical = np.asarray(up) - (tangent @ np.asarray(up))[..., None] * tangent
    vertical /= np.linalg.norm(vertical, axis=2, keepdims=True) + 1e-9
    level = np.cross(tangent, vertical)
    around = max(10, int(4.4 * max(height.max(), width.max()) / canvas.pixel / SPACING))
    angle = (np.arange(around) + 0.5) * (2 * np.pi / around)
    path, vertical, level, height, width, cosine, sine = (
        v.astype(np.float32) for v in (path, vertical, level, height, width, np.cos(angle), np.sin(angle))
    )
    tall, deep = height * cosine, width * sine
    x, y, z = (
        path[..., k, None] + tall * vertical[..., k, None] + deep * level[..., k, None] for k in range(3)
    )
    # Bones end softly, in cartilage or behind other bones.
    place = np.linspace(0, 1, count)
    fade = np.clip(np.minimum(place / 0.05, (1 - place) / 0.07), 0, 1)
    shell = length[..., 0] * np.reshape(cortex, (-1, 1)) * fade * (2 * np.pi / around)
    volume = np.hypot(height * sine, width * cosine) * shell.astype(np.float32)[..., None]
    # The bend is the same all around a bone, so one look-up along it will do.
    bend = p.centre(path[..., 1:2]).astype(np.float32)
    return x + bend + np.float32(p.twist) * z, y, volume


def _resample(values: np.ndarray, count: int) -> np.ndarray:
    """Linear interpolation of (bones, n, k) values to (bones, count, k)."""
    n = values.shape[1]
    at = (np.arange(count) + 0.5) / count * (n - 1)
    before = np.minimum(at.astype(int), max(n - 2, 0))
    after = np.minimum(before + 1, n - 1)
    share = (at - before)[:, None]
    return values[:, before] * (1 - share) + values[:, after] * share


def ribs(canvas: Canvas, p: Patient, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Twelve pairs, from the spine around the side to where the invisible cartilage begins."""
    side = np.repeat([-1.0, 1.0], 12)[:, None]
    number = np.tile(np.arange(12), 2)
    reach = np.array([0.80, 0.83, 0.85, 0.86, 0.86, 0.85, 0.83, 0.79, 0.74, 0.68, 0.46, 0.36])[number]
    steepness = np.array([0.66, 0.80, 0.92, 1.0, 1.06, 1.1, 1.12, 1.12, 1.1, 1.05, 0.9, 0.8])[number]
    jitter = rng.standard_normal((5, 24))
    # How far around the chest: 0 at the spine, 1 at the breastbone.
    turn = np.linspace(0.025, reach + 0.012 * jitter[0], 140, axis=1)
    drop = p.rib_drop * steepness * (1 + 0.04 * jitter[1])
    level = np.repeat(0.012 * rng.standard_normal(2), 12)
    start = p.apex - 0.005 + level + rib_pitch(p) * (number + 0.06 * jitter[2])
    # A short rise beside the spine, steepest at the side of the chest.
    middle = np.clip((turn - 0.25) / 0.5, 0, 1)
    fall = 0.65 * turn**1.3 + 0.35 * middle**2 * (3 - 2 * middle)
    rise = 0.05 * np.sin(np.pi * np.clip(turn / 0.4, 0, 1))
    y = start[:, None] + drop[:, None] * (fall - rise)
    wall = p.wall(y)
    x = side * (wall + 0.012) * np.sin(np.pi * turn) ** 0.65
    z = -CHEST_DEPTH * np.cos(np.pi * turn) * np.clip(wall / p.chest_width, 0.4, 1)
    size = p.rib_height * np.where(np.isin(number, (0, 11)), 0.85, 1.0) * (1 + 0.07 * jitter[3])
    # Slim at the spine, broader towards the front end.
    height = size[:, None] * [0.72, 0.95, 0.98, 0.96, 1.0, 1.08, 1.15]
    cortex = np.where(number < 8, 0.037, 0.029) * p.bone * (1 + 0.12 * jitter[4])
    return tubes(canvas, p, np.stack([x, y, z], axis=2), height, 0.45 * height, cortex)


def rib_pitch(p: Patient) -> float:
    """Distance between two ribs, and two vertebrae: a breath in lifts nine to ten of them above the dome."""
    return (p.domes[0] + 0.06 - p.apex) / 9.4


def shoulders(canvas: Canvas, p: Patient, rng: np.random.Generator) -> list[tuple]:
    """Clavicle, shoulder blade and upper arm of both sides, and the jaw where the chin is in the picture."""
    cortex = 0.045 * p.bone
    jitter = rng.standard_normal((5, 2))
    joint_x = 0.86 + 0.03 * jitter[0]
    joint_y = p.apex + 0.02 - (0.06 if p.arms_up else 0.0) + np.array(p.shoulders)
    inner = p.apex + 0.13 + 0.02 * jitter[1]
    tip = joint_y - 0.07
    hang = 0.05 if p.arms_up else 0.16

    def pair(*points):
        # Control points of both sides, given for the left one.
        path = np.array([[np.broadcast_to(v, 2) for v in point] for point in points]).transpose(2, 0, 1)
        return bezier(path * [[[-1, 1, 1]], [[1, 1, 1]]])

    clavicle = pair(
        (0.065, inner, 0.5),
        (0.22, inner - 0.03, 0.6),
        (0.34, tip - 0.02, 0.45),
        (0.5, tip - 0.07, 0.1),
        (joint_x - 0.12, tip, 0.0),
    )
    thick = (0.022 + 0.002 * jitter[2])[:, None] * [1.35, 1.1, 0.9, 0.85, 0.95, 1.1]
    # The blade is a flat plate: wide under the joint, narrowing to its lower angle.
    blade = pair(
        (joint_x - 0.06, joint_y + 0.02, -0.3),
        (joint_x - 0.1, joint_y + 0.22, -0.4),
        (joint_x - hang, joint_y + 0.48, -0.5),
    )
    ridge = pair(
        (joint_x - 0.3, joint_y + 0.1, -0.5),
        (joint_x - 0.14, joint_y - 0.02, -0.4),
        (joint_x - 0.02, joint_y - 0.1, -0.1),
    )
    aside = (0.12 if p.arms_up else 0.28) + 0.045 * jitter[3]
    along = -0.75 if p.arms_up else 0.9
    arm = pair((joint_x - 0.1 * aside, joint_y - 0.1 * along, 0.0), (joint_x + aside, joint_y + along, 0.0))
    head = (0.073 + 0.012 * p.age) * np.sqrt(1 - np.linspace(-0.999, 0.62, 9) ** 2)
    arm_radius = np.concatenate([head, np.linspace(0.056, 0.045, 24)])
    plate = [0.05, 0.085, 0.1, 0.085, 0.06, 0.035, 0.012]
    clouds = [
        tubes(canvas, p, clavicle, thick, 0.8 * thick, 1.3 * cortex),
        tubes(canvas, p, blade, [0.012], plate, 0.35 * cortex, up=DEPTH),
        tubes(canvas, p, ridge, [0.02], [0.013], 0.6 * cortex),
        tubes(canvas, p, arm, arm_radius, arm_radius, 1.2 * cortex, up=DEPTH),
    ]
    if p.chin is not None:
        half = 0.31 + 0.03 * jitter[4, 0]
        upper, lower = p.chin - 0.35, p.chin - 0.02
        jaw = [
            (-half, upper, 0),
            (-half, lower, 0.3),
            (0, p.chin + 0.28, 0.5),
            (half, lower, 0.3),
            (half, upper, 0),
        ]
        clouds.append(tubes(canvas, p, bezier(np.array(jaw)[None]), [0.045], [0.03], 1.5 * cortex))
    return clouds


def spine(canvas: Canvas, p: Patient, rng: np.random.Generator) -> np.ndarray:
    """Thickness map of the vertebral column: bodies with their end plates, pedicles and processes."""
    pitch, half = rib_pitch(p), p.spine_width
    across = half * 2.3
    middle = float(np.max(np.abs(p.centre(canvas.y)))) + abs(p.twist) * CHEST_DEPTH + across
    rows, columns = canvas.window(-middle, -2, middle, 2)
    y = canvas.y[rows]
    counted = (y - p.apex) / pitch + 0.5
    # Vertebrae of the neck are lower and narrower, those of the loins broader.
    half = half * np.clip(1 + 0.14 * (y - 0.2), 0.78, 1.15)
    phase = (counted - np.floor(counted)).astype(np.float32)
    side = ((canvas.x[:, columns] - p.centre(y) + p.twist * CHEST_DEPTH * 0.8) / half).astype(np.float32)
    reach = np.abs(side)
    blur = max(0.05, canvas.pixel / p.spine_width)

    def step(distance, softness=blur):
        return np.clip(0.5 + distance / softness, 0, 1)

    gap = 0.105 - 0.025 * p.age
    from_plate = np.minimum(phase, 1 - phase) - gap
    waist = 1 - 0.13 * np.sin(np.pi * phase) ** 2
    body = step(waist - reach, 0.14) * step(from_plate, 0.08 + blur)
    plates = np.exp(-((from_plate / 0.035) ** 2)) * step(1.02 - reach, 0.12)
    rims = np.exp(-(((reach - waist + 0.06) / 0.07) ** 2)) * step(from_plate, 0.1)
    canal = 0.05 * step(1.05 - reach, 0.25)
    tilt = np.hypot((reach - 0.66) / 0.21, (phase - 0.36) / 0.21)
    pedicles = np.exp(-(((tilt - 0.85) / 0.3) ** 2))
    process = np.exp(-(((np.hypot(side / 0.17, (phase - 0.80) / 0.22) - 0.7) / 0.4) ** 2))
    wings = (
        np.exp(-(((phase - 0.40 + 0.10 * (reach - 1)) / 0.12) ** 2))
        * step(1.75 - reach, 0.4)
        * step(reach - 0.8, 0.3)
    )
    grain = 1 + 0.1 * rng.standard_normal(64)[np.clip(np.floor(counted).astype(int) + 20, 0, 63)]
    column = (
        0.055 * body + 0.055 * plates + 0.035 * rims + 0.06 * pedicles + 0.04 * process + 0.04 * wings
    ) * grain
    return canvas.paste((rows, columns), p.bone * (column + canal))
