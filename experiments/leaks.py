"""Whether augmentation leaks: brightness, contrast and position of generated and of real images.

    python experiments/leaks.py --model models/generator --train DIR --validation DIR

Of each image, reduced to 200 px: the mean and the standard deviation of the gray values [-1, 1], and where
the center of brightness is, as a share of the side. Printed are mean and deviation over the images.
"""

import argparse

import numpy as np
from trial import FULL

from image_generating import backend

backend.load()

import keras

from image_generating import data
from image_generating.config import DataConfig
from image_generating.networks.grids import REDUCTION
from image_generating.sampling import latents

_BATCH = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="folder of an exported generator of 800 px")
    parser.add_argument("--train", required=True, help="folder of training images")
    parser.add_argument("--validation", required=True, help="folder of other real images")
    parser.add_argument("--images", type=int, default=300, help="how many generated images")
    options = parser.parse_args()
    generator = keras.saving.load_model(options.model)
    z = latents(options.images, generator.input_shape[-1], seed=0)
    made = [generator.predict_on_batch(z[start : start + _BATCH]) for start in range(0, len(z), _BATCH)]
    reduced = [np.asarray(keras.ops.average_pool(batch, REDUCTION, REDUCTION)) for batch in made]
    sets = {
        "training": _real(options.train),
        "validation": _real(options.validation),
        "generated": 2 * np.concatenate(reduced)[..., 0] - 1,
    }
    print(f"{'':12}{'brightness':>18}{'contrast':>18}{'down':>18}{'right':>18}")
    for name, images in sets.items():
        numbers = _statistics(images)
        cells = (
            f"{mean:10.3f} ± {spread:.3f}"
            for mean, spread in zip(numbers.mean(0), numbers.std(0), strict=True)
        )
        print(f"{name:12}" + "".join(f"{cell:>18}" for cell in cells))


def _real(folder: str) -> np.ndarray:
    images = data.load(DataConfig(data=folder, resolution=FULL))
    return images.reduced(np.arange(len(images)), FULL // REDUCTION) / 127.5 - 1


def _statistics(images: np.ndarray) -> np.ndarray:
    """Images (N, H, H) → brightness, contrast, and the center's distance from the top and left, (N, 4)."""
    weights = (images + 1) / (images + 1).sum(axis=(1, 2), keepdims=True)
    share = (np.arange(images.shape[1]) + 0.5) / images.shape[1]
    down, right = (weights.sum(axis=axis) @ share for axis in (2, 1))
    return np.stack([images.mean(axis=(1, 2)), images.std(axis=(1, 2)), down, right], axis=1)


if __name__ == "__main__":
    main()
