"""`train --pretrained`: structure of exported networks, to begin with in place of random weights.

Structure is drawn from what an anatomy shows around a place, and needs not know whose anatomy it is, so it
can go on learning from other images. The anatomy is measured in these, and texture is trained in minutes.
"""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from image_generating.config import NetworkConfig
from image_generating.errors import UserError
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.judges import judge
from image_generating.sampling import load_generator


@dataclasses.dataclass(frozen=True)
class Pretrained:
    """Weights of structure, as `get_weights` orders them: of its stage and of its judge."""

    stage: list[np.ndarray]
    judge: list[np.ndarray]

    def give(self, gan) -> None:
        """Copies them into both generators and the discriminator of a `GAN`."""
        for generator in (gan.generator, gan.averaged):
            stage, places = _structure(generator, gan.discriminator)
            stage.set_weights(self.stage)
            places.set_weights(self.judge)


def load(folder: Path, config: NetworkConfig) -> Pretrained:
    """Reads what `export` wrote.

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
    except ValueError as error:  # Keras' word for a file or a layer that is not there.
        raise UserError(
            f"--pretrained needs a residual generator and its discriminator, and {folder} or --preset has "
            f"another ({error}). Name the --output of an export."
        ) from error
    shapes = [[weight.shape for part in parts for weight in part.weights] for parts in (exported, own)]
    if shapes[0] != shapes[1]:
        raise UserError(
            f"The networks in {folder} have other channels than those of this --preset. "
            "Name the preset that they were trained with."
        )
    return Pretrained(*(part.get_weights() for part in exported))


def _structure(generator: keras.Sequential, discriminator: keras.Sequential):
    _, places = judge(discriminator, "structure")
    return generator.get_layer("structure"), places
