"""Every setting with its default, in one place: the command line and the notebooks both build these.

Each field carries its own help text, so `--help` and this file cannot disagree. A field without a
default is a required flag.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

from image_generating.errors import UserError


def option(help: str, default: Any = dataclasses.MISSING) -> Any:
    """A dataclass field with the help text that `--help` shows."""
    return dataclasses.field(default=default, metadata={"help": help}, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of all settings: checks choices, and goes to and from JSON."""

    def __post_init__(self):
        for field in dataclasses.fields(self):
            choices = get_args(field.type) if get_origin(field.type) is Literal else ()
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


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Config):
    """The two networks. Widths are channels by level: level 0 is the base grid, each next one twice as fine.

    The base grid is the resolution halved until it is at most 27: 25 for 100, 200, 400 and 800. Levels
    end at a quarter of the resolution; one stage makes, or reads, the image from there.
    """

    preset: Literal["residual", "classic"] = option(
        "residual: small, fast, the default; classic: the original DCGAN layout, as the baseline", "residual"
    )
    resolution: int = option("side of the square images in pixels", 800)
    latent: int = option("size of the latent vector", 64)
    # Widths halve as pixels quadruple, so that every level costs about the same.
    generator_widths: tuple[int, ...] = option("generator channels by level", (128, 96, 64, 32, 16))
    synthesis_width: int = option("generator channels at half the resolution", 16)
    # About half the generator's: a wider discriminator halved the speed and scored worse at equal time.
    discriminator_widths: tuple[int, ...] = option("discriminator channels by level", (64, 48, 32, 16, 16))
    discriminator_deep_widths: tuple[int, ...] = option(
        "discriminator channels below the base grid", (96, 128)
    )
    analysis_width: int = option("discriminator channels at half the resolution", 8)


@dataclasses.dataclass(frozen=True)
class Recipe(Config):
    """How the networks are trained: everything that is not a flag of `train`, with its reason."""

    network: NetworkConfig = option("the two networks", NetworkConfig())


@dataclasses.dataclass(frozen=True)
class EvaluateConfig(Config):
    """Measure how good, how diverse and how private a generator or a folder of images is."""

    model: Path | None = option("folder of an exported generator; give this or --images", None)
    images: Path | None = option("folder of generated images; give this or --model", None)
    count: int = option("how many images to draw from the model", 1000)
    seed: int = option("seed of the drawn images, the subsets and the bootstrap", 0)
    train: Path = option("folder of the real images that the generator was trained on")
    heldout: Path = option("folder of real images that it never saw, best of other patients")
    output: Path = option("folder for metrics.json, the figures and report.html; an older report is replaced")
    extractor: str = option(
        "network whose features are compared: 'inception' (as for FID), a keras.applications name such as "
        "'DenseNet121', a path to a Keras model file, or 'tiny' (random; only to try the command)",
        "inception",
    )
    resolution: int = option("side in pixels at which everything is compared", 800)
    controls: bool = option("also measure known failures: copies, blur, repeats, phantoms", False)
