"""What every measure returns: a number with its spread, or the reason why there is none."""

import dataclasses


class Incomputable(ValueError):
    """A measure has no value for these images; the message is the reason that the report shows."""


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number and, where it is known, the range of 95 in 100 repetitions."""

    value: float
    low: float | None = None
    high: float | None = None


def require(count: int, least: int, what: str):
    """Raises `Incomputable` when there are fewer than `least` images."""
    if count < least:
        raise Incomputable(f"needs at least {least} {what}, there are {count}")
