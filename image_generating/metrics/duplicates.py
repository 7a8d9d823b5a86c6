"""The same picture in two sets, also after re-encoding, resizing, cropping or a change of brightness.

Aligned chests look alike: at 32 pixels two patients may correlate by 0.93. So a coarse comparison of all
pairs, one matrix product, only names candidates; these are laid onto each other and compared at 128 pixels,
where two radiographs differ, also two of one patient. `benchmarks/near_copies.py` measures how well it works.
"""

import dataclasses

import numpy as np
from PIL import Image

COARSE, FINE = 32, 128
# Every altered copy of 800 real radiographs has more than the first and, once aligned, the second. Different
# radiographs have at most 0.80 of the second (docs/robustness.md); drawn chests and images of 64 pixels 0.89.
CANDIDATE, SAME = 0.84, 0.92
# A cropped copy may correlate less than other patients do, until it is aligned.
CANDIDATES = 8
_BLOCK = 1024
_STEPS = 5
# How far a picture may be moved, as a share of its side, and stretched, to lie on another: crops of 2 %.
_SHIFT, _STRETCH = 0.03, 0.06


@dataclasses.dataclass(frozen=True)
class Match:
    """A picture that is in another set, too.

    Attributes:
        number: its place in the set in question.
        known: the place of the other in the other set.
        similarity: their correlation, from `SAME` to 1.
    """

    number: int
    known: int
    similarity: float


@dataclasses.dataclass(frozen=True)
class Fingerprints:
    """What is compared of a set of pictures.

    Attributes:
        coarse: unit vectors, shape (N, 32 · 32), float32; 0 for flat pictures.
        reduced: gray values, shape (N, 128, 128), uint8.
    """

    coarse: np.ndarray
    reduced: np.ndarray

    @classmethod
    def of(cls, images: np.ndarray) -> "Fingerprints":
        """Fingerprints of gray values 0–255, shape (N, R, R), uint8."""
        size = (FINE, FINE)
        reduced = np.stack(
            [np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX)) for image in images]
        )
        step = FINE // COARSE
        small = reduced.reshape(-1, COARSE, step, COARSE, step).mean(axis=(2, 4), dtype=np.float32)
        coarse = np.stack([_unit(_edges(image, 0.7, 3, 3)) for image in small])
        return cls(coarse, reduced)


def find(pictures: Fingerprints, known: Fingerprints) -> list[Match]:
    """The pictures that are the same as one of the known ones, each with the one it is most similar to."""
    matches = []
    for start in range(0, len(pictures.coarse), _BLOCK):
        similar = pictures.coarse[start : start + _BLOCK] @ known.coarse.T
        for row in np.flatnonzero(similar.max(axis=1) > CANDIDATE):
            candidates = np.argsort(-similar[row], kind="stable")[:CANDIDATES]
            image = pictures.reduced[start + row]
            best = max(
                (similarity(image, known.reduced[other]), -int(other))
                for other in candidates
                if similar[row, other] > CANDIDATE
            )
            if best[0] > SAME:
                matches.append(Match(start + int(row), -best[1], best[0]))
    return matches


class Watcher:
    """Looks for pictures of known sets while images stream by.

    Args:
        known: for each set its name and its images, uint8, shape (M, R, R).
    """

    def __init__(self, known: dict[str, np.ndarray]):
        self._known = {name: Fingerprints.of(images) for name, images in known.items()}
        self.matches: dict[str, list[Match]] = {name: [] for name in known}
        self._seen = 0

    def __call__(self, images: np.ndarray):
        """Takes the next images, shape (N, R, R)."""
        pictures = Fingerprints.of(images)
        for name, known in self._known.items():
            self.matches[name] += [
                dataclasses.replace(match, number=self._seen + match.number)
                for match in find(pictures, known)
            ]
        self._seen += len(images)


def similarity(image: np.ndarray, other: np.ndarray) -> float:
    """The correlation of two pictures' edges, at most 1, after moving and stretching one onto the other.

    Each axis is moved and stretched on its own, as by a crop, by Gauss–Newton steps.

    Args:
        image: gray values as in `Fingerprints.reduced`, shape (128, 128).
        other: the same of another picture.

    Reference: Lucas, Kanade 1981.
    """
    from scipy.ndimage import affine_transform

    image, other = (_edges(picture.astype(np.float32), 1.5, 5, 8) for picture in (image, other))
    side = len(image)
    # What was moved in from beyond the border is not compared.
    inner = np.s_[side // 12 : -(side // 12), side // 12 : -(side // 12)]
    places = np.arange(side) - (side - 1) / 2
    shift, stretch = np.zeros(2), np.zeros(2)
    moved, best = image, _correlation(image[inner], other[inner])
    for _ in range(_STEPS):
        down, across = np.gradient(moved)
        slopes = np.stack([g[inner].ravel() for g in (down, across, down * places[:, None], across * places)])
        # The ridge keeps the system solvable where a picture is flat.
        step = np.linalg.solve(slopes @ slopes.T + 1e-6 * np.eye(4), slopes @ (other - moved)[inner].ravel())
        shift = np.clip(shift + step[:2], -_SHIFT * side, _SHIFT * side)
        stretch = np.clip(stretch + step[2:], -_STRETCH, _STRETCH)
        offset = shift - stretch * (side - 1) / 2
        moved = affine_transform(image, np.diag(1 + stretch), offset, order=1, mode="nearest")
        best = max(best, _correlation(moved[inner], other[inner]))
    return best


def _edges(image: np.ndarray, fine: float, coarse: float, around: float) -> np.ndarray:
    """What is coarser than `fine` and finer than `coarse` pixels, everywhere about equally strong.

    So neither the brightness nor the contrast, nor their curve, matters.
    """
    from scipy.ndimage import gaussian_filter

    band = gaussian_filter(image, fine) - gaussian_filter(image, coarse, mode="nearest")
    # One gray level more, so that the noise of a flat background stays small.
    return band / (np.sqrt(gaussian_filter(band**2, around, mode="nearest")) + 1)


def _unit(image: np.ndarray) -> np.ndarray:
    vector = (image - image.mean()).ravel()
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else vector


def _correlation(image: np.ndarray, other: np.ndarray) -> float:
    return float(_unit(image).astype(np.float64) @ _unit(other))
