"""The state of a training as named arrays in one file."""

import dataclasses
import itertools
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from image_generating import archive
from image_generating.config import NetworkConfig, Recipe
from image_generating.damage import Damaged, newer
from image_generating.errors import UserError
from image_generating.networks import build_discriminator, build_generator
from image_generating.schedule import phases

_FACTS = {"resolution": int, "seconds": (int, float), "rollbacks": int, "run": (str, type(None))}
_COUNTERS = ("gan/step", "gan/images_seen")
_MOST_NAMED = 3


class Missing(UserError):
    """There is no such checkpoint."""


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The state of a training.

    Attributes:
        arrays: every variable of the `GAN` by name.
        resolution: of the phase of growth that was reached.
        seconds: training time so far, over all sessions.
        rollbacks: how often training went back to a checkpoint because it had become non-finite.
        run: identifier of the run; None in files of earlier versions.
    """

    arrays: dict[str, np.ndarray]
    resolution: int
    seconds: float
    rollbacks: int
    run: str | None = None

    @property
    def step(self) -> int:
        """Number of steps taken."""
        return int(self.arrays["gan/step"])

    @property
    def images(self) -> int:
        """Number of real images shown."""
        return int(self.arrays["gan/images_seen"])


def capture(gan, seconds: float, rollbacks: int, run: str | None = None) -> Checkpoint:
    """Copies a GAN's state out of the backend."""
    arrays = {name: np.array(variable.value) for name, variable in gan.state().items()}
    return Checkpoint(arrays, gan.resolution, seconds, rollbacks, run)


def restore(gan, state: Checkpoint, source: object = "The checkpoint") -> None:
    """Copies a checkpoint's arrays into a compiled GAN of the same or of a higher resolution.

    Variables of stages that were added since keep their initial values.

    Args:
        gan: the GAN.
        state: what it is to continue from.
        source: where that comes from, for messages.

    Raises:
        UserError: if the checkpoint is of other networks.
    """
    variables = gan.state()
    if gan.resolution == state.resolution:
        expected = {name: tuple(variable.shape) for name, variable in variables.items()}
        check_arrays(state.arrays, expected, source)
    else:
        check_networks(state, gan.recipe, source)
    # The learning rate follows from the recipe, the rollbacks and the progress.
    kept = {"optimizer/adam/learning_rate"}
    if gan.resolution > state.resolution:
        # Adam corrects for averages that began at zero by the number of steps: with the old number, those of
        # the new stage would take steps ten times too long.
        kept.add("optimizer/adam/iteration")
    for name, variable in variables.items():
        if name in state.arrays and name not in kept:
            variable.assign(state.arrays[name])


def check_networks(state: Checkpoint, recipe: Recipe, source: object) -> None:
    """Makes sure that a checkpoint holds all of a recipe's networks, as far as they have grown.

    Args:
        state: the checkpoint.
        recipe: of the networks that it is to be restored into.
        source: where it comes from, for messages.

    Raises:
        UserError: if arrays are missing or of another shape, or if there are others.
    """
    check_resolution(state, recipe, source)
    networks = {name: a for name, a in state.arrays.items() if not name.startswith(("gan/", "optimizer/"))}
    check_arrays(networks, _shapes(recipe.network, state.resolution), source)


def check_resolution(state: Checkpoint, recipe: Recipe, source: object) -> None:
    """Makes sure that networks of a recipe have the resolution of a checkpoint on their way.

    Raises:
        UserError: if they do not.
    """
    resolutions = [resolution for resolution, _ in phases(recipe)]
    if state.resolution not in resolutions:
        wanted = " or ".join(map(str, resolutions))
        raise UserError(
            f"{source} is of networks that have reached {state.resolution} px, and these have {wanted}. "
            "Name a checkpoint of a run with the same --preset and --resolution."
        )


def check_arrays(found: dict[str, np.ndarray], expected: dict[str, tuple[int, ...]], source: object) -> None:
    """Makes sure that arrays are those that are expected, no fewer and no more.

    Args:
        found: arrays by name.
        expected: shapes by name.
        source: where the arrays come from, for messages.

    Raises:
        UserError: which names the first three differences.
    """
    differences = list(_differences(found, expected))
    if differences:
        more = len(differences) - _MOST_NAMED
        named = "; ".join(differences[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        raise UserError(
            f"{source} is of other networks: {named}. "
            "Name one of networks with the same --preset and --resolution."
        )


def _differences(found, expected) -> Iterable[str]:
    for name, shape in expected.items():
        if name not in found:
            yield f"{name} is missing (expected: {shape})"
        elif found[name].shape != shape:
            yield f"{name} is {found[name].shape} (expected: {shape})"
        elif found[name].dtype.kind not in "fiu":
            yield f"{name} is not numeric (expected: {shape})"
    for name in found:
        # Earlier versions kept the random states of dropout, which follow from the seed and the step now.
        if name not in expected and "seed_generator" not in name:
            yield f"{name} is unknown (expected: none of this name)"


def _shapes(config: NetworkConfig, resolution: int) -> dict[str, tuple[int, ...]]:
    generator, discriminator = build_generator(config, resolution), build_discriminator(config, resolution)
    parts = {"generator": generator, "averaged": generator, "discriminator": discriminator}
    return {
        f"{part}/{variable.path}": tuple(variable.shape)
        for part, network in parts.items()
        for variable in network.weights
    }


def write(path: Path, state: Checkpoint) -> None:
    """Writes a checkpoint to a file that ends in .npz, whole or not at all."""
    facts = {field: getattr(state, field) for field in _FACTS}
    archive.write(path, {"facts": np.array(json.dumps(facts)), **state.arrays})


def load(path: Path) -> Checkpoint:
    """Reads one checkpoint.

    Raises:
        Missing: if there is no such file.
        UserError: if it is of a newer version, or may not be read.
        Damaged: if it is damaged, or something else.
    """
    try:
        arrays = archive.read(path)
    except FileNotFoundError as error:
        raise Missing(f"There is no checkpoint {path}.") from error
    facts = _facts(path, arrays)
    return Checkpoint({name: array for name, array in arrays.items() if name != "facts"}, **facts)


def peek(path: Path) -> tuple[str | None, int]:
    """Reads of a checkpoint only which run it is of and its step.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: if it is of a newer version.
        Damaged: if these two are damaged, or the file is something else.
    """
    arrays = archive.read(path, ("facts", *_COUNTERS))
    return _facts(path, arrays)["run"], int(arrays["gan/step"])


def _facts(path: Path, arrays: dict[str, np.ndarray]) -> dict:
    """The facts of a checkpoint, once they and the counters are known to be what they should be."""
    for name in _COUNTERS:
        if name not in arrays or arrays[name].shape or arrays[name].dtype.kind not in "iu":
            raise Damaged(path, f"{name} is no whole number")
    try:
        facts = {"run": None} | json.loads(str(arrays["facts"]))
    except (KeyError, ValueError, TypeError) as error:
        raise Damaged(path, "it says nothing of its training") from error
    for name in itertools.chain(facts, _FACTS):
        if name not in _FACTS:
            raise newer(path, name)
        if name not in facts or not isinstance(facts[name], _FACTS[name]):
            raise Damaged(path, f"it has no valid {name}")
    return facts
