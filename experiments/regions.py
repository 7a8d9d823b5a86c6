"""Where in the image a generator loses: training images of which a region is real, or generated.

    python experiments/regions.py --model models/generator --run RUN --train DIR --validation DIR

Both parts of such a mixture show one patient: the generated one is made from the training image's own
latent, with its marker where that image has it.
All at a quarter of the resolution, so that texture takes no part.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from stages import of_structure
from trial import FULL, quality

from image_generating import backend

backend.load()

import keras

from image_generating import appearance, data
from image_generating.config import DataConfig
from image_generating.networks.grids import REDUCTION
from image_generating.runs import Run

# Shares of the side: rows from and to, columns from and to.
_REGIONS = {
    "left": (0, 1, 0, 0.14),
    "right": (0, 1, 0.86, 1),
    "top": (0, 0.2, 0, 1),
    "bottom": (0.8, 1, 0, 1),
    "middle": (0.2, 0.8, 0.14, 0.86),
}
_RAMP = 8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, type=Path, help="folder of an exported residual generator")
    parser.add_argument("--run", required=True, type=Path, help="folder of the run it is from")
    parser.add_argument("--train", required=True, help="folder of the run's training images")
    parser.add_argument("--validation", required=True, help="folder of other real images")
    parser.add_argument("--images", type=int, default=200, help="how many training images")
    options = parser.parse_args()
    run = Run(options.run)
    images = data.load(DataConfig(data=options.train, resolution=FULL))
    chosen = np.arange(options.images)
    model = appearance.appearance(run.appearance, images, run.recipe.network)
    real = images.reduced(appearance.aligned(len(images))[chosen], FULL // REDUCTION)
    generator = keras.saving.load_model(options.model)
    # That of the export has a wider spread, and the latents are of this one.
    appearance.initialize(generator, model)
    generated = of_structure(generator, model.latents[chosen], model.markers[chosen])
    print("all generated", json.dumps(quality(generated, options.validation)))
    for name, region in _REGIONS.items():
        share = _mask(real.shape[1], *region)
        for word, inside, outside in (("real", real, generated), ("generated", generated, real)):
            mixed = np.rint(share * inside + (1 - share) * outside).astype("uint8")
            print(f"{name} {word}, all else not:", json.dumps(quality(mixed, options.validation)))


def _mask(side: int, top: float, bottom: float, left: float, right: float) -> np.ndarray:
    """Shares (side, side) of a region: 1 inside, with ramps of some pixels where it ends inside the image."""

    def along(start: float, stop: float):
        pixels = np.arange(side) + 0.5
        rise = 0.5 + (pixels - start * side) / _RAMP if start > 0 else np.ones(side)
        fall = 0.5 + (stop * side - pixels) / _RAMP if stop < 1 else np.ones(side)
        return np.clip(np.minimum(rise, fall), 0, 1)

    return np.outer(along(top, bottom), along(left, right))


if __name__ == "__main__":
    main()
