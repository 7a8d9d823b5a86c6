"""Images in a folder: which files count, what identifies each one, and its pixels."""

import dataclasses
import hashlib
import os
from pathlib import Path

import numpy as np

from image_generating import provenance
from image_generating.data import decode, dicom, discovery, gray, wide
from image_generating.data.source import Changed, Unusable
from image_generating.errors import UserError, shown


@dataclasses.dataclass(frozen=True)
class ImageFile:
    """One image file, named by its path within the folder."""

    path: Path
    name: str

    def digest(self) -> str:
        """What decides the pixels: the content, for DICOM the decoders installed, the mapping of wide values.

        Raises:
            OSError: the file has vanished or may not be read.
            Unusable: it is a grid or a figure of this program.
        """
        with open(self.path, "rb") as file:
            content = _digest(file)
            if provenance.is_composed(file, self.path):
                raise Unusable("composed of several images by this program")
            if dicom.is_dicom(file):
                # Installing a decoder must make the cache look again at the files it could not read.
                return f"{content} {dicom.decoders()} {gray.MAPPING}"
            # Images of 8 bits are not mapped, so their entries in the cache outlive a change of the mapping.
            return f"{content} {gray.MAPPING}" if wide.is_wide(file) else content

    def size(self) -> tuple[int, int] | None:
        """Width and height in the header; None if they cannot be read."""
        try:
            with open(self.path, "rb") as file:
                return decode.size(file)
        except Exception:  # whatever a decoder raises of a file that has changed since
            return None

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


def search(folder: str | os.PathLike) -> tuple[list[ImageFile], str]:
    """Every image file below `folder` as `discovery.search` finds them, and what it passed over, in words.

    Raises:
        UserError: there is no such folder, it cannot be read, or there is no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise UserError(
            f"The data folder {shown(folder)} {what}: pass a folder of images, 'kaggle' or 'phantom'."
        )
    try:
        found, account = discovery.search(folder)
    except OSError as error:
        raise UserError(
            f"The data folder {shown(folder)} cannot be read ({error.strerror}): change its permissions."
        ) from error
    passed_over = str(account)
    if not found:
        raise UserError(
            f"The data folder {shown(folder)} holds no JPEG, PNG, TIFF, BMP or DICOM: pass another."
            + (f" Passed over: {passed_over}." if passed_over else "")
        )
    return [ImageFile(path, name) for path, name in found], passed_over


def _digest(file) -> str:
    return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=20)).hexdigest()
