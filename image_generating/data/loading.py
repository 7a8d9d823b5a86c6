"""From the settings to the data set."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from image_generating.config import DataConfig, DownloadConfig
from image_generating.data import cache, folder, kaggle
from image_generating.data.dataset import Dataset
from image_generating.data.drawn import Phantom
from image_generating.data.source import Source
from image_generating.errors import shown

PHANTOMS = 300
LARGEST_ENLARGEMENT = 4  # beyond, an image shows little but interpolation


def load(config: DataConfig) -> Dataset:
    """The data set of the settings, prepared if this has not been done before.

    Files that cannot be used are named on stderr, and so are those enlarged more than four times, what
    the folder holds beside images, and a shortage of images.

    Raises:
        UserError: no such folder, too few usable images, no access to Kaggle, or an unusable file
            when `config.strict` is set.
    """
    return prepare(config, _sources)


def prepare(config: DataConfig, find: Callable[[DataConfig, Path], list[Source]]) -> Dataset:
    """The data set of the sources that a function finds, with everything named as `load` says.

    Args:
        config: the settings.
        find: takes them and the cache folder; returns the candidates in order of preference.
    """
    with warnings.catch_warnings():
        # Pillow and pydicom warn of oddities in files; what matters of it is reported per file.
        warnings.simplefilter("ignore")
        root = Path(config.cache or cache.default_root())
        sources = find(config, root)
        wanted = min(config.images or len(sources), len(sources))
        # Phantoms are drawn square, whatever the fit.
        settings = cache.Settings(config.resolution, "square" if config.data == "phantom" else config.fit)
        dataset = cache.prepare(sources, wanted, settings, root, config.strict)
        _report(dataset, config.images)
        _note_enlarged(dataset, sources, settings)
    return dataset


def search(path: str | Path) -> list[folder.ImageFile]:
    """Every image file of a folder; what was passed over is named on stderr."""
    images, passed_over = folder.search(path)
    if passed_over:
        print(f"{shown(path)}: {len(images)} images; passed over: {passed_over}", file=sys.stderr)
    return images


def _sources(config: DataConfig, root: Path) -> list[Source]:
    """The candidates in order of preference."""
    if config.data == "phantom":
        return [Phantom(config.seed * 1_000_000 + index) for index in range(config.images or PHANTOMS)]
    if config.data == "kaggle":
        path = kaggle.download(DownloadConfig(output=root / "kaggle")) / kaggle.TRAINING
    else:
        path = Path(config.data)
    images = search(path)
    if config.images is None:
        return images
    order = np.random.default_rng(config.seed).permutation(len(images))
    return [images[index] for index in order]


def _report(dataset: Dataset, asked: int | None) -> None:
    for name, reason in dataset.skipped[: cache.MOST_NAMED]:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    if len(dataset.skipped) > cache.MOST_NAMED:
        print(f"skipped {len(dataset.skipped) - cache.MOST_NAMED} more", file=sys.stderr)
    if asked is not None and len(dataset) < asked:
        print(f"using {len(dataset)} images; {asked} were asked for", file=sys.stderr)


def _note_enlarged(dataset: Dataset, sources: list[Source], settings: cache.Settings) -> None:
    """Names the images of which a pixel becomes more than four along a side."""
    used, notes = set(dataset.names), []
    for source in sources:
        size = source.size() if isinstance(source, folder.ImageFile) and source.name in used else None
        if size is None:
            continue
        side = max(size) if settings.fit == "pad" else min(size)
        if side * LARGEST_ENLARGEMENT < settings.resolution:
            times = settings.resolution / side
            notes.append(
                f"note on {shown(source.name)}: {size[0]}×{size[1]} pixels, enlarged {times:.1f} times"
            )
    for note in notes[: cache.MOST_NAMED]:
        print(note, file=sys.stderr)
    if (more := len(notes) - cache.MOST_NAMED) > 0:
        print(f"note on {more} more: enlarged more than {LARGEST_ENLARGEMENT} times", file=sys.stderr)
