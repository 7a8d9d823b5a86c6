"""Reading images with more than 8 bits a sample without losing any of them.

Pillow keeps 16 bits of gray, but only the upper 8 of color and of gray with transparency. It can be told
which of the two bytes of a sample to take, so such images are decoded twice, once for each.
"""

import contextlib
import sys
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, PLANAR_CONFIGURATION

from image_generating.data.source import Unusable

_SEPARATE_PLANES = 2
_GDAL_NO_DATA = 42113
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R 601


def is_wide(file: BinaryIO) -> bool:
    """Whether the file is a PNG or TIFF of more than 8 bits a sample, as its header says."""
    file.seek(0)
    head = file.read(26)
    if head.startswith(b"\x89PNG"):
        return head[24:25] == b"\x10"
    if head[:2] not in (b"II", b"MM"):
        return False
    file.seek(0)
    try:
        with Image.open(file, formats=["TIFF"]) as image:
            return _bits(image) > 8
    except Exception:  # a damaged file, which decoding will name
        return False


def read(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None] | None:
    """Reads an image that Pillow has opened and not loaded yet.

    Returns:
        Float32 values `(height, width)` that grow from black to white and, where there are any, a mask of the
        pixels without data: fully transparent ones and those of the value that the file states for this.
        None for an image of up to 8 bits a sample, which is left as it is.

    Raises:
        Unusable: 16-bit colors in separate planes.
    """
    if image.mode.startswith(("I", "F")):
        return _gray(image)
    separate = image.format == "TIFF" and image.tag_v2.get(PLANAR_CONFIGURATION) == _SEPARATE_PLANES
    if separate and _bits(image) > 8:
        raise Unusable("16-bit colors in separate planes are not supported: save it with interleaved ones")
    raw = _raw_mode(image)
    # Of BMP ";16" means 16 bits a pixel.
    if image.format not in ("PNG", "TIFF") or ";16" not in raw or image.mode == "CMYK":
        return None
    return _color(image, raw)


def _gray(image: Image.Image) -> tuple[np.ndarray, np.ndarray | None]:
    # Pillow itself inverts these up to 8 bits only.
    white_is_zero = image.format == "TIFF" and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
    no_data = image.info.get("transparency")
    if image.format == "TIFF" and _GDAL_NO_DATA in image.tag_v2:
        with contextlib.suppress(ValueError):  # a text that is no number states nothing
            no_data = float(str(image.tag_v2[_GDAL_NO_DATA]).strip("\0 "))
    ImageOps.exif_transpose(image, in_place=True)
    values = np.asarray(image, np.float32)
    absent = None
    if no_data is not None:
        absent = np.isnan(values) if np.isnan(no_data) else values == np.float32(no_data)
    return -values if white_is_zero else values, absent


def _color(image: Image.Image, raw: str) -> tuple[np.ndarray, np.ndarray | None]:
    no_data = image.info.get("transparency")
    file, format = image.fp, image.format
    if raw == "LA;16B":
        # Four bytes a pixel: upper and lower byte of gray, then of opacity.
        taken = _decode(image, "RGBA")
        samples = taken[..., ::2] * np.float32(256) + taken[..., 1::2]
    else:
        # libtiff hands samples out in the machine's order.
        order = sys.byteorder[0].upper() if raw.endswith("N") else raw[-1]
        mode = raw[: raw.index(";")].upper()
        upper = _decode(image, f"{mode};16{order}")
        file.seek(0)
        with Image.open(file, formats=[format]) as again:
            lower = _decode(again, f"{mode};16{'L' if order == 'B' else 'B'}")
        samples = upper * np.float32(256) + lower
    colors = samples.shape[-1] - raw.upper().startswith(("LA", "RGBA"))
    values = samples[..., 0] if colors == 1 else samples[..., :3] @ _LUMA
    if samples.shape[-1] > colors:
        opacity = samples[..., -1]
        # Of a premultiplied image ("a") the colors are those before black already.
        return values if "a" in raw else values * (opacity / 65535), opacity == 0
    return values, None if no_data is None else (samples == np.float32(no_data)).all(-1)


def _decode(image: Image.Image, instead: str) -> np.ndarray:
    """The upright image, with its bytes taken as the raw mode `instead`."""

    def changed(arguments):
        return instead if isinstance(arguments, str) else (instead, *arguments[1:])

    image.tile = [tile._replace(args=changed(tile.args)) for tile in image.tile]
    ImageOps.exif_transpose(image, in_place=True)
    return np.asarray(image, np.float32)


def _raw_mode(image: Image.Image) -> str:
    arguments = image.tile[0].args if image.tile else ""
    return arguments if isinstance(arguments, str) else str(arguments[0])


def _bits(image: Image.Image) -> int:
    bits = image.tag_v2.get(BITSPERSAMPLE, 1)
    return max(bits) if isinstance(bits, tuple) else bits
