"""Aligned images in sections: zoomed and turned, so that a judge knows few of them by heart.

A judge of a few hundred images learns them (Karras et al. 2020, "Training Generative Adversarial Networks
with Limited Data"). A section is shown of the radiograph and of its own anatomy alike, so whatever it
does to one image of a pair it does to the other, and the generator learns nothing of sections.
"""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image

from image_generating.data.cache import cores

# Of the side, at least. And of a right angle, at most: patients do not stand straighter.
_SMALLEST = 0.82
_LARGEST_ANGLE = np.radians(4.0)
# How often an image is shown whole, as the generator will have to draw it. Sections lack its border.
_WHOLE_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Aligned:
    """The images whose latents are known.

    Attributes:
        images: uint8 (A, V, r, r), V sections of each, the first the whole.
        sections: float32 (A, V, 2, 3), which each is: a place p of it, (down, right) from its middle in
            shares of its side, shows the place M·(p, 1) of the whole.
        latents: float32 (A, latent).
        markers: float32 (A, V, 2), places of the side markers (down, right) in [0, 1] of the section.
    """

    images: np.ndarray
    sections: np.ndarray
    latents: np.ndarray
    markers: np.ndarray

    def batch(self, chosen: np.ndarray, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Random sections of the images `chosen` (N,), of each array a row an image."""
        count = self.sections.shape[1]
        which = np.zeros(len(chosen), int)
        if count > 1:
            parts = random.integers(1, count, len(chosen))
            which = np.where(random.random(len(chosen)) < _WHOLE_SHARE, 0, parts)
        return {
            "aligned": self.images[chosen, which],
            "sections": self.sections[chosen, which],
            "latents": self.latents[chosen],
            "markers": self.markers[chosen, which],
        }


def in_sections(dataset, indices, latents, markers, resolution: int, count: int, seed: int) -> Aligned:
    """Makes `count` sections of each image, the first the whole.

    Args:
        dataset: a `Dataset`.
        indices: int (A,), which of its images.
        latents: float32 (A, latent).
        markers: float32 (A, 2), down and right, as shares of the side.
        resolution: side of the sections.
        count: of the sections of an image, 1 or more.
        seed: of the sections.
    """
    random = np.random.default_rng((seed, len(indices)))
    sections = np.array([[_section(random, whole=not n) for n in range(count)] for _ in indices], np.float32)

    # Threads, since Pillow works outside the interpreter lock.
    with ThreadPoolExecutor(cores()) as pool:
        images = list(
            pool.map(lambda index, parts: _shown(dataset, index, parts, resolution), indices, sections)
        )
    from_middle = markers[:, None, :] - 0.5 - sections[..., 2]
    moved = np.linalg.solve(sections[..., :2], from_middle[..., None])[..., 0] + 0.5
    return Aligned(np.stack(images), sections, latents, moved.astype(np.float32))


def _section(random: np.random.Generator, whole: bool) -> np.ndarray:
    if whole:
        return np.eye(2, 3)
    sides = random.uniform(_SMALLEST, 1, 2)
    angle = random.uniform(-_LARGEST_ANGLE, _LARGEST_ANGLE)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    linear = turn * sides
    reach = np.abs(linear).sum(axis=1)
    # Nothing of it is beyond the image.
    linear /= max(1, reach.max())
    room = np.maximum(1 - np.abs(linear).sum(axis=1), 0) / 2
    return np.column_stack([linear, random.uniform(-room, room)])


def _shown(dataset, index: int, sections: np.ndarray, resolution: int) -> np.ndarray:
    whole = Image.fromarray(dataset.images[index])
    rest = [_cut(whole, section) for section in sections[1:]]
    return np.stack([np.asarray(image.reduce(whole.width // resolution)) for image in [whole, *rest]])


def _cut(whole: Image.Image, section: np.ndarray) -> Image.Image:
    linear, middle = section[:, :2], section[:, 2]
    # Pillow has right before down, and counts pixels from the corner.
    shift = whole.width * (middle + 0.5 - linear.sum(axis=1) / 2)
    coefficients = (linear[1, 1], linear[1, 0], shift[1], linear[0, 1], linear[0, 0], shift[0])
    # At the full resolution, where what interpolation blurs is finer than what is left of it.
    return whole.transform(whole.size, Image.Transform.AFFINE, coefficients, Image.Resampling.BICUBIC)
