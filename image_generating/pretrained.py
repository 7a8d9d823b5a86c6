"""`train --pretrained`: structure of exported networks, to begin with in place of random weights.

Structure is drawn from what an anatomy shows around a place, and needs not know whose anatomy it is, so it
can go on learning from other images. The anatomy is measured in these, and texture is trained in minutes.
"""

from pathlib import Path

import keras
import numpy as np

from image_generating.checkpoint import check_arrays
from image_generating.config import NetworkConfig
from image_generating.damage import clause
from image_generating.errors import UserError
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.judges import judge
from image_generating.sampling import load_generator, load_network


def load(folder: Path, config: NetworkConfig) -> dict[str, np.ndarray]:
    """Reads what `export` wrote.

    Args:
        folder: with `generator` and `discriminator`.
        config: of the networks that are to begin with it.

    Returns:
        Values of variables of a `GAN` by the names of its `state`: all of the stage of structure, in the
        generator and in its average, and all of its judge.

    Raises:
        UserError: if there are no such networks in the folder, or if they have other channels.
    """
    generator = load_generator(Path(folder) / "generator")
    try:
        discriminator = load_network(Path(folder) / "discriminator")
        exported = _structure(generator, discriminator)
        own = _structure(build_generator(config), build_discriminator(config))
    except (UserError, ValueError) as error:  # There is no discriminator, or no layer of this name.
        raise _unusable(folder, error) from error
    values = {}
    parts = (("generator", "averaged"), ("discriminator",))
    for networks, given, wanted in zip(parts, exported, own, strict=True):
        arrays = dict(zip((variable.path for variable in given.weights), given.get_weights(), strict=True))
        check_arrays(arrays, {variable.path: tuple(variable.shape) for variable in wanted.weights}, folder)
        values |= {f"{network}/{name}": array for network in networks for name, array in arrays.items()}
    return values


def hand_over(gan, values: dict[str, np.ndarray]) -> None:
    """Sets variables of a new `GAN` to what `load` has read."""
    variables = gan.state()
    for name, value in values.items():
        variables[name].assign(value)


def _unusable(folder: Path, error: Exception) -> UserError:
    return UserError(
        f"--pretrained needs a residual generator and its discriminator, and {folder} or --preset has "
        f"another ({clause(error)}). Name the --output of an export."
    )


def _structure(generator: keras.Sequential, discriminator: keras.Sequential) -> list[keras.Model]:
    """What is trained of the stage of structure, and its judge."""
    _, places = judge(discriminator, "structure")
    return [generator.get_layer("structure").get_layer("structure_drawing"), places]
