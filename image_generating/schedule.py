"""How far a training has come: its bounds, and the phase of growth that belongs to each point."""

import dataclasses

from image_generating.config import Recipe, TrainConfig
from image_generating.errors import UserError
from image_generating.networks.grids import grids

_DEFAULT_MINUTES = 60.0


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The bounds of a training and its phases.

    Attributes:
        images: bound on the number of images shown, or None.
        seconds: bound on the training time, or None.
        phases: pairs of (resolution, progress in [0, 1] at which it ends), growing.
    """

    images: float | None
    seconds: float | None
    phases: tuple[tuple[int, float], ...]

    def progress(self, images: int, seconds: float) -> float:
        """How much of the training is done, 1 when the first bound is reached."""
        parts = []
        if self.images is not None:
            parts.append(images / self.images)
        if self.seconds is not None:
            parts.append(seconds / self.seconds)
        return max(parts)

    def resolution(self, progress: float) -> int:
        """Resolution of the phase at this progress."""
        return next((r for r, end in self.phases if progress < end), self.phases[-1][0])

    def last_phase(self, progress: float) -> float:
        """How much of the last phase is done at this progress of the training; 0 where there is but one."""
        if len(self.phases) == 1:
            return 0.0
        begin, end = (end for _, end in self.phases[-2:])
        return min(1.0, max(0.0, (progress - begin) / (end - begin)))


def schedule(config: TrainConfig, growth: tuple[tuple[int, float], ...], data_set_size: int) -> Schedule:
    """Builds the schedule of a training from its bounds; one hour when none is given.

    Args:
        config: with the bounds.
        growth: as `phases` returns it.
        data_set_size: number of images in an epoch.

    Raises:
        UserError: if a bound is not positive.
    """
    for name in ("epochs", "kimg", "minutes"):
        bound = getattr(config, name)
        if bound is not None and not bound > 0:
            raise UserError(f"--{name} must be greater than 0, not {bound}.")
    images = [config.epochs and config.epochs * data_set_size, config.kimg and config.kimg * 1000]
    images = min((bound for bound in images if bound), default=None)
    minutes = config.minutes
    if minutes is None and images is None:
        minutes = _DEFAULT_MINUTES
    return Schedule(images, minutes and minutes * 60, growth)


def phases(recipe: Recipe) -> tuple[tuple[int, float], ...]:
    """The growth's resolutions and the progress at which each ends.

    Phases below twice the base grid are left out, and the others share the whole training.

    Raises:
        UserError: if no network has the recipe's resolution.
    """
    full = recipe.network.resolution
    base = grids(full)[0]
    growth = [
        (full // reduction, share)
        for reduction, share in recipe.growth
        if reduction == 1 or full // reduction >= 2 * base
    ]
    total, done, ends = sum(share for _, share in growth), 0.0, []
    for resolution, share in growth:
        done += share / total
        ends.append((resolution, done))
    return tuple(ends)
