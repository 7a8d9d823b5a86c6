"""The grids a network passes through on its way to a resolution."""

from image_generating.errors import UserError

SMALLEST_BASE, LARGEST_BASE = 14, 27
FEWEST_DOUBLINGS, MOST_DOUBLINGS = 2, 6
# From the full resolution to the last grid before it, on which chests are drawn.
REDUCTION = 4


def grids(resolution: int) -> tuple[int, ...]:
    """Sides of the square grids from the base to the image, each twice the one before.

    The base is the resolution halved until it is at most 27, so 800 gives 25, 50, 100, 200, 400, 800.

    Args:
        resolution: side of the image in pixels.

    Raises:
        UserError: if the resolution is not a base of 14 to 27 doubled 2 to 6 times.
    """
    allowed = sorted(
        base << doublings
        for base in range(SMALLEST_BASE, LARGEST_BASE + 1)
        for doublings in range(FEWEST_DOUBLINGS, MOST_DOUBLINGS + 1)
    )
    if resolution not in allowed:
        nearest = sorted(sorted(allowed, key=lambda r: abs(r - resolution))[:2])
        raise UserError(
            f"Resolution {resolution} does not halve down to a base grid of {SMALLEST_BASE} to "
            f"{LARGEST_BASE} pixels; the nearest two that work are {nearest[0]} and {nearest[1]}."
        )
    sides = [resolution]
    while sides[0] > LARGEST_BASE:
        sides.insert(0, sides[0] // 2)
    return tuple(sides)
