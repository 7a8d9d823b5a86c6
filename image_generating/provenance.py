"""Which pictures this program composed: grids and figures are no images to train on or to measure.

A PNG carries a mark, a text chunk that viewers ignore and that survives copying and renaming. Grids that
`generate --grid` wrote before there was a mark are known by what they show.
"""

import contextlib
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

# The mark, as `PIL.Image.save(pnginfo=…)` and `matplotlib.figure.Figure.savefig(metadata=…)` take it.
COMPOSED = {"Software": "image_generating", "Content": "composed of several images"}

# Of grids without a mark, in pixels.
_TILE, _GAP = 266, 4
# Mean difference in gray levels; a picture of another patient differs by 30.
_SAME_TILE = 4.0


def mark() -> PngInfo:
    """The mark for `PIL.Image.save(pnginfo=…)`."""
    info = PngInfo()
    for key, value in COMPOSED.items():
        info.add_text(key, value)
    return info


def is_composed(file: BinaryIO, path: Path) -> bool:
    """Whether a picture is a grid or a figure of this program.

    Args:
        file: the picture, open for reading; its position is lost.
        path: where it lies, since an unmarked grid is compared with the pictures beside it.
    """
    # A damaged file is no grid; whoever decodes it says what is wrong with it.
    with contextlib.suppress(Exception):
        file.seek(0)
        with Image.open(file, formats=("PNG",)) as picture:
            marked = COMPOSED.items() <= picture.info.items()
            return marked or (path.name == "grid.png" and _shows_neighbor(picture, path.parent))
    return False


def _shows_neighbor(grid: Image.Image, folder: Path) -> bool:
    """Whether a picture has the size of a grid and a `result….png` of its folder as the first tile."""
    if any((side + _GAP) % (_TILE + _GAP) for side in grid.size):
        return False
    size = (_TILE, _TILE)
    tile = np.asarray(grid.convert("L").crop((0, 0, *size)), np.float32)
    for path in folder.glob("result*.png"):
        if re.fullmatch(r"result0+", path.stem):
            with Image.open(path) as picture:
                small = picture.convert("L").resize(size, Image.Resampling.LANCZOS)
            return bool(np.abs(tile - np.asarray(small)).mean() < _SAME_TILE)
    return False
