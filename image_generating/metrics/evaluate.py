"""`image-generating evaluate`: how good, how diverse, how private."""

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from image_generating import data, files
from image_generating.config import DataConfig, EvaluateConfig
from image_generating.data import cache, judged
from image_generating.errors import UserError, shown
from image_generating.metrics import duplicates, extractors, features, findings, measures, report
from image_generating.metrics.controls import CONTROLS
from image_generating.metrics.duplicates import Fingerprints, Match
from image_generating.metrics.features import Observed
from image_generating.metrics.findings import Finding
from image_generating.metrics.measures import Numbers
from image_generating.metrics.privacy import ClosestPairs, Pair

ROOM = 30_000_000  # bytes of a report at most
MOST_NAMED = 5
# From here on a similarity is no less than rounding makes of 1.
EQUAL = 0.9999


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """Everything that a report is written from.

    Attributes:
        numbers: of the generated images.
        floor: the same numbers of real images: of the training images where held-out ones are the measure, of
            the held-out ones where the training images are.
        found: what is wrong with the generated images.
        controls: for each key of `CONTROLS` that was made, its numbers and what was found.
        closest: the generated images that come closest to a training image.
        copies: for "training" and "held-out" the generated images that are the same picture as one of those.
        generated: the generated images, reduced.
        train: the training images, reduced.
        heldout: the held-out images, reduced.
        train_images: uint8, shape (T, R, R).
        size: how many images of each set are compared where the size matters.
        extractor: name of the network.
        seconds: how long each step took.
    """

    numbers: Numbers
    floor: Numbers
    found: list[Finding]
    controls: dict[str, tuple[Numbers, list[Finding]]]
    closest: list[Pair]
    copies: dict[str, list[Match]]
    generated: Observed
    train: Observed
    heldout: Observed
    train_images: np.ndarray
    size: int
    extractor: str
    seconds: dict[str, float]


def run(config: EvaluateConfig) -> Evaluation:
    """Measures, writes metrics.json, figures and report.html into `config.output`, and prints the table.

    Raises:
        UserError: a folder, the model or the extractor cannot be used, or held-out images were trained on.
    """
    started = time.perf_counter()
    _check(config)
    extractor = extractors.get(config.extractor)
    train, heldout = (_read(config, flag, data.load) for flag in ("train", "heldout"))
    _refuse_overlap(config, train, heldout)
    notes = [*_notes(config, config.train, train), *_notes(config, config.heldout, heldout)]
    if config.model:
        batches, total = _from_model(config), config.count
        names = [f"image {number} of seed {config.seed}" for number in range(total)]
    else:
        images = _read(config, "images", judged.load)
        batches, total = images.images, len(images)
        names = [str(config.images / name) for name in images.names]
        notes += _notes(config, config.images, images)
    evaluation = evaluate(
        batches,
        total,
        train.images,
        heldout.images,
        extractor,
        folder=config.cache or cache.default_root(),
        seed=config.seed,
        controls=config.controls,
    )
    evaluation.seconds["total"] = time.perf_counter() - started
    known = {"training": (config.train, train), "held-out": (config.heldout, heldout)}
    warnings = [
        _warning(matches, names, name, *known[name]) for name, matches in evaluation.copies.items() if matches
    ]
    with files.replacing_folder(config.output, report.REPORT) as output:
        report.write(evaluation, config, warnings, notes, output)
    print(report.table(evaluation), *notes, sep="\n")
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(f"\n{shown(config.output / report.PAGE)}")
    return evaluation


def evaluate(
    batches: Iterable[np.ndarray],
    total: int,
    train_images: np.ndarray,
    heldout_images: np.ndarray,
    extractor: extractors.FeatureExtractor,
    *,
    folder: Path,
    seed: int = 0,
    controls: bool = False,
) -> Evaluation:
    """The measurement itself, from arrays.

    Args:
        batches: generated images, uint8, in arrays of shape (n, R, R); or one such array.
        total: how many there are together.
        train_images: uint8, shape (T, R, R).
        heldout_images: uint8, shape (M, R, R).
        extractor: the network.
        folder: features are cached in it.
        seed: of all subsets and of the bootstrap.
        controls: measure the known failures, too.
    """
    seconds: dict[str, float] = {}

    def observe(images, count, label, watch=None):
        started = time.perf_counter()
        seen = features.observe(images, count, extractor, cache=folder, label=label, seed=seed, watch=watch)
        seconds[label.removesuffix(" images")] = time.perf_counter() - started
        return seen

    train = observe(train_images, len(train_images), "training images")
    heldout = observe(heldout_images, len(heldout_images), "held-out images")
    closest = ClosestPairs(train.features)
    watcher = duplicates.Watcher({"training": train_images, "held-out": heldout_images})

    def watch(images, its_features):
        closest(images, its_features)
        watcher(images)

    generated = observe(batches, total, "generated images", watch)

    started = time.perf_counter()
    size = measures.equal_size(generated, train, heldout)
    settings = {"size": size, "seed": seed, "kid_size": min(len(generated), len(train))}
    floor = measures.likeness(train, heldout, **settings)
    floor |= measures.secrecy_of_heldout(heldout, train, seed=seed)
    numbers = measures.likeness(generated, heldout, **settings)
    numbers |= measures.secrecy(generated, heldout, train, seed=seed)
    seconds["numbers"] = time.perf_counter() - started

    failures = {}
    for control in CONTROLS if controls else ():
        made = control.batches(size, train_images, heldout_images, seed)
        seen = observe(made, size, f"control {control.key}")
        its = measures.likeness(seen, heldout, **settings) | measures.secrecy(seen, heldout, train, seed=seed)
        failures[control.key] = its, findings.find(its, floor)
    return Evaluation(
        numbers=numbers,
        floor=floor,
        found=findings.find(numbers, floor),
        controls=failures,
        closest=closest.pairs,
        copies=watcher.matches,
        generated=generated,
        train=train,
        heldout=heldout,
        train_images=train_images,
        size=size,
        extractor=extractor.name,
        seconds=seconds,
    )


def _check(config: EvaluateConfig):
    if (config.model is None) == (config.images is None):
        raise UserError(
            "Give either --model, a generator's folder, or --images, a folder of generated images."
        )
    if config.images and not config.images.is_dir():
        raise UserError(f"--images {config.images} is no folder; name one of generated images.")
    files.check_folder(config.output, report.REPORT, ROOM)


def _read(config: EvaluateConfig, flag: str, load: Callable[[DataConfig], data.Dataset]) -> data.Dataset:
    """The images of the folder that a flag names."""
    folder = str(getattr(config, flag))
    settings = DataConfig(
        data=folder, resolution=config.resolution, fit=config.fit, cache=config.cache, seed=config.seed
    )
    try:
        return load(settings)
    except UserError as error:
        raise UserError(f"--{flag} {folder}: {error}") from error


def _notes(config: EvaluateConfig, folder: Path, dataset: data.Dataset) -> list[str]:
    """What was done to the images of a folder that a reader of the numbers should know."""
    side, resized = config.resolution, 0
    for name in dataset.names:
        # DICOM, and drawings that are no files, have no size that Pillow knows.
        with contextlib.suppress(OSError), Image.open(folder / name) as image:
            resized += image.size != (side, side)
    place = shown(folder)
    notes = [f"{place}: {resized} of {len(dataset)} images were resized to {side} × {side} pixels."]
    notes = notes if resized else []
    notes += [f"{place}: {name} was skipped: {reason}." for name, reason in dataset.skipped[:MOST_NAMED]]
    if len(dataset.skipped) > MOST_NAMED:
        notes.append(f"{place}: {len(dataset.skipped) - MOST_NAMED} more were skipped.")
    return notes


def _refuse_overlap(config: EvaluateConfig, train: data.Dataset, heldout: data.Dataset):
    """Held-out images that were trained on would make copies look like good images."""
    matches = duplicates.find(Fingerprints.of(heldout.images), Fingerprints.of(train.images))
    if matches:
        names = [str(config.heldout / name) for name in heldout.names]
        raise UserError(
            f"{len(matches)} of the held-out images are also training images: "
            f"{_pairs(matches, names, config.train, train)}. Take them out of one of the two folders."
        )


def _warning(
    matches: Sequence[Match], names: Sequence[str], what: str, folder: Path, known: data.Dataset
) -> str:
    return (
        f"{len(matches)} of the {len(names)} images that are measured are also {what} images: "
        f"{_pairs(matches, names, folder, known)}. They are measured as they are."
    )


def _pairs(matches: Sequence[Match], names: Sequence[str], folder: Path, known: data.Dataset) -> str:
    """The first few pairs as text, and of unequal ones how similar they are."""
    texts = []
    for match in matches[:MOST_NAMED]:
        first, second = shown(names[match.number]), shown(folder / known.names[match.known])
        equal = match.similarity > EQUAL
        texts.append(
            f"{first} = {second}" if equal else f"{first} ≈ {second} (similarity {match.similarity:.2f})"
        )
    return ", ".join(texts) + (f" and {len(matches) - MOST_NAMED} more" if len(matches) > MOST_NAMED else "")


def _from_model(config: EvaluateConfig) -> Iterable[np.ndarray]:
    """The images of the model, once it is sure that it makes such images."""
    from image_generating import sampling

    generator = sampling.load_generator(config.model)
    side = generator.output_shape[1]
    if side != config.resolution:
        raise UserError(
            f"{config.model} makes images of {side} pixels: compare at that size with --resolution {side}."
        )
    probe = np.random.default_rng(config.seed).standard_normal((1, generator.input_shape[1]), np.float32)
    values = np.asarray(generator.predict_on_batch(probe))
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise UserError(
            f"{config.model} makes values from {values.min():.3g} to {values.max():.3g}; "
            "a generator's are in [0, 1]."
        )
    return sampling.generate(generator, config.count, config.seed)
