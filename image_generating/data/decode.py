"""From an image file to a square of gray levels: the one place for color and aspect.

Images of 8 bits are taken as they are. Wider ones (16 and 32 bits, float) are mapped as `gray` describes,
because detectors use an unknown part of their range; a DICOM window in which the image can be seen is used
instead. Color becomes luma (ITU-R 601), and transparent parts become black, as is outside the collimator
of a radiograph.
"""

from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from image_generating.data import dicom, gray, sniff, wide
from image_generating.data.source import Unusable

FORMATS = ("JPEG", "PNG", "TIFF", "BMP")
# Checked in the header, before memory is taken: the largest films scan to about 60 megapixels.
PIXEL_LIMIT = 100_000_000


def square(file: BinaryIO, resolution: int, fit: str, flat: bool = False) -> np.ndarray:
    """Reads an image as a square of gray levels.

    Args:
        file: a JPEG, PNG, TIFF, BMP or DICOM file; of several pages the first is read.
        resolution: side of the square in pixels.
        fit: "stretch" (each axis scaled on its own), "crop" (the centre square) or "pad" (black bars).
        flat: take an image in which nothing can be seen, too.

    Returns:
        uint8 `(resolution, resolution)`, antialiased where reduced.

    Raises:
        Unusable: with the reason.
    """
    try:
        if dicom.is_dicom(file):
            image = gray.stretch(*dicom.read(file, check_size))
        else:
            image = _from_image(file, resolution)
        return _fit(image, resolution, fit, flat)
    except Unusable:
        raise
    except UnidentifiedImageError:
        found = sniff.kind(file)
        raise Unusable(
            f"a {found} of a kind that cannot be decoded"
            if found
            else "not a JPEG, PNG, TIFF, BMP or DICOM image"
        ) from None
    except Image.DecompressionBombError:
        raise Unusable(_too_large("")) from None
    except Exception as error:
        # Damaged files make the decoders raise nearly anything: OSError, SyntaxError, struct.error, ...
        raise Unusable(f"cannot be decoded: {str(error) or type(error).__name__}") from error


def _from_image(file: BinaryIO, resolution: int) -> Image.Image:
    """The file as an upright image of mode "L", or "F" within 0..255."""
    file.seek(0, 2)
    if file.tell() == 0:
        raise Unusable("the file is empty")
    file.seek(0)
    with Image.open(file, formats=FORMATS) as image:
        check_size(*image.size)
        if image.format == "JPEG":
            # Decodes gray only, and at 1/2, 1/4 or 1/8 size while that leaves twice what is needed.
            image.draft("L", (2 * resolution, 2 * resolution))
        if deep := wide.read(image):
            values, absent = deep
            return gray.stretch(values, absent=absent)
        ImageOps.exif_transpose(image, in_place=True)
        if image.has_transparency_data:
            color = image.convert("RGBA")
            black = Image.new("RGBA", color.size, (0, 0, 0, 255))
            return Image.alpha_composite(black, color).convert("L")
        # Through RGB, as palettes, CMYK and the like have no direct way to gray.
        return image.convert("L") if image.mode == "L" else image.convert("RGB").convert("L")


def size(file: BinaryIO) -> tuple[int, int]:
    """Width and height that the header of an image states; decoding may find it damaged nevertheless."""
    if dicom.is_dicom(file):
        return dicom.size(file)
    file.seek(0)
    with Image.open(file, formats=FORMATS) as image:
        return image.size


def check_size(width: int, height: int) -> None:
    """Refuses what would take too much memory, from the size that the header states.

    Raises:
        Unusable: more than `PIXEL_LIMIT` pixels.
    """
    if width * height > PIXEL_LIMIT:
        raise Unusable(_too_large(f"{width}×{height} pixels are "))


def _too_large(prefix: str) -> str:
    return f"{prefix}more than the limit of {PIXEL_LIMIT // 1_000_000} megapixels"


def _fit(image: Image.Image, resolution: int, fit: str, flat: bool) -> np.ndarray:
    width, height = image.size
    size, box = (resolution, resolution), (0, 0, width, height)
    if fit == "crop":
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        box = (left, top, left + side, top + side)
    elif fit == "pad":
        scale = resolution / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = image.resize(size, Image.Resampling.LANCZOS, box)
    if resized.mode == "F":
        # Lanczos overshoots at edges; 8-bit images are rounded and clipped by Pillow itself.
        resized = Image.fromarray(np.rint(np.clip(np.asarray(resized), 0, 255)).astype(np.uint8))
    low, high = resized.getextrema()
    if low == high and not flat:
        raise Unusable("every pixel has the same value")
    if not flat and gray.is_flat(np.asarray(resized)):
        raise Unusable("99 % of its pixels lie within a fiftieth of the gray range: nothing can be seen")
    if size != (resolution, resolution):
        padded = Image.new("L", (resolution, resolution))
        padded.paste(resized, ((resolution - size[0]) // 2, (resolution - size[1]) // 2))
        resized = padded
    return np.asarray(resized)
