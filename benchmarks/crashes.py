"""Kills a tiny training with SIGKILL, again and again: python benchmarks/crashes.py --kills 50.

In turn it is killed a short time after it came further, within the write of a checkpoint, and at any moment
from its start on, also while it prepares. Prints how often which was done. Exits with 1 unless the training
ends with the weights of one that was never killed, bit for bit, in its newest checkpoint and in each
milestone, and is continued each time without a word of damage.
"""

import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Enough that a training cannot end before its last kill.
_STEPS_PER_KILL = 30
_PATIENCE = 300.0


def train(output: Path, steps: int, write: int) -> None:
    """Trains in this process, which kills itself within its `write`-th write of a checkpoint."""
    from image_generating import backend

    backend.load()
    import numpy as np

    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from conftest import TINY_NETWORK

    from image_generating import callbacks, training
    from image_generating.config import Recipe, TrainConfig

    savez, writes = np.savez, 0

    def savez_in_part(path, **arrays):
        nonlocal writes
        savez(path, **arrays)
        writes += "facts" in arrays
        if writes and writes == write:
            os.truncate(path, os.path.getsize(path) // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    np.savez = savez_in_part
    callbacks._SECONDS_BETWEEN_CHECKPOINTS = 0.0
    config = TrainConfig(
        data="phantom", images=12, resolution=112, batch_size=4, kimg=steps * 4 / 1000, output=output
    )
    recipe = Recipe(network=TINY_NETWORK, growth=((4, 0.8), (1, 0.2)), sections=3)
    training.train(config, recipe, progress=False)


def start(output: Path, steps: int, write: int = 0) -> subprocess.Popen:
    arguments = ["--child", output, "--steps", steps, "--write", write]
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def kill_in_turn(output: Path, steps: int, kills: int) -> tuple[collections.Counter, list[str]]:
    """Kills a training `kills` times and then lets it end.

    Returns:
        How often it was killed at which kind of moment, and what each of its processes said.
    """
    moments, counts, said = random.Random(0), collections.Counter(), []
    kinds = ("after a checkpoint", "within a write", "at any moment")
    while counts.total() < kills:
        kind = kinds[counts.total() % len(kinds)]
        # The first of the writes is that of the untrained networks, once.
        child = start(output, steps, moments.randint(1, 4) if kind == "within a write" else 0)
        before = checkpoints(output)
        if kind == "after a checkpoint":
            # Only once it has come further, or it would never end.
            while child.poll() is None and checkpoints(output) == before:
                time.sleep(0.01)
            time.sleep(moments.uniform(0, 0.2))
        if kind == "at any moment":
            time.sleep(moments.uniform(0, 10))
        if kind != "within a write":
            child.kill()
        _, errors = child.communicate(timeout=_PATIENCE)
        said.append(errors)
        if child.returncode != -signal.SIGKILL:
            raise SystemExit(f"The training ended by itself, with status {child.returncode}:\n{errors}")
        counts[kind] += 1
    last = start(output, steps)
    said.append(last.communicate(timeout=_PATIENCE)[1])
    if last.returncode:
        raise SystemExit(f"The training could not be continued:\n{said[-1]}")
    return counts, said


def checkpoints(output: Path) -> set[str]:
    return {path.name for path in (output / "checkpoints").glob("step_*.npz")}


def differences(one: Path, other: Path) -> list[str]:
    """What differs in the newest checkpoint and in the milestones of two runs."""
    import numpy as np

    from image_generating import backend

    backend.load()
    from image_generating import checkpoint

    names = [max(checkpoints(one)), max(checkpoints(other))]
    if names[0] != names[1]:
        return [f"newest checkpoints: {' and '.join(names)}"]
    milestones = [sorted(path.name for path in (run / "milestones").iterdir()) for run in (one, other)]
    if milestones[0] != milestones[1]:
        return [f"milestones: {milestones[0]} and {milestones[1]}"]
    found = []
    for name in (f"checkpoints/{names[0]}", *(f"milestones/{name}" for name in milestones[0])):
        first, second = (checkpoint.load(run / name).arrays for run in (one, other))
        found += [f"{name}: {array}" for array in first.keys() ^ second.keys()]
        common = first.keys() & second.keys()
        found += [f"{name}: {array}" for array in common if not np.array_equal(first[array], second[array])]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=5, help="how often (default: 5)")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--steps", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--write", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return train(options.child, options.steps, options.write)
    steps = 60 + _STEPS_PER_KILL * options.kills
    with tempfile.TemporaryDirectory() as folder:
        unbroken, broken = Path(folder) / "unbroken", Path(folder) / "broken"
        whole = start(unbroken, steps)
        counts, said = kill_in_turn(broken, steps, options.kills)
        _, errors = whole.communicate(timeout=_PATIENCE)
        if whole.returncode:
            raise SystemExit(f"The training without kills failed:\n{errors}")
        different = differences(unbroken, broken)
    damaged = [errors for errors in said if "damaged" in errors]
    print(f"{counts.total()} kills: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    print(f"{sum('Continuing' in errors for errors in said)} of {len(said)} processes continued the training")
    print(f"{len(damaged)} of them found a damaged file")
    print(f"the same weights after {steps} steps as without kills: {'no' if different else 'yes'}")
    print("\n".join(different[:10]))
    sys.exit(1 if different or damaged else 0)


if __name__ == "__main__":
    main()
