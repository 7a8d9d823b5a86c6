"""From latents to pictures, with an exported generator."""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from image_generating.errors import UserError

# Memory of one generated image's activations, in bytes per pixel: measured at 800 px, rounded up.
_BYTES_PER_PIXEL = 200
_MEMORY = 1 << 30
_LARGEST_BATCH = 32


def load_generator(folder: Path):
    """Loads an exported generator: latents (N, latent) → images (N, R, R, 1) in [0, 1].

    Raises:
        UserError: if there is no generator in the folder, or if it is something else.
    """
    folder = Path(folder)
    if not (folder / "model.weights.h5").exists() and not folder.is_file():
        raise UserError(
            f"{folder} holds no exported generator. Train one and run `image-generating export`, "
            "or name another --model."
        )
    generator = load_network(folder)
    shape = generator.output_shape
    if len(generator.input_shape) != 2 or len(shape) != 4 or shape[-1] != 1 or shape[1] != shape[2]:
        raise UserError(
            f"{folder} is not a generator: it maps {generator.input_shape} to {shape}, "
            "not (N, latent) to (N, R, R, 1). Name the folder `generator` of an export."
        )
    return generator


def load_network(folder: Path):
    """Loads an exported network with all its weights.

    Raises:
        UserError: if there is none in the folder, or if it is damaged.
    """
    import keras

    try:
        with warnings.catch_warnings():
            # Keras only warns of some weights that a file lacks, and leaves them random.
            warnings.filterwarnings("error", message="Skipping nested container")
            return keras.saving.load_model(folder)
    except Exception as error:  # Damaged files make Keras and its readers raise whatever comes first.
        raise UserError(f"{folder} cannot be loaded as a Keras model ({error}). Export it again.") from error


def latents(count: int, size: int, seed: int, start: int = 0, truncation: float = 1.0) -> np.ndarray:
    """Standard normal latents; latent i depends on the seed and i alone, not on count or backend.

    Args:
        count: how many.
        size: of one latent.
        seed: of all of them.
        start: index of the first.
        truncation: factor on each.

    Returns:
        float32 (count, size).
    """
    rows = [
        np.random.default_rng((seed, index)).standard_normal(size, dtype="float32")
        for index in range(start, start + count)
    ]
    return truncation * np.stack(rows)


def generate(
    generator, count: int, seed: int, batch_size: int | None = None, truncation: float = 1.0
) -> Iterator[np.ndarray]:
    """Generates images in batches, in constant memory.

    Args:
        generator: as `load_generator` returns it.
        count: number of images in all.
        seed: of the latents.
        batch_size: images at once; default: what fits in 1 GiB, at most 32.
        truncation: factor on the latents (Marchesi 2017): below 1 is more typical and less diverse.

    Yields:
        uint8 (n, R, R), n at most the batch size.
    """
    size = generator.input_shape[-1]
    batch_size = batch_size or default_batch_size(generator)
    for start in range(0, count, batch_size):
        number = min(batch_size, count - start)
        yield render(generator, latents(number, size, seed, start, truncation))


def render(generator, latents: np.ndarray) -> np.ndarray:
    """Turns float32 latents (N, latent) into images, uint8 (N, R, R)."""
    images = np.asarray(generator.predict_on_batch(latents))[..., 0]
    return np.rint(255 * images).astype("uint8")


def default_batch_size(generator) -> int:
    """Images to make at once."""
    pixels = generator.output_shape[1] ** 2
    return max(1, min(_LARGEST_BATCH, _MEMORY // (_BYTES_PER_PIXEL * pixels)))


def slerp(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Spherical interpolation (White 2016), along the arc on which Gaussian latents lie.

    Args:
        start: latent (size,), returned for share 0.
        end: latent (size,), returned for share 1.
        share: in [0, 1].
    """
    cosine = np.dot(start, end) / (np.linalg.norm(start) * np.linalg.norm(end))
    angle = np.arccos(np.clip(cosine, -1, 1))
    if angle < 1e-4:
        return (1 - share) * start + share * end
    return (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)
