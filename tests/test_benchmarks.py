"""The measurement that the README quotes can be made again."""

import subprocess
import sys
from pathlib import Path

_BENCHMARK = Path(__file__).parents[1] / "benchmarks" / "train_step.py"


def test_training_and_generating_are_timed_for_both_networks():
    settings = ["--resolution", "64", "--batch-size", "2", "--steps", "2", "--rounds", "1"]
    run = subprocess.run([sys.executable, _BENCHMARK, *settings], capture_output=True, text=True, check=True)
    rows = {line[:40].strip(): line[40:].split() for line in run.stdout.splitlines()[1:]}
    assert rows.pop("") == ["residual", "classic", "ratio"]
    assert len(rows) == 5
    for name, numbers in rows.items():
        assert len(numbers) == 3, name
        assert min(map(float, numbers)) > 0, name
