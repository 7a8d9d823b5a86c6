"""What the cache asks of anything that gives images: a file, a phantom."""

from typing import Protocol

import numpy as np


class Unusable(Exception):
    """An image that cannot be used; the message is the reason, without the image's name."""


class Changed(Exception):
    """Something is not what it was a moment ago, such as a file that vanished: look again."""


class Source(Protocol):
    """One image that can be prepared."""

    name: str

    def digest(self) -> str:
        """What decides the pixels.

        Raises:
            OSError: it cannot be read.
            Unusable: it is no image of its own.
        """

    def pixels(self, digest: str, resolution: int, fit: str) -> np.ndarray:
        """The image as uint8 `(resolution, resolution)`.

        Args:
            digest: what `digest()` returned, so that other content is not taken for this.
            resolution: side in pixels.
            fit: see `decode.square`.

        Raises:
            Unusable: the content is no usable image.
            Changed: the content no longer has that digest.
        """
