import io
import struct

import numpy as np
import pytest
from PIL import Image
from wide_files import channels, chunk, png, tiff

from image_generating.data import gray, wide
from image_generating.data.decode import square
from image_generating.data.folder import search
from image_generating.data.source import Unusable

RANDOM = np.random.default_rng(0).integers(0, 65536, (9, 7, 4), dtype=np.uint16)
LUMA = np.array([0.299, 0.587, 0.114])
# 12 bits used, as detectors have: upper bytes alone would be at most 15.
RAMP = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (64, 1))
FULL = np.tile(np.linspace(0, 255, 64), (64, 1))


def read(file):
    with Image.open(file) as image:
        return wide.read(image)


@pytest.mark.parametrize(
    ("write", "options"),
    [
        (png, {}),
        (tiff, {}),
        (tiff, {"order": ">"}),
        (tiff, {"compressed": True}),
        (tiff, {"order": ">", "compressed": True}),
    ],
)
def test_no_bit_of_color_is_lost(write, options):
    values, absent = read(write(RANDOM[..., :3], **options))
    np.testing.assert_allclose(values, RANDOM[..., :3] @ LUMA, rtol=1e-5)
    assert absent is None
    opaque = RANDOM.copy()
    opaque[..., 3] = 65535
    opaque[0, 0, 3] = 0
    values, absent = read(write(opaque, **options))
    np.testing.assert_allclose(values[1:], (opaque[..., :3] @ LUMA)[1:], rtol=1e-5)
    assert absent[0, 0]
    assert absent.sum() == 1


def test_no_bit_of_gray_with_opacity_is_lost():
    values, absent = read(png(RANDOM[..., :2]))
    np.testing.assert_allclose(values, RANDOM[..., 0] * (RANDOM[..., 1] / 65535), rtol=1e-5)
    np.testing.assert_array_equal(absent, RANDOM[..., 1] == 0)


@pytest.mark.parametrize("opacity", [0, 1])
def test_a_fourth_channel_that_is_unused_or_premultiplied(opacity):
    values, _ = read(tiff(RANDOM, opacity=opacity))
    np.testing.assert_allclose(values, RANDOM[..., :3] @ LUMA, rtol=1e-5)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_twelve_used_bits_fill_the_gray_range(count):
    np.testing.assert_allclose(square(png(channels(RAMP, count)), 64, "stretch"), FULL, atol=1)
    if count > 2:
        np.testing.assert_allclose(square(tiff(channels(RAMP, count)), 64, "stretch"), FULL, atol=1)


@pytest.mark.parametrize(("count", "stated"), [(1, [40000]), (3, [40000, 40000, 40000])])
def test_the_value_that_a_png_states_for_no_data_does_not_count(count, stated):
    values = RAMP.copy()
    values[:20] = 40000
    no_data = chunk(b"tRNS", np.array(stated, ">u2").tobytes())
    got = square(png(channels(values, count), no_data), 64, "stretch")
    np.testing.assert_allclose(got[22:], FULL[22:], atol=1)
    assert (got[:18] == 0).all()


@pytest.mark.parametrize("stated", ["-9999", "nan", "1200.5"])
def test_the_value_that_a_tiff_states_for_no_data_does_not_count(tmp_path, stated):
    values = RAMP.astype(np.float32)
    values[:20] = float(stated)
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo={42113: stated})
    with open(tmp_path / "a.tif", "rb") as file:
        got = square(file, 64, "stretch")
    np.testing.assert_allclose(got[22:], FULL[22:], atol=1)
    assert (got[:18] == 0).all()


def test_transparent_parts_become_black_and_do_not_count():
    image = channels(RAMP, 4)
    image[:20, :, :3], image[:20, :, 3] = 65535, 0
    got = square(png(image), 64, "stretch")
    np.testing.assert_allclose(got[22:], FULL[22:], atol=1)
    assert (got[:18] == 0).all()


def test_separate_planes_are_refused_by_name():
    with pytest.raises(Unusable, match="separate planes"):
        square(tiff(RANDOM[..., :3], planar=2), 8, "stretch")


def test_wide_files_are_known_by_their_header(tmp_path):
    Image.fromarray(RAMP).save(tmp_path / "a.tif")
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "b.tif")
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "c.png")
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "d.jpg")
    (tmp_path / "e.tif").write_bytes(b"II*\0damaged")
    found = [wide.is_wide(io.BytesIO(path.read_bytes())) for path in sorted(tmp_path.iterdir())]
    assert found == [True, False, False, False, False]
    assert wide.is_wide(png(channels(RAMP, 2)))
    assert wide.is_wide(tiff(channels(RAMP, 3)))


def test_bitmaps_of_sixteen_bits_a_pixel_have_eight_a_color():
    """5, 6 and 5 bits: Pillow's name for them looks like 16 bits a sample."""
    ramp = np.tile(np.arange(32, dtype=np.uint16), (32, 1))
    pixels = (ramp << 11 | ramp << 6 | ramp).tobytes()
    masks = struct.pack("<3I", 0xF800, 0x07E0, 0x001F)
    header = struct.pack("<IiiHHIIiiII", 40, 32, 32, 1, 16, 3, len(pixels), 0, 0, 0, 0)
    file = io.BytesIO(b"BM" + struct.pack("<IHHI", 66 + len(pixels), 0, 0, 66) + header + masks + pixels)
    np.testing.assert_allclose(square(file, 32, "stretch")[0], np.linspace(0, 253, 32), atol=3)
    assert not wide.is_wide(file)


def test_only_wide_images_are_prepared_anew_when_the_mapping_changes(tmp_path, monkeypatch):
    Image.fromarray(RAMP.astype(np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(RAMP).save(tmp_path / "b.png")
    Image.fromarray(RAMP).save(tmp_path / "c.tif")
    before = [image.digest() for image in search(tmp_path)[0]]
    monkeypatch.setattr(gray, "MAPPING", "another")
    after = [image.digest() for image in search(tmp_path)[0]]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, False]
