"""One imaginary patient: every number that differs between two phantoms, drawn from the seed.

The scene is measured in half image sides: at unit zoom the radiograph spans x and y from -1 to 1.
x grows towards the image's right, which is the patient's left; y grows downwards; z grows from the
back to the breastbone. The patient's right side is -1, the left side is +1.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Patient:
    """Build, posture and position of one patient, and how the picture was taken."""

    # Build: 0 is an infant, 1 a schoolchild; habitus is the fat and muscle outside the ribs.
    age: float
    habitus: float
    chest_width: float
    # How fast the chest widens below the apex: above 1 it is a triangle, below 1 a barrel.
    taper: float
    apex: float
    # Height of the dome and of the costophrenic angle, for the right and the left side.
    domes: tuple[float, float]
    recesses: tuple[float, float]
    rib_drop: float
    rib_height: float
    spine_width: float
    bone: float
    heart_size: float
    heart_lean: float
    mediastinum: float
    lung_density: float
    # Posture.
    arms_up: bool
    shoulders: tuple[float, float]
    chin: float | None
    lean: float
    bow: float
    bow_phase: float
    twist: float
    # Gas below the left dome: half width, or None.
    stomach: float | None
    bowel: int
    # Camera and film.
    zoom: float
    shift: tuple[float, float]
    angle: float
    collimation: float | None
    dark_gray: float
    bright_gray: float
    marker: tuple[float, float]
    marker_height: float
    marker_weight: float

    def centre(self, y: np.ndarray) -> np.ndarray:
        """Where the body's middle lies at the heights `y`: it leans, and no spine is quite straight."""
        return self.lean * y + self.bow * np.sin(2.2 * y + self.bow_phase)

    def wall(self, y: np.ndarray) -> np.ndarray:
        """Half width of the rib cage's inside at the heights `y`."""
        depth = np.clip((y - self.apex) / (np.mean(self.recesses) - self.apex), 0, 1.2)
        # Tabulated over the square root, so that the apex is round and not pointed.
        knots = [0.0, 0.10, 0.25, 0.40, 0.55, 0.77, 0.92, 1.1]
        widths = np.array([0.34, 0.48, 0.61, 0.75, 0.86, 0.96, 1.0, 0.985]) ** self.taper
        return self.chest_width * np.interp(np.sqrt(depth), knots, widths)


def draw_patient(seed: int) -> Patient:
    """The patient that belongs to `seed`; the picture's resolution has no part in it."""
    rng = np.random.default_rng([seed, 0])

    def spread(middle: float, deviation: float) -> float:
        return float(middle + deviation * np.clip(rng.standard_normal(), -2.2, 2.2))

    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    age = float(rng.beta(1.4, 1.6))
    habitus = between(0, 1)
    inspiration = spread(0, 1)
    apex = spread(-0.69, 0.035)
    right = spread(0.44, 0.03) + 0.055 * inspiration
    left = right + abs(spread(0.055, 0.03))
    depth = between(0.17, 0.26)
    arms_up = bool(rng.random() < 0.85 - 0.6 * age)
    chin = between(-1.14, -0.92) if arms_up and rng.random() < 0.75 - 0.6 * age else None
    return Patient(
        age=age,
        habitus=habitus,
        chest_width=spread(0.755, 0.04),
        taper=spread(1.25 - 0.4 * age, 0.16),
        apex=apex,
        domes=(right, left),
        recesses=(right + depth, left + depth - 0.02),
        rib_drop=spread(0.40 + 0.2 * age, 0.05),
        rib_height=spread(0.0285 - 0.004 * age, 0.0022),
        spine_width=spread(0.088 - 0.008 * age, 0.005),
        bone=spread(1.0, 0.13),
        heart_size=spread(1.06 - 0.1 * age, 0.055),
        heart_lean=between(0.45, 0.95),
        mediastinum=spread(0.185 - 0.045 * age, 0.02),
        lung_density=between(0.20, 0.32),
        arms_up=arms_up,
        shoulders=(spread(0, 0.035), spread(0, 0.035)),
        chin=chin,
        lean=spread(0, 0.022),
        bow=spread(0, 0.014),
        bow_phase=between(0, 6.28),
        twist=spread(0, 0.035),
        stomach=between(0.09, 0.22) if rng.random() < 0.55 else None,
        bowel=int(rng.integers(0, 6) * (rng.random() < 0.4)),
        zoom=spread(1.02, 0.045),
        shift=(spread(0, 0.03), spread(0, 0.035)),
        angle=spread(0, 1.2),
        collimation=between(0.955, 0.995) if rng.random() < 0.15 else None,
        dark_gray=spread(88, 13),
        bright_gray=spread(188, 9),
        marker=(between(-0.965, -0.80), between(-0.92, -0.35)),
        marker_height=between(0.075, 0.125),
        marker_weight=between(0.11, 0.165),
    )
