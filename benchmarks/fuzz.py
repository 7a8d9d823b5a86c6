"""Damaged inputs through the program for as long as is wanted; prints what went wrong, and counts.

    python benchmarks/fuzz.py --minutes 30

Each case follows from its number, so that `--first N --cases 1` repeats it. One of a hundred runs in a
process of its own.
"""

import argparse
import collections
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "tests" / "fuzz")]

import cases  # noqa: E402

from image_generating import backend  # noqa: E402

_BETWEEN_PROCESSES = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--cases", type=int, default=sys.maxsize)
    parser.add_argument("--first", type=int, default=100_000, help="number of the first case")
    parser.add_argument("--model", type=Path, default=Path("models/generator"), help="a generator")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    backend.load()
    counts, slowest, problems = collections.Counter(), collections.Counter(), 0
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        valid = Path(scratch) / "valid"
        usual = cases.prepare(valid, chosen.model)
        began, number = time.monotonic(), chosen.first
        while time.monotonic() - began < 60 * chosen.minutes and number - chosen.first < chosen.cases:
            folder = Path(scratch) / str(number)
            folder.mkdir()
            case = cases.make(number, valid, folder)
            result = cases.run(case, usual, apart=number % _BETWEEN_PROCESSES == 0)
            kind = case.name.split()[1]
            counts[kind, result.status] += 1
            slowest[kind] = max(slowest[kind], result.seconds)
            if result.problem:
                problems += 1
                print(f"{case.name}: {' '.join(case.arguments)}\n{result.problem}\n", flush=True)
            shutil.rmtree(folder)
            number += 1
    print(
        "| kind | output whole (0) | refused by the system (1) | refused (2) | slowest, s |\n"
        "|---|---|---|---|---|"
    )
    for kind in slowest:
        row = [str(counts[kind, status]) for status in (0, 1, 2)]
        print(f"| {kind} | {' | '.join(row)} | {slowest[kind]:.1f} |")
    print(f"{counts.total()} cases, {problems} problems, {(time.monotonic() - began) / 60:.0f} minutes")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
