"""All numbers of a set of images against real ones: each an estimate, or the reason why there is none."""

from collections.abc import Callable

import numpy as np

from image_generating.metrics import (
    distances,
    manifold,
    neighbors,
    privacy,
    similarity,
    spectrum,
    twosample,
)
from image_generating.metrics.estimate import Estimate, Incomputable, share
from image_generating.metrics.features import Observed

Numbers = dict[str, Estimate | Incomputable]

# What depends on the size of the sets is taken at equal sizes, at most this: distances of all pairs grow
# with the square.
MOST = 5000
# Smaller sets are drawn again and again, so that all images count; less often for what takes long.
DRAWS, QUICK_DRAWS = 10, 100


def equal_size(*sets: Observed) -> int:
    """How many images of each set are compared where the size matters."""
    return min(MOST, *map(len, sets))


def likeness(images: Observed, heldout: Observed, *, size: int, seed: int, kid_size: int) -> Numbers:
    """Fidelity and diversity of images against held-out real ones.

    Args:
        images: the set in question.
        heldout: real images that were not trained on.
        size: how many of each enter where the number depends on it.
        seed: of the draws and the bootstrap.
        kid_size: how many of `images` the range of KID is for.
    """
    x, y = images.features, heldout.features
    draws = _draws(len(images), len(heldout), size, seed)

    def drawn(
        measure: Callable[[np.ndarray, np.ndarray], float],
        a: np.ndarray = x,
        b: np.ndarray = y,
        most: int = DRAWS,
    ):
        def mean():
            try:
                return _mean([measure(a[i], b[j]) for i, j in draws[:most]])
            except Incomputable as reason:
                if len(images) == len(heldout) == size:
                    raise
                raise Incomputable(f"{reason} when all sets are cut to the smallest") from reason

        return mean

    curves, real_curves = (np.stack([s.spectra, s.total_spectra], axis=1) for s in (images, heldout))
    return _collect(
        kid=lambda: distances.kid(x, y, size=kid_size, seed=seed),
        fid=drawn(distances.fid),
        precision=drawn(manifold.precision, most=QUICK_DRAWS),
        density=drawn(manifold.density, most=QUICK_DRAWS),
        auc=drawn(lambda a, b: twosample.auc(a, b, seed=seed)),
        spectrum_db=drawn(spectrum.difference, images.spectra, heldout.spectra),
        fine_db=drawn(spectrum.fine_difference, images.spectra, heldout.spectra),
        grid_db=drawn(spectrum.grid, curves, real_curves),
        recall=drawn(manifold.recall, most=QUICK_DRAWS),
        coverage=drawn(manifold.coverage, most=QUICK_DRAWS),
        ms_ssim=lambda: similarity.mean_pairwise(images.kept, seed=seed),
    )


def secrecy(images: Observed, heldout: Observed, train: Observed, *, seed: int) -> Numbers:
    """Whether images are closer to the training images than held-out real images are.

    Equal images count once: a repeated one is a single piece of evidence.
    """
    x, y, t = np.unique(images.features, axis=0), heldout.features, train.features

    def near_copies():
        to_train, real = (neighbors.nearest(s, t)[0][:, 0] for s in (x, y))
        return share(privacy.near_copies(to_train, real))

    return _collect(
        copying=lambda: Estimate(privacy.copying(x, y, t, seed=seed)),
        authenticity=lambda: share(privacy.authentic(x, t)),
        neighbor_ratio=lambda: Estimate(privacy.neighbor_ratio(x, y, t)),
        near_copies=near_copies,
    )


def secrecy_of_heldout(heldout: Observed, train: Observed, *, seed: int) -> Numbers:
    """The same numbers for real images that were not trained on.

    The data-copying test compares one half of them with the other; elsewhere an image is compared with all
    others.
    """
    y, t = heldout.features, train.features
    random = np.random.default_rng(seed)

    def copying():
        halves = [np.array_split(random.permutation(len(y)), 2) for _ in range(DRAWS)]
        return _mean([privacy.copying(y[one], y[other], t, seed=seed) for one, other in halves])

    return secrecy(heldout, heldout, train, seed=seed) | _collect(
        copying=copying,
        neighbor_ratio=lambda: Estimate(privacy.neighbor_ratio(y, y, t, same=True)),
    )


def _draws(first: int, second: int, size: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    random = np.random.default_rng(seed)
    whole = first == second == size
    count = 1 if whole else int(np.clip(2000 // size, 1, QUICK_DRAWS))
    return [(random.permutation(first)[:size], random.permutation(second)[:size]) for _ in range(count)]


def _mean(values: list[float]) -> Estimate:
    if len(values) < DRAWS:
        return Estimate(float(np.mean(values)))
    return Estimate(float(np.mean(values)), *map(float, np.percentile(values, [2.5, 97.5])))


def _collect(**measures: Callable[[], Estimate]) -> Numbers:
    numbers: Numbers = {}
    for name, measure in measures.items():
        try:
            numbers[name] = _finite(measure())
        except Incomputable as reason:
            numbers[name] = reason
    return numbers


def _finite(number: Estimate) -> Estimate:
    """The number without a range that is none.

    Raises:
        Incomputable: it is not finite.
    """
    if not np.isfinite(number.value):
        raise Incomputable("has no finite value for these images")
    ranged = number.low is not None and np.isfinite([number.low, number.high]).all()
    return number if ranged else Estimate(number.value)
