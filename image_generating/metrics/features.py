"""Images to numbers, in batches: what every measure is computed from, without holding the images."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from image_generating import files
from image_generating.metrics import digest, spectrum
from image_generating.metrics.extractors import FeatureExtractor

# Cached features are found by the content of a chunk, so its size is fixed; 32 MB at 800 pixels.
CHUNK = 50
KEPT = 64


@dataclasses.dataclass(frozen=True)
class Observed:
    """A set of images, reduced to what the measures need.

    Attributes:
        features: shape (N, D).
        spectra: typical power in dB of each image, shape (N, R/2); see `spectrum.radial`.
        total_spectra: total power in dB of each image, the same shape.
        kept: a random sample of the images, at most `KEPT`, shape (K, R, R), uint8.
    """

    features: np.ndarray
    spectra: np.ndarray
    total_spectra: np.ndarray
    kept: np.ndarray

    def __len__(self) -> int:
        """How many images were observed."""
        return len(self.features)


def observe(
    batches: Iterable[np.ndarray],
    total: int,
    extractor: FeatureExtractor,
    *,
    cache: Path,
    label: str,
    seed: int = 0,
    watch: Callable[[np.ndarray, np.ndarray], None] | None = None,
) -> Observed:
    """Runs images through the extractor and the spectrum, with a progress bar.

    Args:
        batches: uint8 arrays of shape (n, R, R), or one such array.
        total: how many images they hold together.
        extractor: the network.
        cache: folder of features that were computed before.
        label: what the progress bar says.
        seed: of the sample that is kept.
        watch: called with every chunk of images and their features.
    """
    from tqdm import tqdm

    keep = np.sort(np.random.default_rng(seed).permutation(total)[:KEPT])
    features, spectra, kept = [], [], []
    start = 0
    with tqdm(total=total, desc=label, unit="img", leave=False) as bar:
        for images in _chunks(batches):
            features.append(_features(images, extractor, cache))
            spectra.extend(spectrum.radial(image) for image in images)
            kept.extend(images[i - start].copy() for i in keep if start <= i < start + len(images))
            if watch:
                watch(images, features[-1])
            start += len(images)
            bar.update(len(images))
    typical, power = (np.stack(curves).astype(np.float32) for curves in zip(*spectra, strict=True))
    return Observed(np.concatenate(features), typical, power, np.stack(kept))


def _features(images: np.ndarray, extractor: FeatureExtractor, cache: Path) -> np.ndarray:
    path = cache / "features" / f"{digest.of_arrays([np.array(extractor.name), images])}.npy"
    # A file that is damaged or no array of features is made anew.
    with contextlib.suppress(Exception):
        stored = np.load(path)
        if stored.shape == (len(images), extractor.dimension) and np.all(np.isfinite(stored)):
            return stored
    features = extractor(images)
    with files.replacing(path) as temporary:
        np.save(temporary, features)
    return features


def _chunks(batches: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The same images, `CHUNK` at a time."""
    if isinstance(batches, np.ndarray):
        yield from (batches[i : i + CHUNK] for i in range(0, len(batches), CHUNK))
        return
    waiting: list[np.ndarray] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        while count >= CHUNK:
            images = np.concatenate(waiting)
            yield images[:CHUNK]
            waiting, count = [images[CHUNK:]], count - CHUNK
    if count:
        yield np.concatenate(waiting)
