"""DICOM radiographs: stored values → modality values → window → black at zero (PS3.3 C.7.6.3, C.11).

pydicom is an extra: `pip install 'image-generating[dicom]'`.
"""

import functools
import importlib.metadata
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from image_generating.data import sniff, window
from image_generating.data.source import Unusable

INSTALL = "pip install 'image-generating[dicom]'"
DECODERS = ("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-libjpeg", "pylibjpeg-rle", "python-gdcm")
_DIRECTORY = "1.2.840.10008.1.3.10"  # the SOP class of a DICOMDIR


def is_dicom(file: BinaryIO) -> bool:
    """Whether the file has the DICOM marker after its 128-byte preamble, or begins as if it followed."""
    return sniff.kind(file) == "DICOM"


@functools.cache
def decoders() -> str:
    """The installed packages that decide which DICOM files can be read, with their versions."""
    found = []
    for package in DECODERS:
        try:
            found.append(f"{package}-{importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ",".join(found)


def size(file: BinaryIO) -> tuple[int, int]:
    """Width and height that the header states."""
    dataset = _open(file, stop_before_pixels=True)
    return int(dataset.Columns), int(dataset.Rows)


def read(
    file: BinaryIO, check_size: Callable[[int, int], None]
) -> tuple[np.ndarray, tuple[float, float] | None, np.ndarray | None]:
    """Reads the first frame.

    Args:
        file: a DICOM file.
        check_size: called with width and height before the pixels are decoded.

    Returns:
        Float values `(height, width)` that grow from black to white; the values that are to be black and
        white, or None where neither the file nor a depth of 8 bits says so; a mask of the pixels that are
        padding, or None.

    Raises:
        Unusable: with the reason.
    """
    dataset = _open(file)
    from pydicom.pixels import pixel_array

    if dataset.file_meta.get("MediaStorageSOPClassUID") == _DIRECTORY:
        raise Unusable("is a DICOMDIR, an index of other files")
    if "PixelData" not in dataset:
        raise Unusable("the DICOM file holds no image")
    check_size(dataset.Columns, dataset.Rows)
    try:
        stored = pixel_array(dataset, index=0)
    except (RuntimeError, NotImplementedError) as error:
        syntax = dataset.file_meta.TransferSyntaxUID.name
        raise Unusable(f"cannot decompress {syntax}; a decoder may be missing: {INSTALL}") from error
    interpretation = dataset.PhotometricInterpretation
    if stored.ndim == 3:
        # pixel_array has turned YBR into RGB; the weights are ITU-R 601 luma.
        values = stored @ np.array([0.299, 0.587, 0.114], np.float32)
        return values, (0, 2**dataset.BitsStored - 1) if dataset.BitsStored <= 8 else None, None
    if interpretation not in ("MONOCHROME1", "MONOCHROME2"):
        raise Unusable(f"the DICOM photometric interpretation {interpretation} is not supported")
    absent = window.padding(dataset, stored)
    values, limits = window.apply(dataset, window.modality(dataset, stored), absent)
    if limits is None and dataset.BitsStored <= 8:
        present = values if absent is None or absent.all() else values[~absent]
        limits = float(present.min()), float(present.max())
    if interpretation == "MONOCHROME1":
        values, limits = -values, limits and (-limits[1], -limits[0])
    return values, limits, absent


def _open(file: BinaryIO, **options):
    """The data set, with the transfer syntax that files without a header of their own do not state."""
    try:
        from pydicom import dcmread
    except ImportError:
        raise Unusable(f"reading DICOM needs pydicom: {INSTALL}") from None
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    bare = not sniff.has_preamble(file)
    file.seek(0)
    dataset = dcmread(file, force=bare, **options)
    if "TransferSyntaxUID" not in dataset.file_meta:
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset
