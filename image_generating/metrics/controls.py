"""Known failures: sets of images whose fault the report must find, or it could not be trusted with others."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from image_generating.metrics.findings import Flag

# Standard deviation in gray levels: hardly visible.
NOISE = 2.0
# Standard deviation as a share of the side: 4 pixels at 800.
BLUR = 1 / 200

# Image number i of a shuffled set.
_Real = Callable[[int], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Control:
    """A set of images with a known fault.

    Attributes:
        key: its name in metrics.json.
        name: its name for people.
        flag: the fault that must be found.
        image: makes image number i from the training and the held-out images.
    """

    key: str
    name: str
    flag: Flag
    image: Callable[[int, _Real, _Real], np.ndarray]

    def batches(self, count: int, train: np.ndarray, heldout: np.ndarray, seed: int) -> Iterator[np.ndarray]:
        """`count` images, one at a time.

        Args:
            count: at most as many as there are training and held-out images.
            train: uint8, shape (T, R, R).
            heldout: uint8, shape (M, R, R).
            seed: of the order in which real images are used.
        """
        random = np.random.default_rng(seed)
        orders = random.permutation(len(train)), random.permutation(len(heldout))
        for i in range(count):
            yield self.image(i, lambda i: train[orders[0][i]], lambda i: heldout[orders[1][i]])[None]


def _noisy(i: int, image: np.ndarray) -> np.ndarray:
    noise = np.random.default_rng(i).normal(0, NOISE, image.shape)
    return np.clip(np.rint(image + noise), 0, 255).astype(np.uint8)


def _blurred(image: np.ndarray) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    return np.rint(gaussian_filter(image.astype(np.float32), max(1.0, BLUR * len(image)))).astype(np.uint8)


def _phantom(i: int, side: int) -> np.ndarray:
    from image_generating.data import phantom

    return phantom.draw(i, side)


# Blurred and repeated images are held-out ones, so that they are no copies of training images.
CONTROLS = (
    Control("copies", "Copies of training images", "copied", lambda i, train, heldout: train(i)),
    Control(
        "noisy_copies",
        "Training images with slight noise",
        "copied",
        lambda i, train, heldout: _noisy(i, train(i)),
    ),
    Control("blurred", "Blurred real images", "blurred", lambda i, train, heldout: _blurred(heldout(i))),
    Control("repeated", "One real image, repeated", "repetitive", lambda i, train, heldout: heldout(0)),
    Control(
        "phantoms",
        "Drawings of a chest",
        "unrealistic",
        lambda i, train, heldout: _phantom(i, len(train(0))),
    ),
)
