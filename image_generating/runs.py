"""The folder of a run: where things are in it, and what it was started with."""

import dataclasses
import json
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from image_generating.config import Recipe
from image_generating.damage import Damaged, newer
from image_generating.errors import UserError

_REMEDY = "The run's own `train` command, given again, writes it anew."


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `run.json` holds: all that the weights depend on.

    Attributes:
        recipe: of networks and training.
        data_key: digest of the images.
        batch_size: images per step.
        seed: of the training.
        run: identifier that the run's checkpoints carry; None in the file of an earlier version.
    """

    recipe: Recipe
    data_key: str
    batch_size: int
    seed: int
    run: str | None = None


@dataclasses.dataclass(frozen=True)
class Run:
    """The folder of a run, and where things are in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "run.json"

    @property
    def appearance(self) -> Path:
        return self.folder / "appearance.npz"

    @property
    def spectra(self) -> Path:
        return self.folder / "spectra.npz"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def milestones(self) -> Path:
        return self.folder / "milestones"

    @property
    def previews(self) -> Path:
        return self.folder / "training_images"

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def stored(self) -> Settings:
        """What the run was started with.

        Fields of the recipe that an earlier version did not have get their defaults.

        Raises:
            UserError: if the folder holds no run, or if a newer version wrote `run.json`.
            Damaged: if `run.json` is damaged, or edited to something that no version writes.
        """
        try:
            content = json.loads(self.settings.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UserError(
                f"{self.folder} holds no run: no {self.settings.name}. Name the --output of a training."
            ) from error
        except OSError as error:
            raise UserError(f"{self.settings} cannot be read ({error.strerror}).") from error
        except (ValueError, RecursionError) as error:
            raise Damaged(self.settings, error, _REMEDY) from error
        return _built(Settings, content, self.settings)

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run; raises what `stored` does."""
        return self.stored.recipe

    @property
    def identifier(self) -> str | None:
        """What the run's checkpoints carry, None where there is no `run.json`; raises what `stored` does."""
        return self.stored.run if self.settings.exists() else None


def _built(kind: type, values: Any, path: Path, place: str = ""):
    """A dataclass from the JSON object that it was written as, each value checked for its type."""
    if not isinstance(values, dict):
        raise Damaged(path, f"{place.rstrip('.') or 'its content'} is no JSON object", _REMEDY)
    types_of = {field.name: field.type for field in dataclasses.fields(kind)}
    arguments = {}
    for name, value in values.items():
        if name not in types_of:
            raise newer(path, place + name)
        if dataclasses.is_dataclass(types_of[name]):
            arguments[name] = _built(types_of[name], value, path, f"{place}{name}.")
        elif _fits(value, types_of[name], least=0 if name == "seed" else 1):
            arguments[name] = value
        else:
            raise Damaged(path, f"{place}{name} cannot be {json.dumps(value)}", _REMEDY)
    try:
        return kind(**arguments)
    except TypeError as error:
        missing = [name for name in types_of if name not in arguments]
        raise Damaged(path, f"it has no {place}{missing[0]}", _REMEDY) from error


def _fits(value: Any, kind: Any, least: int) -> bool:
    """Whether a value from JSON is of the type of a field; whole numbers are at least `least`."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in parts
    if origin in (Union, types.UnionType):
        return any(_fits(value, part, least) for part in parts)
    if origin is tuple:
        if not isinstance(value, list):
            return False
        if parts[-1] is Ellipsis:
            parts = parts[:1] * len(value)
        return len(value) == len(parts) and all(
            _fits(item, part, least) for item, part in zip(value, parts, strict=True)
        )
    if kind is types.NoneType:
        return value is None
    if isinstance(value, bool):
        return False
    if kind is int:
        return isinstance(value, int) and value >= least
    return isinstance(value, (int, float) if kind is float else kind)
