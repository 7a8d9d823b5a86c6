"""`train --pretrained`: structure of exported networks, to begin with in place of random weights.

Structure is drawn from what an anatomy shows around a place, and needs not know whose anatomy it is, so it
can go on learning from other images. The anatomy is measured in these, and texture is trained in minutes.
"""

from pathlib import Path

import keras
import numpy as np

from image_generating.checkpoint import Checkpoint
from image_generating.config import NetworkConfig
from image_generating.errors import UserError
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.grids import REDUCTION
from image_generating.networks.judges import judge
from image_generating.sampling import load_generator


def load(folder: Path, config: NetworkConfig) -> Checkpoint:
    """Reads what `export` wrote, as a training's state before its first step.

    Args:
        folder: with `generator` and `discriminator`.
        config: of the networks that are to begin with it.

    Raises:
        UserError: if there are no such networks in the folder, or if they have other channels.
    """
    generator = load_generator(Path(folder) / "generator")
    try:
        discriminator = keras.saving.load_model(Path(folder) / "discriminator")
        exported = _structure(generator, discriminator)
        own = _structure(build_generator(config), build_discriminator(config))
    except (OSError, ValueError) as error:  # Of a damaged file, of a file or a layer that is not there.
        raise UserError(
            f"--pretrained needs a residual generator and its discriminator, and {folder} or --preset has "
            f"another ({error}). Name the --output of an export."
        ) from error
    arrays = {}
    parts = (("generator", "averaged"), ("discriminator",))
    for networks, given, wanted in zip(parts, exported, own, strict=True):
        if [weight.shape for weight in given.weights] != [weight.shape for weight in wanted.weights]:
            raise UserError(
                f"The networks in {folder} have other channels than those of this --preset. "
                "Name the preset that they were trained with."
            )
        for variable, weight in zip(wanted.variables, given.get_weights(), strict=True):
            arrays |= {f"{network}/{variable.path}": weight for network in networks}
    arrays |= {f"gan/{name}": np.int32(0) for name in ("step", "images_seen", "dropped", "drop_streak")}
    return Checkpoint(arrays, config.resolution // REDUCTION, seconds=0.0, rollbacks=0)


def _structure(generator: keras.Sequential, discriminator: keras.Sequential) -> list[keras.Model]:
    """What is trained of the stage of structure, and its judge."""
    _, places = judge(discriminator, "structure")
    return [generator.get_layer("structure").get_layer("structure_drawing"), places]
