"""Makes a run of exported networks, so that `train` goes on with them.

    python experiments/restart.py --model models --minutes 120 --kimg 212.896 --output RUN
    image-generating train --data TRAIN --output RUN --minutes 190

Structure and its judge begin as they were exported; layers that they had not then begin as new ones. The
anatomy is measured anew, from the images of the new run, and texture is trained anew.
"""

import argparse
from pathlib import Path

import numpy as np

from image_generating import backend

backend.load()

import keras

from image_generating import checkpoint
from image_generating.config import RECIPES
from image_generating.gan import GAN
from image_generating.networks.grids import REDUCTION
from image_generating.runs import Run

_BATCH = 4


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", required=True, type=Path, help="folder with an exported generator/ and discriminator/"
    )
    parser.add_argument("--minutes", type=float, required=True, help="how long they were trained")
    parser.add_argument("--kimg", type=float, required=True, help="with how many thousand images")
    parser.add_argument("--output", required=True, type=Path, help="folder of the new run")
    options = parser.parse_args()
    recipe = RECIPES["residual"]
    generator, discriminator = (
        keras.saving.load_model(options.model / part) for part in ("generator", "discriminator")
    )
    gan = GAN(recipe, _BATCH, recipe.network.resolution // REDUCTION)
    gan.images_seen.assign(round(1000 * options.kimg))
    gan.step.assign(round(1000 * options.kimg / _BATCH))
    exported = {"generator": generator, "averaged": generator, "discriminator": discriminator}
    arrays = {f"gan/{variable.name}": np.array(variable.value) for variable in (gan.images_seen, gan.step)}
    stages = {"generator": "structure", "averaged": "structure", "discriminator": "judges"}
    for part, network in exported.items():
        values = {variable.path: np.array(variable.value) for variable in network.variables}
        for variable in getattr(gan, part).get_layer(stages[part]).variables:
            if variable.path in values:
                arrays[f"{part}/{variable.path}"] = values[variable.path]
    begun = checkpoint.Checkpoint(arrays, gan.resolution, 60 * options.minutes, rollbacks=0)
    print(checkpoint.save(Run(options.output).checkpoints, begun))


if __name__ == "__main__":
    main()
