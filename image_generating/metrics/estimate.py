"""What every measure returns: a number with its spread, or the reason why there is none."""

import dataclasses

import numpy as np


class Incomputable(ValueError):
    """A measure has no value for these images; the message is the reason that the report shows."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number and, where it is known, the range of 95 in 100 repetitions."""

    value: float
    low: float | None = None
    high: float | None = None


def share(truths: np.ndarray) -> Estimate:
    """The share of true ones, with its range by Wilson (1927): right for few and for extreme shares."""
    count, mean, z = len(truths), float(np.mean(truths)), 1.96
    center = (mean + z**2 / (2 * count)) / (1 + z**2 / count)
    margin = z * np.sqrt(mean * (1 - mean) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return Estimate(mean, max(0.0, float(center - margin)), min(1.0, float(center + margin)))


def require(count: int, least: int, what: str):
    """Raises `Incomputable` when there are fewer than `least` images."""
    if count < least:
        raise Incomputable(f"needs at least {least} {what}, there are {count}")
