"""Previews of a training as files: their names, and those of a folder in the order they were made."""

import re
from pathlib import Path
from typing import NamedTuple

_NAME = re.compile(r"image_at_epoch_(\d+)(?:_step_(\d+))?\.png")


class Preview(NamedTuple):
    """A preview's file; previews compare in the order they were made.

    Attributes:
        epoch: passes over the images by then, rounded.
        step: steps taken by then; 0 in files of before, which are named by the epoch alone.
        path: the file.
    """

    epoch: int
    step: int
    path: Path


def file_name(epoch: float, step: int) -> str:
    """The name of a preview; short runs have many in one epoch, and each step has one at most."""
    return f"image_at_epoch_{round(epoch):04d}_step_{step:08d}.png"


def found(folder: Path) -> list[Preview]:
    """The previews in a folder, in the order they were made; none where there is no such folder."""
    named = ((_NAME.fullmatch(path.name), path) for path in Path(folder).glob("*.png"))
    return sorted(Preview(int(name[1]), int(name[2] or 0), path) for name, path in named if name)
