"""Trains every preset for a few steps, exports it, and stores what the networks make of fixed latents.

    python tests/versions/exports.py FOLDER

Unlike the committed networks, these are written by the Keras and the package at hand.
"""

import subprocess
import sys
from pathlib import Path

from reference import store

from image_generating.config import RECIPES

# The base grid of 100 px has an odd side, which is where sizes go wrong. 24 images are six steps.
_DATA = ("--data", "phantom", "--images", "12", "--resolution", "100")
_TRAINING = ("--batch-size", "4", "--kimg", "0.024")


def export(preset: str, folder: Path) -> None:
    """Writes a generator, a discriminator and their reference."""
    program = [sys.executable, "-m", "image_generating"]
    run = folder / "run"
    subprocess.run([*program, "train", "--preset", preset, *_DATA, *_TRAINING, "--output", run], check=True)
    subprocess.run([*program, "export", "--run", run, "--output", folder], check=True)
    store(folder, folder / "reference.json")


if __name__ == "__main__":
    for name in RECIPES:
        export(name, Path(sys.argv[1]) / name)
