"""Groupwise registration: every radiograph is bent until it lies on the average of all.

The average of radiographs is a blur, because no two chests agree in size and place. The average of
*aligned* radiographs has ribs, clavicles and a heart border, and what is left of the differences is
shape, which is smooth, and gray values, which hardly move.

The method is the demons algorithm (Thirion 1998, "Image matching as a diffusion process") with
composed steps and symmetric forces (Vercauteren et al. 2009, "Diffeomorphic demons"), from coarse to
fine, against an average that is made anew in between (Joshi et al. 2004, "Unbiased diffeomorphic atlas
construction"). Forces are those of two views of an image: its gray values, which move the outlines, and
its local contrast, which puts ribs on ribs whatever the exposure.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy import ndimage

_ROUNDS = 2
_STEPS = 25
# Gaussians, in pixels of the level: of a step (as of a viscous fluid), of the whole (as of an elastic body).
_VISCOSITY, _ELASTICITY = 1.8, 0.9
_LONGEST_STEP = 1.0
# Of the side. Beyond this lies nothing but the aimless drift of empty corners.
_FARTHEST = 0.2
# Of the side: the neighborhood of local contrast. And the contrast, in gray values, below which is noise.
_NEIGHBORHOOD, _NOISE = 0.04, 0.02
_STRONGEST_CONTRAST = 2.5


@dataclasses.dataclass(frozen=True)
class Alignment:
    """Images and how each is bent.

    Attributes:
        displacements: float32 (N, B, B, 2), in pixels of that coarsest grid: at a place of the image, how
            far down and right of it the aligned image shows the same part of the body.
        images: float32 (N, S, S), aligned.
    """

    displacements: np.ndarray
    images: np.ndarray


def align(
    images: np.ndarray, sides: Sequence[int], track: Callable[[Iterable], Iterable] = lambda jobs: jobs
) -> Alignment:
    """Aligns images with their common average.

    Args:
        images: float32 (N, S, S), black -1, white 1.
        sides: of the grids to work on, from coarse to fine, each twice the one before, the last at most S.
        track: wraps the rounds, for a progress bar; a round looks at all images once.

    Returns:
        The alignment, with displacements on the coarsest grid.
    """
    # Threads, since SciPy filters and samples outside the interpreter lock.
    with ThreadPoolExecutor() as pool:
        flows = np.zeros((len(images), 2, sides[0], sides[0]), np.float32)
        average = images.mean(axis=0)
        for side in track([side for side in sides for _ in range(_ROUNDS)]):
            target = _views(_reduced(average, side))
            flows = np.stack(list(pool.map(_registered, itertools.repeat(target), images, flows)))
            flows -= flows.mean(axis=0)
            aligned = np.stack(list(pool.map(_bent_back, images, flows)))
            average = aligned.mean(axis=0)
    coarse = np.stack([[_reduced(axis, sides[0]) for axis in flow] for flow in flows])
    return Alignment(coarse.transpose(0, 2, 3, 1) * (sides[0] / flows.shape[-1]), aligned)


def _registered(target: np.ndarray, image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Improves a flow, so that target[q + flow(q)] looks like the image at q, on the target's grid."""
    side = target.shape[-1]
    views, flow = _views(_reduced(image, side)), _enlarged(flow, side)
    steepness = _gradients(views)
    for _ in range(_STEPS):
        shown = _sampled(target, flow)
        difference = views - shown
        slope = (_gradients(shown) + steepness) / 2
        pull = np.sum(difference[:, None] * slope, axis=0)
        step = pull / (np.sum(slope**2, axis=(0, 1)) + np.sum(difference**2, axis=0) / 2 + 1e-3)
        step = _smooth(step, _VISCOSITY)
        step *= min(1.0, _LONGEST_STEP / (np.abs(step).max() + 1e-9))
        flow = _smooth(step + _sampled(flow, step), _ELASTICITY)
    return np.clip(flow, -_FARTHEST * side, _FARTHEST * side)


def _bent_back(image: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The image (S, S) in the frame of the average."""
    flow = _enlarged(flow, len(image))
    inverse = -flow
    for _ in range(15):
        inverse = -_sampled(flow, inverse)
    return _sampled(image[None], inverse, order=3)[0]


def _views(image: np.ndarray) -> np.ndarray:
    """Gray values and local contrast of an image (n, n): (2, n, n)."""
    reach = _NEIGHBORHOOD * len(image)
    difference = image - ndimage.gaussian_filter(image, reach)
    deviation = np.sqrt(ndimage.gaussian_filter(difference**2, reach) + _NOISE**2)
    contrast = np.clip(difference / deviation, -_STRONGEST_CONTRAST, _STRONGEST_CONTRAST)
    return np.stack([0.5 * (image - image.mean()) / (image.std() + _NOISE), contrast]).astype(np.float32)


def _sampled(images: np.ndarray, flow: np.ndarray, order: int = 1) -> np.ndarray:
    """Images (C, n, n) at q + flow(q)."""
    places = flow + np.indices(flow.shape[1:], dtype=np.float32)
    return np.stack([ndimage.map_coordinates(i, places, order=order, mode="nearest") for i in images])


def _gradients(images: np.ndarray) -> np.ndarray:
    """(C, n, n) → (C, 2, n, n), down and right."""
    return np.stack(np.gradient(images, axis=(1, 2)), axis=1)


def _smooth(flow: np.ndarray, sigma: float) -> np.ndarray:
    return ndimage.gaussian_filter(flow, (0, sigma, sigma))


def _reduced(image: np.ndarray, side: int) -> np.ndarray:
    parts = len(image) // side
    return image.reshape(side, parts, side, parts).mean(axis=(1, 3))


def _enlarged(flow: np.ndarray, side: int) -> np.ndarray:
    """A flow (2, m, m) on a finer grid of (2, side, side), in pixels of that grid."""
    parts = side / flow.shape[-1]
    places = (np.indices((side, side), dtype=np.float32) + 0.5) / parts - 0.5
    return parts * np.stack([ndimage.map_coordinates(axis, places, order=1, mode="nearest") for axis in flow])
