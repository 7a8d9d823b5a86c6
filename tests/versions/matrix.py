"""Loads the networks with old and new versions of TensorFlow, Keras, JAX and torch, each installed afresh.

`make test-versions` runs all; it takes about an hour and downloads some 10 GB. Every environment loads the
committed networks and freshly exported ones of every preset, where this package is not installed, in each way
that README names for its versions, and compares with stored outputs. Prints a table, and fails if any way
fails or any environment cannot be installed.

    .venv/bin/python tests/versions/matrix.py --only 'tf-2.16' --only 'torch' --table versions.md
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

_HERE = Path(__file__).parent
_MODELS = _HERE.parents[1] / "models"

# Images lie in [0, 1]. Differences of 1e-5 were seen, of bfloat16 they would be 1e-2.
TOLERANCE = 1e-4

_KERAS = ("keras.saving.load_model",)
_SAVED_MODEL = ("tf.saved_model.load",)
_TENSORFLOW = ("tf.keras.models.load_model", *_SAVED_MODEL, "keras.layers.TFSMLayer")
_BELOW_3_4 = (*_SAVED_MODEL, "keras.layers.TFSMLayer")


@dataclass(frozen=True)
class Environment:
    """What pip is asked for, the ways of loading that README names for it, and presets that it cannot run."""

    name: str
    packages: tuple[str, ...]
    ways: tuple[str, ...]
    backend: str = "tensorflow"
    without: tuple[str, ...] = ()


def environments() -> list[Environment]:
    """All of them. The highest Keras is what pip finds today."""
    # The lowest Keras from 3.4 on that each TensorFlow allows, by its metadata.
    lowest = {
        "2.16": "3.4.0",
        "2.17": "3.4.0",
        "2.18": "3.5.0",
        "2.19": "3.5.0",
        "2.20": "3.10.0",
        "2.21": "3.12.0",
    }
    found = [
        Environment("tf-2.15", ("tensorflow-cpu==2.15.*",), _SAVED_MODEL),
        *(
            Environment(f"tf-2.16-keras-{keras}", ("tensorflow-cpu==2.16.*", f"keras=={keras}.*"), _BELOW_3_4)
            for keras in ("3.0", "3.3")
        ),
    ]
    for tensorflow, keras in lowest.items():
        for end, version in (("lowest", f"keras=={keras}"), ("highest", "keras>=3.4,<4")):
            packages = (f"tensorflow-cpu=={tensorflow}.*", version)
            found.append(Environment(f"tf-{tensorflow}-{end}", packages, _TENSORFLOW))
    lowest, highest = "keras==3.4.0", "keras>=3.4,<4"
    found += [
        Environment("jax-lowest", ("jax", lowest), _KERAS, "jax"),
        Environment("jax-highest", ("jax", highest), _KERAS, "jax"),
        # With PyTorch, Keras up to 3.8 enlarges images by torchvision, and up to 3.14 it lays transposed
        # convolutions of `classic` elsewhere: images differ by 0.009 of the gray range.
        Environment("torch-lowest", ("torch", "torchvision", lowest), _KERAS, "torch", ("classic",)),
        Environment("torch-highest", ("torch", highest), _KERAS, "torch"),
    ]
    return found


@dataclass
class Result:
    """A row of the table."""

    environment: str
    way: str
    versions: dict[str, str | None] = field(default_factory=dict)
    images: float = float("nan")
    logits: float = float("nan")
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether the networks were loaded, and their outputs are the stored ones."""
        return not self.problem and self.images <= TOLERANCE and self.logits <= TOLERANCE

    def row(self) -> str:
        """The row, in Markdown."""
        names = ("TensorFlow", "JAX", "torch", "Keras", "numpy", "Python")
        versions = [self.versions.get(name) or "" for name in names]
        differences = ["" if self.problem else f"{value:.1e}" for value in (self.images, self.logits)]
        verdict = "passed" if self.passed else f"FAILED {self.problem}".strip()
        return f"| {' | '.join([self.environment, *versions, f'`{self.way}`', *differences, verdict])} |"


HEAD = (
    "| environment | TensorFlow | JAX | torch | Keras | numpy | Python | way | images | logits | |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|"
)


def check(environment: Environment, pairs: list[str], scratch: Path) -> list[Result]:
    """Installs an environment, loads all networks in all of its ways, and removes it."""
    folder = scratch / environment.name
    python = folder / "bin" / "python"
    log = scratch / f"{environment.name}.log"
    try:
        with log.open("w") as file:
            made = subprocess.run([sys.executable, "-m", "venv", folder], stdout=file, stderr=file)
            # Wheels are not kept: some hundred megabytes for each.
            install = [python, "-m", "pip", "install", "--quiet", "--no-cache-dir", *environment.packages]
            installed = made.returncode or subprocess.run(install, stdout=file, stderr=file).returncode
        if installed != 0:
            problem = f"(not installed: {_last_line(log.read_text())})"
            return [Result(environment.name, way, problem=problem) for way in environment.ways]
        pairs = [pair for pair in pairs if Path(pair).name not in environment.without]
        return [_load(environment, way, python, pairs, scratch) for way in environment.ways]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(environment: Environment, way: str, python: Path, pairs: list[str], scratch: Path) -> Result:
    """Runs `load.py` away from the repository."""
    result = Result(environment.name, way)
    settings = os.environ | {"KERAS_BACKEND": environment.backend}
    settings.pop("PYTHONPATH", None)
    command = [python, _HERE / "load.py", way, *pairs]
    done = subprocess.run(command, cwd=scratch, env=settings, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        result.problem = f"({_last_line(done.stderr)})"
        return result
    found = json.loads(done.stdout.splitlines()[-1])
    result.versions = found["versions"]
    result.images, result.logits = (
        max(values) for values in zip(*found["differences"].values(), strict=True)
    )
    return result


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("WARNING")]
    return lines[-1].replace("|", "/") if lines else "no output"


def main() -> None:
    """Runs the environments one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", action="append", default=[], help="environments whose name begins so")
    parser.add_argument("--table", type=Path, help="file that gets the table")
    parser.add_argument("--list", action="store_true", help="print the environments' names")
    chosen = parser.parse_args()
    wanted = [one for one in environments() if one.name.startswith(tuple(chosen.only) or "")]
    if not wanted:
        parser.error("no environment has a name that begins so; --list prints them")
    if chosen.list:
        print("\n".join(f"{one.name}: {' '.join(one.packages)}" for one in wanted))
        return
    if sys.version_info[:2] != (3, 11):
        print(
            "TensorFlow 2.15 to 2.21 are all to be had for Python 3.11 alone; others may not install.",
            flush=True,
        )
    with tempfile.TemporaryDirectory(prefix="versions-") as scratch:
        scratch = Path(scratch)
        log = scratch / "exports.log"
        with log.open("w") as file:
            made = subprocess.run(
                [sys.executable, _HERE / "exports.py", scratch / "exports"], stdout=file, stderr=file
            )
        if made.returncode != 0:
            sys.exit(f"The networks to load were not made: {_last_line(log.read_text())}")
        exports = sorted(path.parent for path in (scratch / "exports").glob("*/reference.json"))
        pairs = [f"{_MODELS}={_HERE / 'reference.json'}", *map(str, exports)]
        results = []
        print(HEAD, flush=True)
        for environment in wanted:
            for result in check(environment, pairs, scratch):
                print(result.row(), flush=True)
                results.append(result)
    if chosen.table:
        chosen.table.write_text("\n".join([HEAD, *(result.row() for result in results)]) + "\n")
    failed = [result for result in results if not result.passed]
    if failed:
        sys.exit(f"{len(failed)} of {len(results)} failed.")
    print(f"All {len(results)} passed: {len(wanted)} environments, differences of at most {TOLERANCE}.")


if __name__ == "__main__":
    main()
