"""From numbers to statements: what is wrong with a set of images, and by which evidence.

Every rule compares with the same number for real images, so that small sets and other feature networks, for
which even real images do not reach the textbook value, are judged fairly.
"""

import dataclasses
import re
from collections.abc import Callable
from typing import Literal

from image_generating.metrics import numerals
from image_generating.metrics.estimate import Estimate
from image_generating.metrics.measures import Numbers

Flag = Literal["unrealistic", "blurred", "noisy", "grid", "repetitive", "incomplete", "copied"]

QUESTIONS: dict[str, tuple[Flag, ...]] = {
    "fidelity": ("unrealistic", "blurred", "noisy", "grid"),
    "diversity": ("repetitive", "incomplete"),
    "privacy": ("copied",),
}
# Differences in spectra that an eye sees; between sets of real images they are below 0.5 dB.
VISIBLE_DB = 1.5
STRONG_COPYING = -3.0
TOLD_APART = 0.9
MORE_ALIKE = 0.1


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing wrong, the key of the number that shows it, and the evidence as a sentence."""

    flag: Flag
    metric: str
    evidence: str


def find(numbers: Numbers, floor: Numbers) -> list[Finding]:
    """What is wrong with a set of images.

    Args:
        numbers: of the set.
        floor: the same for real images.

    Returns:
        Findings in the order of `QUESTIONS`; a flag may have several. A number that is missing shows nothing.
    """
    found = []
    for flag, metric, rule in RULES:
        ours, real = numbers[metric], floor[metric]
        if isinstance(ours, Estimate) and isinstance(real, Estimate) and (evidence := rule(ours, real)):
            found.append(Finding(flag, metric, re.sub(r"-(?=\d)", "−", evidence)))
    return found


def _kid(ours: Estimate, real: Estimate) -> str | None:
    if None in (ours.low, real.high) or ours.low <= real.high:
        return None
    return (
        f"The distance to real images, KID, is {numerals.fixed(1000 * ours.value, 1)}·10⁻³; for real images "
        f"it stays below {numerals.fixed(1000 * real.high, 1)}·10⁻³."
    )


def _auc(ours: Estimate, real: Estimate) -> str | None:
    if not ours.value >= TOLD_APART > _high(real):
        return None
    return (
        f"A simple classifier tells the images from real ones: AUC {ours.value:.2f}, where 0.5 is guessing."
    )


def _precision(ours: Estimate, real: Estimate) -> str | None:
    if ours.value >= real.value / 2:
        return None
    return f"{ours.value:.0%} of the images lie where real images lie; {real.value:.0%} of real images do."


def _blurred(ours: Estimate, real: Estimate) -> str | None:
    if ours.value >= _low(real) - VISIBLE_DB:
        return None
    return f"Fine structures are {abs(ours.value):.1f} dB weaker than in real images."


def _noisy(ours: Estimate, real: Estimate) -> str | None:
    if ours.value <= _high(real) + VISIBLE_DB:
        return None
    return f"Fine structures are {ours.value:.1f} dB stronger than in real images."


def _grid(ours: Estimate, real: Estimate) -> str | None:
    if ours.value <= _high(real) + VISIBLE_DB:
        return None
    return f"There is a regular fine pattern, {ours.value:.1f} dB above what real images show."


def _alike(ours: Estimate, real: Estimate) -> str | None:
    if ours.value <= real.value + MORE_ALIKE:
        return None
    return f"Two of the images are alike by {ours.value:.2f} (MS-SSIM); two real images by {real.value:.2f}."


def _recall(ours: Estimate, real: Estimate) -> str | None:
    if ours.value >= real.value / 2:
        return None
    return (
        f"{ours.value:.0%} of real images lie where generated ones lie; {real.value:.0%} where real ones do."
    )


def _coverage(ours: Estimate, real: Estimate) -> str | None:
    if ours.value >= real.value / 2:
        return None
    return f"{ours.value:.0%} of real images have a generated one close by; {real.value:.0%} have a real one."


def _near_copies(ours: Estimate, real: Estimate) -> str | None:
    if ours.value <= 2 * real.value:
        return None
    return (
        f"{ours.value:.1%} of the images are near copies of a training image; of unseen real images "
        f"{real.value:.1%} are."
    )


def _copying(ours: Estimate, real: Estimate) -> str | None:
    if ours.value >= STRONG_COPYING:
        return None
    return (
        "The images are closer to training images than unseen real images are: "
        f"C_T {ours.value:.1f}, where below {STRONG_COPYING:.0f} is strong evidence."
    )


def _authenticity(ours: Estimate, real: Estimate) -> str | None:
    if _high(ours) >= real.value / 2:
        return None
    return (
        f"{ours.value:.0%} of the images are farther from their training image than that one's own neighbor; "
        f"of unseen real images {real.value:.0%} are."
    )


def _low(estimate: Estimate) -> float:
    return estimate.value if estimate.low is None else estimate.low


def _high(estimate: Estimate) -> float:
    return estimate.value if estimate.high is None else estimate.high


# The number is looked at by the rule, which says what is wrong, or nothing.
RULES: tuple[tuple[Flag, str, Callable[[Estimate, Estimate], str | None]], ...] = (
    ("unrealistic", "kid", _kid),
    ("unrealistic", "auc", _auc),
    ("unrealistic", "precision", _precision),
    ("blurred", "fine_db", _blurred),
    ("noisy", "fine_db", _noisy),
    ("grid", "grid_db", _grid),
    ("repetitive", "ms_ssim", _alike),
    ("incomplete", "recall", _recall),
    ("incomplete", "coverage", _coverage),
    ("copied", "near_copies", _near_copies),
    ("copied", "copying", _copying),
    ("copied", "authenticity", _authenticity),
)
