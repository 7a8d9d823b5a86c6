"""Every setting with its default, in one place: the command line and the notebooks both build these.

Each field carries its own help text, so `--help` and this file cannot disagree. A field without a
default is a required flag.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal, Self, get_args

from image_generating.errors import UserError


def option(help: str, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field with the help text that `--help` shows."""
    return dataclasses.field(default=default, metadata={"help": help}, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of all settings: checks choices, and goes to and from JSON."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            choices = get_args(field.type) if getattr(field.type, "__origin__", None) is Literal else ()
            value = getattr(self, field.name)
            if choices and value not in choices:
                raise UserError(f"{field.name} must be one of {', '.join(choices)}, not {value!r}.")

    def replace(self, **changes) -> Self:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """The settings as JSON text, one field a line."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The settings written by `to_json`; unknown fields raise `TypeError`."""
        return cls(**json.loads(text))


@dataclasses.dataclass(frozen=True)
class DownloadConfig(Config):
    """Fetch the chest X-ray set from Kaggle (1.2 GB; only the wanted files where the service allows it)."""

    output: Path = option("folder to put the images in")
    subset: Literal["normal", "all"] = option(
        "which images: the 1 583 normal chests this project is about, or all 5 856 with pneumonia", "normal"
    )


@dataclasses.dataclass(frozen=True)
class DataConfig(Config):
    """Which images, and how each becomes a square of gray values."""

    data: str = option("folder of images (searched recursively), or 'kaggle', or 'phantom'")
    resolution: int = option("side of the square images in pixels", 800)
    images: int | None = option(
        "use the first N images after a seeded shuffle; default: all of a folder, 300 phantoms", None
    )
    fit: Literal["stretch", "crop", "pad"] = option(
        "how an oblong image becomes square: stretched (keeps everything), centre-cropped, or padded black",
        "stretch",
    )
    strict: bool = option("stop at the first unusable file instead of skipping it", False)
    seed: int = option("seed of the shuffle, the phantoms and the training", 0)
    cache: Path | None = option(
        "folder of the prepared images; default: image_generating in the user's cache folder", None
    )
