"""Images in a folder: which files count, what identifies each one, and its pixels."""

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np

from image_generating import provenance
from image_generating.data import decode, dicom
from image_generating.data.source import Changed, Unusable
from image_generating.errors import UserError

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".dcm", ".dicom")


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """One image file, named by its path within the folder."""

    path: Path
    name: str

    def digest(self) -> str:
        """What decides the pixels: the file's content, and for DICOM the decoders installed.

        Raises:
            OSError: the file has vanished or may not be read.
            Unusable: it is a grid or a figure of this program.
        """
        with open(self.path, "rb") as file:
            content = _digest(file)
            if provenance.is_composed(file, self.path):
                raise Unusable("composed of several images by this program")
            # Installing a decoder must make the cache look again at the files it could not read.
            return f"{content} {dicom.decoders()}" if dicom.is_dicom(file) else content

    def pixels(self, digest: str, resolution: int, fit: str, flat: bool = False) -> np.ndarray:
        """The image as uint8 `(resolution, resolution)`; see `source.Source` and `decode.square`."""
        try:
            with open(self.path, "rb") as file:
                if _digest(file) != digest.split()[0]:
                    raise Changed(self.name)
                file.seek(0)
                return decode.square(file, resolution, fit, flat)
        except OSError as error:
            raise Changed(self.name) from error


def find(folder: str | os.PathLike) -> list[ImageFile]:
    """Every image file below `folder`, sorted by its path in the folder.

    Files count by suffix, or without a known suffix by the DICOM marker, as scanners often name
    files by number. Hidden files and folders do not count.

    Raises:
        UserError: there is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise UserError(f"The data folder {folder} {what}: pass a folder of images, 'kaggle' or 'phantom'.")
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__MACOSX"))]
        for file in files:
            path = Path(parent, file)
            if not file.startswith(".") and (path.suffix.lower() in SUFFIXES or _has_dicom_marker(path)):
                found.append(ImageFile(path, path.relative_to(folder).as_posix()))
    if not found:
        raise UserError(f"The data folder {folder} holds no JPEG, PNG, TIFF, BMP or DICOM: pass another.")
    return sorted(found, key=lambda image: image.name)


def _digest(file) -> str:
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()


def _has_dicom_marker(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return dicom.is_dicom(file)
    except OSError:
        return False
