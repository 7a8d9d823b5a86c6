"""What a DICOM file says of its gray values: modality, padding, VOI table or window (PS3.3 C.7.5, C.11)."""

import dataclasses

import numpy as np

from image_generating.data import gray

# Of the pixels; fewer lie within a window that was meant for other values.
_FEWEST_WITHIN = 0.1
# Of the gray range; with all pixels in so small a part it was meant for a greater depth.
_SMALLEST_PART = 1 / 8


@dataclasses.dataclass(frozen=True)
class _Table:
    """A lookup table: `values[0]` is that of `first` and everything below."""

    values: np.ndarray
    first: int
    bits: int

    def apply(self, stored: np.ndarray) -> np.ndarray:
        places = np.clip(stored.astype(np.int64) - self.first, 0, len(self.values) - 1)
        return self.values[places].astype(np.float32)


def modality(dataset, stored: np.ndarray) -> np.ndarray:
    """Stored values through the modality table, or slope and intercept, as float32."""
    if dataset.get("ModalityLUTSequence"):
        return _table(dataset, dataset.ModalityLUTSequence[0]).apply(stored)
    values = stored.astype(np.float32)
    # A slope of 0 would leave no image.
    slope, intercept = (float(dataset.get(name) or 0) for name in ("RescaleSlope", "RescaleIntercept"))
    return values * np.float32(slope or 1) + np.float32(intercept)


def padding(dataset, stored: np.ndarray) -> np.ndarray | None:
    """Which stored values the file declares to be no part of the image, as a mask; None without any."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return None
    limit = dataset.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    absent = (stored >= low) & (stored <= high)
    return absent if absent.any() else None


def apply(
    dataset, values: np.ndarray, absent: np.ndarray | None
) -> tuple[np.ndarray, tuple[float, float] | None]:
    """Modality values through the first table or window of the file in which the image can be seen.

    Args:
        dataset: of pydicom.
        values: float32 `(height, width)`.
        absent: mask of the pixels without data.

    Returns:
        The values, changed by a table or a sigmoid, and those that are to be black and white; the values as
        they are and None if there is no window, none is valid (PS3.3 C.11.2.1.2), or all miss the data.
    """
    for changed, limits, within in _choices(dataset, values):
        low, high = limits
        levels = np.clip((changed - low) * (255 / (high - low)), 0, 255).astype(np.uint8)
        present = slice(None) if absent is None or absent.all() else ~absent
        if within[present].mean() >= _FEWEST_WITHIN and not gray.is_flat(levels[present], _SMALLEST_PART):
            return changed, limits
    return values, None


def _choices(dataset, values):
    """Of each table and valid window: what it makes of the values, its limits, which pixels lie within it."""
    for item in dataset.get("VOILUTSequence") or ():
        table = _table(dataset, item)
        yield table.apply(values), (0.0, 2.0**table.bits - 1), np.ones(values.shape, bool)
    function = dataset.get("VOILUTFunction") or "LINEAR"
    for center, width in zip(
        *(_numbers(dataset, f"Window{name}") for name in ("Center", "Width")), strict=False
    ):
        if not np.isfinite([center, width]).all() or width <= 0 or (function == "LINEAR" and width < 1):
            continue
        if function == "LINEAR":
            # The default function counts gray levels, of which a window of width w has w - 1 steps.
            center, width = center - 0.5, max(width - 1, 1e-3)
        low, high = center - width / 2, center + width / 2
        within = (values >= low) & (values <= high)
        if function == "SIGMOID":
            # Beyond 80 it is black or white at any precision, and below it nothing overflows.
            steps = np.clip(4 * (values - center) / width, -80, 80)
            yield 1 / (1 + np.exp(-steps)), (0.0, 1.0), within
        else:
            yield values, (low, high), within


def _numbers(dataset, name: str) -> list[float]:
    value = dataset.get(name)
    return [] if value is None or value == "" else [float(number) for number in np.atleast_1d(value)]


def _table(dataset, item) -> _Table:
    """A table as the file holds it, whatever number of bits it states: 12 are as common as 8 and 16."""
    count, first, bits = (int(number) for number in item.LUTDescriptor)
    count = count or 1 << 16
    if dataset.get("PixelRepresentation") and first >= 1 << 15:
        first -= 1 << 16  # signed, and read as unsigned
    data = item.LUTData
    if isinstance(data, bytes):
        little = dataset.original_encoding[1] if dataset.original_encoding[1] is not None else True
        sixteen = np.dtype(np.uint16).newbyteorder("<" if little else ">")
        data = np.frombuffer(data, sixteen if len(data) >= 2 * count else np.uint8)
    values = np.atleast_1d(np.asarray(data))[:count]
    return _Table(values, first, max(bits, int(values.max()).bit_length()))
