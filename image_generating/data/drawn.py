"""Phantoms as a source of images."""

import dataclasses
import functools
import hashlib
from pathlib import Path

import numpy as np


@dataclasses.dataclass(frozen=True)
class Phantom:
    """A drawn radiograph; see `image_generating.data.phantom`."""

    seed: int

    @property
    def name(self) -> str:
        """The phantom's name in reports."""
        return f"phantom {self.seed}"

    def digest(self) -> str:
        """The seed and the code that draws, so that a changed drawing is drawn anew."""
        return f"{_code()} {self.seed}"

    def pixels(self, digest: str, resolution: int, fit: str) -> np.ndarray:
        """The phantom as uint8 `(resolution, resolution)`; it is square by itself."""
        from image_generating.data import phantom

        return phantom.draw(self.seed, resolution)


@functools.cache
def _code() -> str:
    from image_generating.data import phantom

    sources = sorted(Path(phantom.__file__).parent.glob("*.py"))
    return hashlib.blake2b(b"".join(path.read_bytes() for path in sources), digest_size=10).hexdigest()
