"""What a run keeps to go on after any stop: named arrays in one file, the last two of them."""

import dataclasses
import json
import sys
import zipfile
from pathlib import Path

import numpy as np

from image_generating.errors import UserError
from image_generating.files import replacing

_KEPT = 2


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """The state of a training.

    Attributes:
        arrays: every variable of the `GAN` by name.
        resolution: of the phase of growth that was reached.
        seconds: training time so far, over all sessions.
        rollbacks: how often training went back to a checkpoint because it had become non-finite.
    """

    arrays: dict[str, np.ndarray]
    resolution: int
    seconds: float
    rollbacks: int

    @property
    def step(self) -> int:
        """Number of steps taken."""
        return int(self.arrays["gan/step"])


def capture(gan, seconds: float, rollbacks: int) -> Checkpoint:
    """Copies a GAN's state out of the backend."""
    arrays = {name: np.array(variable.value) for name, variable in gan.state().items()}
    return Checkpoint(arrays, gan.resolution, seconds, rollbacks)


def restore(gan, checkpoint: Checkpoint) -> None:
    """Copies a checkpoint's arrays into a compiled GAN of the same or of a higher resolution.

    Variables that the checkpoint lacks belong to stages added since, and keep their initial values.
    """
    # The learning rate follows from the recipe, the rollbacks and the progress.
    kept = {"optimizer/adam/learning_rate"}
    if gan.resolution > checkpoint.resolution:
        # Adam corrects for averages that began at zero by the number of steps: with the old number, those of
        # the new stage would take steps ten times too long.
        kept.add("optimizer/adam/iteration")
    for name, variable in gan.state().items():
        if name in checkpoint.arrays and name not in kept:
            variable.assign(checkpoint.arrays[name])


def save(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes `folder/step_NNNNNNNN.npz` whole or not at all, then removes all but the last two.

    The zip format stores a CRC-32 of every array, which reading verifies.
    """
    path = folder / f"step_{checkpoint.step:08d}.npz"
    facts = {field: getattr(checkpoint, field) for field in ("resolution", "seconds", "rollbacks")}
    with replacing(path) as temporary:
        np.savez(temporary, facts=np.array(json.dumps(facts)), **checkpoint.arrays)
    for old in _newest_first(folder)[_KEPT:]:
        old.unlink()
    return path


def load_newest(folder: Path) -> Checkpoint | None:
    """Reads the newest checkpoint that is whole; says so on stderr when a newer one is damaged."""
    for path in _newest_first(folder):
        try:
            return load(path)
        except UserError as error:
            print(f"{error} Trying the one before it.", file=sys.stderr)
    return None


def load(path: Path) -> Checkpoint:
    """Reads one checkpoint.

    Raises:
        UserError: if it is missing, damaged, or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        facts = json.loads(str(arrays.pop("facts")))
        return Checkpoint(arrays, **facts)
    except FileNotFoundError as error:
        raise UserError(f"There is no checkpoint {path}.") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"Checkpoint {path} is damaged ({error}).") from error


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("step_*.npz"), reverse=True)
