"""Every setting with its default, in one place: the command line and the notebooks both build these.

Each field carries its own help text, so `--help` and this file cannot disagree. A field without a
default is a required flag.
"""

import dataclasses
import json
import math
import numbers
import os
import types
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, Union, get_args, get_origin

from image_generating.errors import UserError

# Random generators of every backend take these, with what is added to them.
_MOST_SEED = 1_000_000_000


@dataclasses.dataclass(frozen=True)
class Bounds:
    """Which numbers a setting takes; not finite ones are never among them.

    Attributes:
        least: the smallest, if there is one.
        above: what it must be greater than, if there is such a bound.
        most: the greatest, if there is one.
    """

    least: float | None = None
    above: float | None = None
    most: float | None = None

    def __contains__(self, value: float) -> bool:
        """Whether a number is within the bounds."""
        return (
            (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )

    def __str__(self) -> str:
        """The bounds in words."""
        words = (("at least", self.least), ("more than", self.above), ("at most", self.most))
        return ", ".join(f"{word} {bound:_}".replace("_", " ") for word, bound in words if bound is not None)


def option(
    help: str,
    default: Any = dataclasses.MISSING,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
) -> Any:
    """A dataclass field with the help text that `--help` shows, and the bounds of its numbers."""
    bounded = any(bound is not None for bound in (least, above, most))
    bounds = Bounds(least, above, most) if bounded else None
    return dataclasses.field(default=default, metadata={"help": help, "bounds": bounds}, kw_only=True)


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of all settings: checks types, choices and bounds, and goes to and from JSON."""

    # Whether the fields are flags of the command line, and are named so.
    FLAGS: ClassVar[bool] = True

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            name = f"--{field.name.replace('_', '-')}" if self.FLAGS else field.name
            object.__setattr__(self, field.name, _checked(name, value, field))

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


def _checked(name: str, value: Any, field: dataclasses.Field) -> Any:
    """The value, with `~` in paths replaced by the home folder; raises `UserError` for what does not fit."""
    kinds = get_args(field.type) if get_origin(field.type) in (Union, types.UnionType) else (field.type,)
    if value is None and type(None) in kinds:
        return None
    kind = kinds[0]
    if get_origin(kind) is Literal and value not in get_args(kind):
        raise UserError(f"{name} must be one of {', '.join(get_args(kind))}, not {value!r}.")
    if kind in (int, float):
        wanted, word = (numbers.Integral, "a whole number") if kind is int else (numbers.Real, "a number")
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise UserError(f"{name} must be {word}, not {value!r}.")
        bounds = field.metadata["bounds"]
        if value != value or abs(value) == math.inf or (bounds and value not in bounds):
            raise UserError(f"{name} must be {bounds or 'a finite number'}, not {value}.")
        # NumPy's numbers are not JSON's.
        return value if isinstance(value, int | float) else kind(value)
    if kind is bool and not isinstance(value, bool):
        raise UserError(f"{name} must be true or false, not {value!r}.")
    if kind is Path:
        if not isinstance(value, str | os.PathLike) or value == "":
            raise UserError(f"{name} must be the path of a file or a folder, not {value!r}.")
        return _at_home(name, Path(value))
    if name == "--data" and isinstance(value, str) and value.startswith("~"):
        return str(_at_home(name, Path(value)))
    return value


def _at_home(name: str, path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError as error:
        raise UserError(
            f"{name}: {path} begins with a home folder that is not known; write it out."
        ) from error


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
    resolution: int = option("side of the square images in pixels", 800, least=1, most=8192)
    images: int | None = option(
        "use the first N images after a seeded shuffle; default: all of a folder, 300 phantoms",
        None,
        least=2,
        most=1_000_000,
    )
    fit: Literal["stretch", "crop", "pad"] = option(
        "how an oblong image becomes square: stretched (keeps everything), centre-cropped, or padded black",
        "stretch",
    )
    strict: bool = option("stop at the first unusable file instead of skipping it", False)
    seed: int = option("seed of the shuffle, the phantoms and the training", 0, least=0, most=_MOST_SEED)
    cache: Path | None = option(
        "folder of the prepared images; default: image_generating in the user's cache folder", None
    )


@dataclasses.dataclass(frozen=True)
class NetworkConfig(Config):
    """The two networks.

    The base grid is the resolution halved until it is at most 27: 25 for 100, 200, 400 and 800. The last
    grid is a quarter of the resolution.
    """

    FLAGS = False

    preset: Literal["residual", "classic"] = option(
        "residual: small, fast, the default; classic: the original's DCGAN, as the baseline", "residual"
    )
    resolution: int = option("side of the square images in pixels", 800, least=1, most=8192)
    latent: int = option("size of the latent vector", 64)
    structure_widths: tuple[int, int] = option(
        "generator channels at a half and at a quarter of the last grid", (48, 64)
    )
    synthesis_width: int = option("generator channels of the stage from the last grid to the image", 24)
    structure_judge_widths: tuple[int, ...] = option(
        "channels of the discriminator's judge on the last grid, halving the grid each time",
        (32, 64, 96, 128),
    )
    texture_judge_widths: tuple[int, ...] = option(
        "channels of the discriminator's judge at full resolution, halving the grid each time", (16, 32, 64)
    )


@dataclasses.dataclass(frozen=True)
class Recipe(Config):
    """How the networks are trained: what the flags of `train` leave open, each value with its reason."""

    FLAGS = False

    network: NetworkConfig = option("the two networks", NetworkConfig())
    loss: Literal["relativistic", "non-saturating"] = option(
        "relativistic: pairs of real and generated (R3GAN); non-saturating: the original's", "relativistic"
    )
    # At batch 16, 1e-3 lost the chests; at batch 4 and 8 this gave ordered ribs within 700 steps.
    learning_rate: float = option("Adam's learning rate", 5e-4)
    # With the whole rate, structure that was trained already got no better (docs/recipe.md).
    pretrained_rate: float = option(
        "learning rate of structure that begins with pretrained networks, as a share of Adam's", 0.25
    )
    # No momentum: the other player's last move makes yesterday's direction stale.
    beta_1: float = option("Adam's first decay", 0.0)
    beta_2: float = option("Adam's second decay", 0.99)
    # Usual gradients are half as long. After one much longer, the discriminator judged badly for minutes.
    clip_norm: float | None = option("longest gradient of both networks together; None: any", 50.0)
    # Without it KID of structure is twice as high; 3 and 10 scored alike, with 10 detail was fainter.
    ema_kimg: float = option(
        "half-life of the generator's moving average, but for texture, in thousands of images; 0: none", 5.0
    )
    # At 1, what is made is less diverse than radiographs; at 1.6 more bellies are burnt out, KID is higher.
    # With shapes as much farther from the average, recall is the same and KID higher (docs/recipe.md).
    gray_spread: float = option(
        "how much farther from the average gray values of the averaged generator are than the components say",
        1.5,
    )
    # Both together: lighter ones leave a judge so steep that detail does not follow the radiograph, heavier
    # ones blur (docs/recipe.md).
    pixel_weight: float = option(
        "generator's loss: weight of the mean difference between structure's image and the radiograph", 30.0
    )
    penalty_gamma: float = option("strength of the gradient penalty, of the judge of structure", 0.05)
    # All losses stand still by then; KID did until the settings changed at 65, and fell afterwards.
    settled_kimg: float = option(
        "thousand images after which the two settings of structure before are replaced", 20.0
    )
    settled_pixel_weight: float = option("weight of the mean difference from then on", 10.0)
    settled_penalty_gamma: float = option("strength of the judge of structure's penalty from then on", 0.02)
    # Reduced, as grain is chance and hardly shows there: edges are learned from it, grain from the judge.
    texture_half_pixel_weight: float = option(
        "generator's loss: weight of the mean difference of texture's images from radiographs, at half size",
        30.0,
    )
    texture_pixel_weight: float = option("the same at full size", 7.5)
    # With a tenth and with two fifths of it texture by itself had more of a grid (docs/recipe.md).
    texture_penalty_gamma: float = option("strength of the gradient penalty, of the judge of texture", 0.05)
    penalty_sigma: float = option("size of the penalty's finite difference, in gray values of [-1, 1]", 0.05)
    penalty_share: float = option("share of the batch that the penalty looks at in every step", 0.25)
    # Light: stronger settings scored worse, and what is strong enough to help is strong enough to leak.
    brightness: float = option(
        "augmentation of whole images: largest shift of the gray values of [-1, 1]", 0.08
    )
    contrast: float = option("augmentation: largest relative change of contrast", 0.08)
    shift: float = option("augmentation of whole images: largest shift, as a share of their side", 0.04)
    sections: int = option(
        "zoomed and turned sections of a radiograph and of its anatomy that structure is shown; 1: the whole",
        1,
    )
    # Structure needs hundreds of thousands of images, texture 16 000 (docs/recipe.md).
    growth: tuple[tuple[int, float], ...] = option(
        "phases of training: (reduction of the resolution, 4 or 1; share of the training's length)",
        ((4, 0.95), (1, 0.05)),
    )


RECIPES: dict[str, Recipe] = {
    "residual": Recipe(),
    # For a GPU, which has three times the arithmetic to spare, at batch 16. Images come so often there that a
    # judge would know them by heart, so it is shown sections. The average's half-life and the change of
    # settings are about as many steps as the default's.
    "wide": Recipe(
        network=NetworkConfig(structure_widths=(64, 160), structure_judge_widths=(48, 96, 128, 160)),
        ema_kimg=15.0,
        settled_kimg=60.0,
        sections=16,
        # Texture needs some 4 000 steps; a twentieth of 275 000 images were 860, and left a mesh.
        growth=((4, 0.9), (1, 0.1)),
    ),
    # The original's published choices; DCGAN's usual Adam (Radford et al. 2016).
    "classic": Recipe(
        network=NetworkConfig(preset="classic", latent=100),
        loss="non-saturating",
        learning_rate=1e-4,
        beta_1=0.9,
        beta_2=0.999,
        clip_norm=None,
        ema_kimg=0.0,
        pixel_weight=0.0,
        texture_pixel_weight=0.0,
        texture_half_pixel_weight=0.0,
        penalty_gamma=0.0,
        texture_penalty_gamma=0.0,
        brightness=0.0,
        contrast=0.0,
        shift=0.0,
        growth=((1, 1.0),),
    ),
}


@dataclasses.dataclass(frozen=True)
class TrainConfig(DataConfig):
    """Train both networks. On an existing run: continue it."""

    output: Path = option("folder of the run: checkpoints, previews, history")
    preset: Literal["residual", "wide", "classic", "demo"] = option(
        "residual: the default; wide: the same with more channels, for a GPU and --batch-size 16; "
        "classic: the original's DCGAN; demo: residual for three minutes",
        "residual",
    )
    pretrained: Path | None = option(
        "folder of exported networks, such as models, whose structure to begin with; they must be of the "
        "same preset",
        None,
    )
    batch_size: int = option("images per step", 4, least=1, most=4096)
    epochs: float | None = option("train for so many passes over the images", None, above=0)
    kimg: float | None = option("train for so many thousand images", None, above=0)
    minutes: float | None = option(
        "train for so many minutes; without any bound: 60 (demo: 3)", None, above=0
    )
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "number format of the arithmetic; auto: bfloat16 where the processor multiplies it natively (NVIDIA "
        "GPUs from compute capability 8.0 on, CPUs with AVX-512 bf16 or AMX), else float32",
        "auto",
    )
    tensorboard: bool = option("also write scalars and previews for TensorBoard", False)


@dataclasses.dataclass(frozen=True)
class GenerateConfig(Config):
    """Make pictures with an exported generator."""

    model: Path = option("folder of the exported generator", Path("models/generator"))
    output: Path = option("folder to write result0.png, result1.png, … to")
    count: int = option("number of pictures", 9, least=1, most=1_000_000)
    seed: int = option(
        "seed of the latents; picture i depends on the seed and i alone", 0, least=0, most=_MOST_SEED
    )
    batch_size: int | None = option(
        "pictures made at once; default: as many as fit in 1 GiB, up to 32", None, least=1, most=4096
    )
    truncation: float = option(
        "scale of the latents: below 1 is more typical and less diverse", 1.0, above=0, most=10
    )
    grid: bool = option("also write grid.png with all pictures, up to 100", False)


@dataclasses.dataclass(frozen=True)
class InterpolateConfig(Config):
    """Walk through the latent space, as a GIF or an MP4."""

    model: Path = option("folder of the exported generator", Path("models/generator"))
    output: Path = option("file to write, ending in .gif or .mp4")
    stops: int = option("latents to visit; the walk ends where it began", 5, least=2, most=1000)
    frames: int = option("frames from one latent to the next", 12, least=1, most=1000)
    seed: int = option("seed of the latents", 0, least=0, most=_MOST_SEED)
    truncation: float = option(
        "scale of the latents: below 1 is more typical and less diverse", 1.0, above=0, most=10
    )
    size: int = option("side of a frame in pixels", 400, least=16, most=4096)
    # A GIF counts in hundredths of a second, and browsers make ten of a single one.
    fps: int = option("frames per second", 12, least=1, most=50)


@dataclasses.dataclass(frozen=True)
class GifConfig(Config):
    """Make the GIF of a training from its previews."""

    run: Path = option("folder of the run")
    output: Path = option("file to write, ending in .gif or .mp4")
    megabytes: float = option("largest size of the file in megabytes", 10.0, above=0, most=10_000)


@dataclasses.dataclass(frozen=True)
class ExportConfig(Config):
    """Write a run's networks as folders that Keras and TensorFlow load."""

    run: Path = option("folder of the run")
    output: Path = option("folder to write generator/ and discriminator/ to", Path("models"))
    checkpoint: Path | None = option(
        "file of the run's milestones/, one of which is kept at every tenth of a training, or checkpoints/; "
        "default: the newest checkpoint",
        None,
    )
    # Trainings leave it too faint. Images are as strong at every fineness whichever it is (`calibration.py`).
    grain: float = option(
        "strength of a residual network's grain beside that of edges: 1 as trained, which is faint",
        1.6,
        least=0,
        most=10,
    )


@dataclasses.dataclass(frozen=True)
class SummaryConfig(Config):
    """Print the layers, parameters, FLOPs and sizes of both networks."""

    preset: Literal["residual", "wide", "classic"] = option("which networks", "residual")
    resolution: int = option("side of the square images in pixels", 800, least=1, most=8192)


@dataclasses.dataclass(frozen=True)
class EvaluateConfig(Config):
    """Measure how good, how diverse and how private a generator or a folder of images is."""

    model: Path | None = option("folder of an exported generator; give this or --images", None)
    images: Path | None = option("folder of generated images; give this or --model", None)
    count: int = option("how many images to draw from the model", 1000, least=2, most=1_000_000)
    seed: int = option("seed of the drawn images, the subsets and the bootstrap", 0, least=0, most=_MOST_SEED)
    train: Path = option("folder of the real images that the generator was trained on")
    heldout: Path = option("folder of real images that it never saw, best of other patients")
    output: Path = option("folder for metrics.json, the figures and report.html; an older report is replaced")
    extractor: str = option(
        "network whose features are compared: 'inception' (as for FID), a keras.applications name such as "
        "'DenseNet121', a path to a Keras model file, or 'tiny' (random; only to try the command)",
        "inception",
    )
    resolution: int = option("side in pixels at which everything is compared", 800, least=16, most=8192)
    fit: Literal["stretch", "crop", "pad"] = option(
        "how oblong images become square; the same as in training", "stretch"
    )
    cache: Path | None = option(
        "folder of prepared images and features; default: image_generating in the user's cache folder", None
    )
    controls: bool = option("also measure known failures: copies, blur, repeats, phantoms", False)
