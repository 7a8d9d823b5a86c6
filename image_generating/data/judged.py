"""A folder of pictures that are measured: none is taken out for what it shows."""

import dataclasses
from pathlib import Path

import numpy as np

from image_generating.config import DataConfig
from image_generating.data import folder, loading
from image_generating.data.dataset import Dataset


@dataclasses.dataclass(frozen=True)
class Judged:
    """One picture of the set that is measured.

    A training set is better without repeated and flat images; a generator that makes such images must be
    measured with them. So the number is part of the digest, which makes equal files different pictures.
    """

    file: folder.ImageFile
    number: int

    @property
    def name(self) -> str:
        """The file's path within the folder."""
        return self.file.name

    def digest(self) -> str:
        """See `source.Source`."""
        return f"{self.file.digest()} judged {self.number}"

    def pixels(self, digest: str, resolution: int, fit: str) -> np.ndarray:
        """See `source.Source`."""
        return self.file.pixels(digest, resolution, fit, flat=True)


def load(config: DataConfig) -> Dataset:
    """Every picture of the folder `config.data` that can be decoded, repeated and flat ones too.

    Files that cannot be decoded, and grids of this program, are named on stderr.

    Raises:
        UserError: no such folder, or fewer than two pictures.
    """
    return loading.prepare(config, _sources)


def _sources(config: DataConfig, root: Path) -> list[Judged]:
    return [Judged(file, number) for number, file in enumerate(loading.search(config.data))]
