"""Damaged inputs for the public program, each a function of its number, and what must be true afterwards."""

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import mutations
import numpy as np
from PIL import Image

from image_generating.cli import main

_ODD_FLAGS = (
    *("nan", "inf", "-inf", "-1", "0", "1e400", "1e-400", "0.5", "1_0", "٣", "", " ", "x", "--", "true"),
    *(".", "/", "..", "~", "~nobody/x", "/dev/null", "/dev/full", "a/b/c", "é" * 300, "a\nb", "\x1b[2J", "-"),
)
_SECONDS_MORE = 20.0


@dataclass(frozen=True)
class Case:
    """One call of the program.

    Attributes:
        name: of the kind, and the number.
        arguments: of the program.
        folder: in which it works; everything it reads and writes lies there.
        whole: whether the output is there and whole.
        output: what must not be there after a call that failed.
    """

    name: str
    arguments: list[str]
    folder: Path
    whole: Callable[[str], bool]
    output: Path | None = None


@dataclass(frozen=True)
class Result:
    """What became of a case.

    Attributes:
        status: exit status.
        seconds: how long it took.
        problem: what is wrong with that; empty if nothing is.
    """

    status: int
    seconds: float
    problem: str


def prepare(folder: Path, model: Path) -> float:
    """Makes the valid inputs, of which every case damages a copy.

    Args:
        folder: gets images, a run with its previews, and a generator.
        model: an exported generator.

    Returns:
        Seconds of the longest valid call: a training in a process of its own.
    """
    images = folder / "images"
    images.mkdir(parents=True)
    random = np.random.default_rng(0)
    smooth = np.add.outer(np.linspace(0, 1, 40), np.linspace(0, 1, 48)) / 2
    for index, suffix in enumerate(
        (".png", ".jpg", ".tif", ".bmp", ".dcm", "_16.png", "_rgb.png", "_16.tif")
    ):
        values = np.clip(smooth * (0.6 + 0.05 * index) + 0.1 * random.random(smooth.shape), 0, 1)
        wide = (values * 4095).astype("uint16")
        path = images / f"image{suffix}"
        if suffix == ".dcm":
            path.write_bytes(_dicom(wide))
        elif "_16" in suffix:
            Image.fromarray(wide).save(path)
        elif "rgb" in suffix:
            Image.fromarray(np.stack([(values * 255).astype("uint8")] * 3, axis=-1)).save(path)
        else:
            Image.fromarray((values * 255).astype("uint8")).save(path)
    shutil.copytree(model, folder / "model")
    began = time.monotonic()
    ended = _apart(Case("valid", _train(folder, folder / "run"), folder, bool))
    seconds = time.monotonic() - began
    assert ended[0] == 0, f"the valid training failed: {ended[1]}"
    # Smaller ones in place of the run's own, of one size, or every film would be refused.
    shutil.rmtree(folder / "run" / "training_images")
    (folder / "run" / "training_images").mkdir()
    for name in ("epoch_0000_step_00000000", "epoch_0001_step_00000001", "epoch_0001"):
        Image.fromarray((smooth * 255).astype("uint8")).save(
            folder / "run" / "training_images" / f"image_at_{name}.png"
        )
    return seconds


def _train(folder: Path, run: Path) -> list[str]:
    return [
        *("train", "--data", str(folder / "images"), "--output", str(run), "--resolution", "64"),
        *("--batch-size", "4", "--kimg", "0.008", "--cache", str(folder / "cache")),
    ]


def _dicom(values: np.ndarray) -> bytes:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid(
        entropy_srcs=["fuzz"]
    )
    dataset.Modality, dataset.PatientName = "CR", "Phantom"
    dataset.Rows, dataset.Columns = values.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.WindowCenter, dataset.WindowWidth = 2048, 4096
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    dataset.PixelData = values.tobytes()
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def make(number: int, valid: Path, folder: Path) -> Case:
    """The case of a number, of whichever kind.

    Args:
        number: decides everything about it.
        valid: what `prepare` made.
        folder: an empty folder of its own.
    """
    random = Random(number)
    kinds, weights = zip(*_KINDS.items(), strict=True)
    kind = random.choices(kinds, weights)[0]
    case = kind(random, valid, folder)
    return Case(f"{number} {kind.__name__.strip('_')}", *case)


def _copy(source: Path, target: Path) -> None:
    """Copies a folder by links, which cost no room; the program writes files anew and never into them."""
    shutil.copytree(source, target, copy_function=os.link)


def _damage(path: Path, mutate: Callable[[bytes, Random], bytes], random: Random) -> None:
    content = mutate(path.read_bytes(), random)
    path.unlink()
    path.write_bytes(content)


def _images(random, valid, folder):
    """A damaged image among good ones.

    The run that it is given for has other images, so it is refused, but only after all have been read.
    """
    _copy(valid / "images", folder / "images")
    _copy(valid / "run", folder / "run")
    for path in random.sample(sorted((folder / "images").iterdir()), random.choice((1, 1, 3))):
        _damage(path, mutations.of_bytes, random)
        if random.random() < 0.1:
            path.rename(path.with_suffix(random.choice((".png", ".tif", ".dcm", "", ".JPG"))))
    arguments = _train(folder, folder / "run") + ["--strict"] * (random.random() < 0.3)
    return arguments, folder, lambda said: "reached its bound" in said


def _settings(random, valid, folder):
    """A damaged run.json."""
    return _of_run(random, valid, folder, "run.json", mutations.of_json)


def _of_run(random, valid, folder, name, mutate):
    _copy(valid / "images", folder / "images")
    _copy(valid / "run", folder / "run")
    _copy(valid / "cache", folder / "cache")
    path = folder / "run" / name
    _damage(path, mutate, random)
    return _train(folder, folder / "run"), folder, lambda said: "reached its bound" in said


def _checkpoint(random, valid, folder):
    """A damaged checkpoint with no other state beside it, so that no training begins."""
    _copy(valid / "run", folder / "only")
    shutil.rmtree(folder / "only" / "milestones", ignore_errors=True)
    for other in sorted((folder / "only" / "checkpoints").glob("*.npz"))[:-1]:
        other.unlink()
    _copy(valid / "images", folder / "images")
    _copy(valid / "cache", folder / "cache")
    path = next((folder / "only" / "checkpoints").glob("*.npz"))
    _damage(path, mutations.of_arrays, random)
    return _train(folder, folder / "only"), folder, lambda said: "reached its bound" in said


def _cache(random, valid, folder):
    """A damaged cache entry, which is made anew."""
    _copy(valid / "images", folder / "images")
    _copy(valid / "run", folder / "run")
    _copy(valid / "cache", folder / "cache")
    path = random.choice(sorted(path for path in (folder / "cache").rglob("*") if path.is_file()))
    mutate = mutations.of_json if path.suffix == ".json" else mutations.of_bytes
    _damage(path, mutate, random)
    return _train(folder, folder / "run"), folder, lambda said: "reached its bound" in said


def _export(random, valid, folder):
    """A damaged file of a run, given to `export`."""
    _copy(valid / "run", folder / "run")
    path = random.choice(
        [folder / "run" / "run.json", *sorted((folder / "run" / "checkpoints").glob("*.npz"))]
    )
    mutate = mutations.of_json if path.suffix == ".json" else mutations.of_arrays
    _damage(path, mutate, random)
    output = folder / "models"
    arguments = ["export", "--run", str(folder / "run"), "--output", str(output)]
    if path.suffix == ".npz":
        arguments += ["--checkpoint", str(path)]

    def whole(said):
        return all((output / part / "model.weights.h5").exists() for part in ("generator", "discriminator"))

    return arguments, folder, whole, output


def _previews(random, valid, folder):
    """A damaged preview."""
    _copy(valid / "run" / "training_images", folder / "run" / "training_images")
    path = random.choice(sorted((folder / "run" / "training_images").iterdir()))
    _damage(path, mutations.of_bytes, random)
    return _gif(folder)


def _gif(folder):
    output = folder / "film.gif"
    arguments = ["gif", "--run", str(folder / "run"), "--output", str(output)]
    return arguments, folder, lambda said: _film(output), output


def _film(path: Path) -> bool:
    with Image.open(path) as film:
        for frame in range(film.n_frames):
            film.seek(frame)
            film.load()
    return True


def _model(random, valid, folder):
    """A damaged file of a generator."""
    _copy(valid / "model", folder / "model")
    name = random.choice(("config.json", "metadata.json", "model.weights.h5"))
    path = folder / "model" / name
    mutate = mutations.of_json if path.suffix == ".json" else mutations.of_bytes
    _damage(path, mutate, random)
    output = folder / "pictures"
    arguments = ["generate", "--model", str(folder / "model"), "--output", str(output), "--count", "2"]

    def whole(said):
        return all(_film(output / f"result{index}.png") for index in range(2))

    return arguments, folder, whole, output


def _flags(random, valid, folder):
    """An odd value of a flag, where the rest of the command line is valid and its work is short."""
    _copy(valid / "run" / "training_images", folder / "run" / "training_images")
    _copy(valid / "model", folder / "model")
    output = folder / "output"
    words = random.choice(
        (
            ["gif", "--run", "run", "--output", "output/film.gif", "--megabytes", "1"],
            [
                *("interpolate", "--model", "nowhere", "--output", "output/walk.gif", "--stops", "2"),
                *("--frames", "2", "--size", "32", "--fps", "5", "--seed", "0", "--truncation", "1"),
            ],
            [
                *("generate", "--model", "nowhere", "--output", "output", "--count", "2", "--seed", "0"),
                *("--batch-size", "2", "--truncation", "1"),
            ],
            ["export", "--run", "nowhere", "--output", "output", "--grain", "1", "--checkpoint", "x.npz"],
            [
                *("evaluate", "--images", "a", "--train", "b", "--heldout", "c", "--output", "output"),
                *("--extractor", "tiny", "--resolution", "64", "--count", "2", "--fit", "crop"),
            ],
            [
                *("train", "--data", "nowhere", "--output", "output", "--resolution", "64", "--images", "4"),
                *("--batch-size", "2", "--kimg", "0.1", "--epochs", "1", "--minutes", "1", "--seed", "0"),
                *("--precision", "auto", "--preset", "classic"),
            ],
            ["summary", "--preset", "classic", "--resolution", "64"],
        )
    )
    for _ in range(random.choice((1, 1, 2))):
        place = random.randrange(2, len(words), 2)
        words[place] = random.choice(_ODD_FLAGS)
    if random.random() < 0.1:
        words.insert(random.randrange(1, len(words)), random.choice(("--nonsense", "-h", "extra", "--grid")))
    arguments = words

    def whole(said):
        return (
            "usage:" in said or "generator:" in said or any(path.is_file() for path in folder.rglob("*.gif"))
        )

    return arguments, folder, whole, output


def _evaluate(random, valid, folder):
    """Damaged pictures to be judged."""
    for name in ("judged", "train", "heldout"):
        (folder / name).mkdir()
    for index in range(12):
        values = np.random.default_rng((random.randrange(10**6), index)).integers(0, 256, (64, 64), "uint8")
        Image.fromarray(values).save(folder / ("judged", "train", "heldout")[index % 3] / f"{index}.png")
    place = folder / random.choice(("judged", "judged", "train", "heldout"))
    for path in random.sample(sorted(place.iterdir()), random.choice((1, 2, 4))):
        _damage(path, mutations.of_bytes, random)
    output = folder / "report"
    arguments = [
        *("evaluate", "--images", "judged", "--train", "train", "--heldout", "heldout"),
        *("--output", "report", "--extractor", "tiny", "--resolution", "64", "--cache", "cache"),
    ]

    def whole(said):
        return json.loads((output / "metrics.json").read_text())["generated_count"] > 0

    return arguments, folder, whole, output


# How often each is drawn; those that build networks take a second or more.
_KINDS = {
    _flags: 130,
    _images: 90,
    _previews: 50,
    _settings: 30,
    _checkpoint: 30,
    _cache: 20,
    _export: 5,
    _model: 5,
    _evaluate: 3,
}


def run(case: Case, usual: float, apart: bool = False) -> Result:
    """Calls the program.

    Args:
        case: what with.
        usual: seconds that a valid call may take.
        apart: in a process of its own.
    """
    before = {path for path in case.folder.rglob("*") if path.name.startswith(".")}
    began = time.monotonic()
    call = _apart if apart else _here
    status, said, problem = call(case)
    seconds = time.monotonic() - began
    return Result(status, seconds, problem or _problem(case, status, said, seconds - usual, before))


def _here(case: Case) -> tuple[int, str, str]:
    out, err, at = io.StringIO(), io.StringIO(), Path.cwd()
    os.chdir(case.folder)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main(case.arguments)
            except SystemExit as ended:
                status = ended.code
    except BaseException:
        return -1, "", traceback.format_exc()
    finally:
        os.chdir(at)
    return status, out.getvalue() + err.getvalue(), ""


def _apart(case: Case) -> tuple[int, str, str]:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-m", "image_generating", *case.arguments],
        cwd=case.folder,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        errors="replace",
    )
    return ended.returncode, ended.stdout + ended.stderr, ""


def _problem(case: Case, status: int, said: str, seconds_more: float, before: set) -> str:
    if status not in (0, 1, 2):
        return f"status {status}: {said[-2000:]}"
    if "Traceback" in said or "Exception ignored" in said:
        return said[-3000:]
    if seconds_more > _SECONDS_MORE:
        return f"took {seconds_more:.0f} s longer than a valid call"
    if left := {path for path in case.folder.rglob("*") if path.name.startswith(".")} - before:
        return f"left {left}"
    if status == 0:
        try:
            whole = case.whole(said)
        except Exception as error:
            return f"status 0 and the output cannot be read: {error!r}"
        return "" if whole else f"status 0 without the whole output: {said[-1000:]}"
    if "image-generating: " not in said and "error: " not in said:
        return f"status {status} without a sentence: {said[-1000:]}"
    if case.output is not None and any(path.is_file() for path in case.output.rglob("*")):
        return f"status {status}, and something was written to {case.output}"
    return ""
