"""From the settings to the data set."""

import sys
from pathlib import Path

import numpy as np

from image_generating.config import DataConfig, DownloadConfig
from image_generating.data import cache, folder, kaggle
from image_generating.data.dataset import Dataset
from image_generating.data.drawn import Phantom
from image_generating.data.source import Source
from image_generating.errors import UserError

PHANTOMS = 300


def load(config: DataConfig) -> Dataset:
    """The data set of the settings, prepared if this has not been done before.

    Files that cannot be used are named on stderr, and so is a shortage of images.

    Raises:
        UserError: no such folder, too few usable images, no access to Kaggle, or an unusable file
            when `config.strict` is set.
    """
    if config.resolution < 1 or (config.images is not None and config.images < cache.FEWEST):
        raise UserError(f"Ask for at least {cache.FEWEST} images, of at least 1 pixel.")
    root = Path(config.cache or cache.default_root())
    sources = _sources(config, root)
    wanted = min(config.images or len(sources), len(sources))
    # Phantoms are drawn square, whatever the fit.
    settings = cache.Settings(config.resolution, "square" if config.data == "phantom" else config.fit)
    dataset = cache.prepare(sources, wanted, settings, root, config.strict)
    report(dataset, config.images)
    return dataset


def _sources(config: DataConfig, root: Path) -> list[Source]:
    """The candidates in order of preference."""
    if config.data == "phantom":
        return [Phantom(config.seed * 1_000_000 + index) for index in range(config.images or PHANTOMS)]
    if config.data == "kaggle":
        path = kaggle.download(DownloadConfig(output=root / "kaggle")) / kaggle.TRAINING
    else:
        path = Path(config.data)
    images = folder.find(path)
    if config.images is None:
        return images
    order = np.random.default_rng(config.seed).permutation(len(images))
    return [images[index] for index in order]


def report(dataset: Dataset, asked: int | None) -> None:
    """Says on stderr what was skipped, and when there are fewer images than were asked for."""
    for name, reason in dataset.skipped[: cache.MOST_NAMED]:
        print(f"skipped {name}: {reason}", file=sys.stderr)
    if len(dataset.skipped) > cache.MOST_NAMED:
        print(f"skipped {len(dataset.skipped) - cache.MOST_NAMED} more", file=sys.stderr)
    if asked is not None and len(dataset) < asked:
        print(f"using {len(dataset)} images; {asked} were asked for", file=sys.stderr)
