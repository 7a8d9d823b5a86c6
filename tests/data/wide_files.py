"""Writes PNG and TIFF files of 16 bits a sample in several channels, which Pillow does not."""

import io
import struct
import zlib

import numpy as np

_PNG_COLOR = {1: 0, 2: 4, 3: 2, 4: 6}


def png(values, extra=b""):
    """A PNG of uint16 `(height, width, channels)`; `extra` are chunks before the pixels."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, _PNG_COLOR[channels], 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + pixels + chunk(b"IEND", b""))


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff(values, order="<", compressed=False, opacity=2, planar=1):
    """A TIFF of uint16 `(height, width, channels)`; the fourth channel is opacity of that kind."""
    height, width, channels = values.shape
    data = values.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if compressed else data
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    tags = [(256, 4, width), (257, 4, height), (259, 3, 8 if compressed else 1), (262, 3, 2)]
    tags += [(273, 4, 8 + len(bits)), (277, 3, channels), (278, 4, height), (279, 4, len(data))]
    tags += [(284, 3, planar)] + ([(338, 3, opacity)] if channels == 4 else [])
    entries = [struct.pack(f"{order}HHII", 258, 3, channels, 8)]
    for tag, kind, value in tags:
        packed = struct.pack(f"{order}HH" if kind == 3 else f"{order}I", value, *[0] * (kind == 3))
        entries.append(struct.pack(f"{order}HHI", tag, kind, 1) + packed)
    entries.sort(key=lambda entry: struct.unpack(f"{order}H", entry[:2]))
    start = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8 + len(bits) + len(data))
    table = struct.pack(f"{order}H", len(entries)) + b"".join(entries) + b"\0\0\0\0"
    return io.BytesIO(start + bits + data + table)


def channels(gray, count):
    """Gray values in `count` channels: gray, gray and opacity, RGB, or RGB and opacity."""
    opaque = np.full_like(gray, 65535)
    return np.dstack([gray] * (3 if count > 2 else 1) + [opaque] * (count in (2, 4)))
