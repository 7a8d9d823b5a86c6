"""Arrays by name in one .npz file: written whole or not at all, and read with every damage noticed.

The zip format stores a CRC-32 of every array, which reading verifies.
"""

import dataclasses
import errno
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from image_generating.damage import Damaged, newer
from image_generating.errors import UserError
from image_generating.files import replacing


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes arrays to a file that ends in .npz."""
    with replacing(path) as temporary:
        np.savez(temporary, **arrays)


def read(path: Path, names: Iterable[str] | None = None) -> dict[str, np.ndarray]:
    """Reads arrays that `write` wrote.

    Args:
        path: the file.
        names: which of them; default: all.

    Raises:
        FileNotFoundError: if there is no such file.
        Damaged: if the file is no such archive, or if one of the arrays is missing or not as it was written.
        UserError: if the file may not be read.
    """
    try:
        # Opened here, as `np.load` leaves a damaged file open.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in (stored.files if names is None else names)}
    except FileNotFoundError:
        raise
    except Exception as error:  # Damaged files make zip and array readers raise whatever comes first.
        if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM, errno.EISDIR, errno.EIO):
            raise UserError(f"{path} cannot be read ({error.strerror}). Make it readable.") from error
        raise Damaged(path, error) from error


def read_as(kind: type, path: Path, remedy: str):
    """Reads the dataclass of arrays that `write(path, dataclasses.asdict(…))` wrote.

    Args:
        kind: the dataclass; each of its fields is an array of finite numbers.
        path: the file.
        remedy: a sentence that says how to get a whole one.

    Raises:
        FileNotFoundError: if there is no such file.
        Damaged: if an array is missing, not as it was written, or not of finite numbers.
        UserError: if the file may not be read, or if a newer version wrote it.
    """
    try:
        arrays = read(path)
    except Damaged as error:
        raise Damaged(path, error.why, remedy) from error
    names = [field.name for field in dataclasses.fields(kind)]
    for name in arrays:
        if name not in names:
            raise newer(path, name)
    for name in names:
        if name not in arrays:
            raise Damaged(path, f"it has no {name}", remedy)
        if arrays[name].dtype.kind != "f" or not np.all(np.isfinite(arrays[name])):
            raise Damaged(path, f"{name} has something else than finite numbers", remedy)
    return kind(**arrays)
