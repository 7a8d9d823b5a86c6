"""DICOM radiographs: stored values → modality values → window → black at zero (PS3.3 C.7.6.3, C.11).

pydicom is an extra: `pip install 'image-generating[dicom]'`.
"""

import functools
import importlib.metadata
from collections.abc import Callable
from typing import BinaryIO

import numpy as np

from image_generating.data.source import Unusable

INSTALL = "pip install 'image-generating[dicom]'"
DECODERS = ("pydicom", "pylibjpeg", "pylibjpeg-openjpeg", "pylibjpeg-libjpeg", "pylibjpeg-rle", "python-gdcm")


def is_dicom(file: BinaryIO) -> bool:
    """Whether the file has the DICOM marker after its 128-byte preamble."""
    file.seek(128)
    return file.read(4) == b"DICM"


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


def read(
    file: BinaryIO, check_size: Callable[[int, int], None]
) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Reads the first frame.

    Args:
        file: a DICOM file.
        check_size: called with width and height before the pixels are decoded.

    Returns:
        Float values `(height, width)` that grow from black to white, and the values that are to be
        black and white; None where the file states no window.

    Raises:
        Unusable: with the reason.
    """
    try:
        from pydicom import dcmread
        from pydicom.pixels import pixel_array
    except ImportError:
        raise Unusable(f"reading DICOM needs pydicom: {INSTALL}") from None
    file.seek(0)
    dataset = dcmread(file)
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
        return stored @ np.array([0.299, 0.587, 0.114], np.float32), (0, 2**dataset.BitsStored - 1)
    if interpretation not in ("MONOCHROME1", "MONOCHROME2"):
        raise Unusable(f"the DICOM photometric interpretation {interpretation} is not supported")
    values, limits = _window(dataset, stored)
    if interpretation == "MONOCHROME1":
        values, limits = -values, limits and (-limits[1], -limits[0])
    return values, limits


def _window(dataset, stored: np.ndarray) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Modality values, and through the VOI table or window if there is one (the first of several)."""
    from pydicom.pixels import apply_modality_lut, apply_voi

    values = apply_modality_lut(stored, dataset)
    if dataset.get("VOILUTSequence"):
        bits = dataset.VOILUTSequence[0].LUTDescriptor[2]
        return apply_voi(values, dataset).astype(np.float32), (0.0, 2.0**bits - 1)
    values = values.astype(np.float32, copy=False)
    if dataset.get("WindowCenter") is None or dataset.get("WindowWidth") is None:
        return values, None
    center, width = (float(np.atleast_1d(dataset[name].value)[0]) for name in ("WindowCenter", "WindowWidth"))
    function = dataset.get("VOILUTFunction", "LINEAR")
    if function == "SIGMOID":
        return 1 / (1 + np.exp(-4 * (values - center) / width)), (0.0, 1.0)
    if function == "LINEAR":
        # The default function counts gray levels, of which a window of width w has w - 1 steps.
        center, width = center - 0.5, max(width - 1, 1e-3)
    return values, (center - width / 2, center + width / 2)
