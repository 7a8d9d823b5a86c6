"""The measurements that the documents quote can be made again."""

import shutil
import subprocess
import sys
from pathlib import Path

from PIL import Image

from image_generating.data import phantom

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


def test_altered_copies_are_counted(tmp_path):
    for seed in range(3):
        Image.fromarray(phantom.draw(seed, 200)).save(tmp_path / f"{seed}.png")
    shutil.copy(tmp_path / "0.png", tmp_path / "again.png")

    command = [sys.executable, _BENCHMARK.with_name("near_copies.py"), "--data", tmp_path]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    ways = [line.split()[-2:] for line in printed.split("\n\n")[0].splitlines()[1:]]
    assert len(ways) == 20
    assert all(found == "4" and float(least) > 0.92 for found, least in ways)
    assert "Altered copies taken for another file: 0" in printed
    assert "1.000  the same content  0.png  again.png" in printed
