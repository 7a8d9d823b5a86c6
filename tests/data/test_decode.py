import io
import zlib

import numpy as np
import pytest
from PIL import Image

from image_generating.data.decode import square
from image_generating.data.source import Unusable


def ramp(width, height, top=255):
    """Grows from 0 at the left to `top` at the right."""
    return np.tile(np.linspace(0, top, width), (height, 1))


def encoded(image, format, **options):
    file = io.BytesIO()
    image.save(file, format, **options)
    return file


def save(values, format="PNG", dtype=np.uint8, **options):
    return encoded(Image.fromarray(np.asarray(values).astype(dtype)), format, **options)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "JPEG"])
def test_eight_bit_gray_is_taken_as_it_is(format):
    got = square(save(ramp(64, 64, 200), format), 64, "stretch")
    assert got.dtype == np.uint8
    assert got.shape == (64, 64)
    np.testing.assert_allclose(got, ramp(64, 64, 200), atol=2)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32, ">u2"])
def test_deep_gray_is_stretched_from_its_own_minimum_to_its_maximum(dtype):
    got = square(save(1000 + ramp(64, 64, 3000), "TIFF", dtype), 64, "stretch")
    np.testing.assert_allclose(got, ramp(64, 64), atol=1)


def test_sixteen_bit_png():
    got = square(save(500 + ramp(64, 64, 60000), "PNG", np.uint16), 64, "stretch")
    np.testing.assert_allclose(got, ramp(64, 64), atol=1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_white_is_zero_tiff_is_inverted(dtype):
    file = save(ramp(64, 64), "TIFF", dtype, tiffinfo={262: 0})
    with Image.open(file) as image:
        assert image.tag_v2[262] == 0
        stored = np.asarray(image)  # Pillow inverts 8 bits itself
    expected = stored if dtype == np.uint8 else ramp(64, 64)[:, ::-1]
    np.testing.assert_allclose(square(file, 64, "stretch"), expected, atol=1)


@pytest.mark.parametrize("format", ["PNG", "JPEG"])
def test_color_becomes_luma(format):
    red, green = np.array([255, 0, 0]), np.array([0, 255, 0])
    image = np.where(np.arange(64)[None, :, None] < 32, red, green) * np.ones((64, 1, 1))
    got = square(save(image, format, quality=100, subsampling=0), 64, "stretch")
    assert abs(int(got[32, 10]) - 76) <= 2
    assert abs(int(got[32, 54]) - 150) <= 2


def test_transparent_parts_become_black():
    image = np.dstack([np.full((64, 64, 3), 200), ramp(64, 64)])
    np.testing.assert_allclose(square(save(image), 64, "stretch"), ramp(64, 64, 200), atol=2)


def test_palette_bilevel_and_cmyk():
    gray = Image.fromarray(ramp(64, 64).astype(np.uint8))
    palette = square(encoded(gray.convert("P"), "PNG"), 64, "stretch")
    np.testing.assert_allclose(palette, ramp(64, 64), atol=1)
    bilevel = square(encoded(gray.convert("1"), "PNG"), 64, "stretch")
    assert set(np.unique(bilevel)) == {0, 255}
    cmyk = square(encoded(gray.convert("CMYK"), "JPEG"), 64, "stretch")
    np.testing.assert_allclose(cmyk, ramp(64, 64), atol=4)


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned clockwise by 90°
    upright = np.rot90(ramp(64, 64), -1)
    got = square(save(ramp(64, 64), "JPEG", exif=exif, quality=95), 64, "stretch")
    np.testing.assert_allclose(got, upright, atol=3)


def test_first_page_of_several():
    pages = [Image.new("L", (8, 8), value) for value in (40, 90)]
    pages[0].putpixel((0, 0), 60)
    file = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert square(file, 8, "stretch")[4, 4] == 40


def oblong():
    """Twice as wide as high; black, gray, white and gray quarters from left to right."""
    return np.repeat([[0, 100, 255, 100]], 50, 0).repeat(25, 1)


def test_stretch_keeps_everything():
    got = square(save(oblong()), 100, "stretch")
    assert [got[50, x] for x in (5, 37, 62, 95)] == [0, 100, 255, 100]


def test_crop_keeps_the_center():
    got = square(save(oblong()), 100, "crop")
    assert [got[50, x] for x in (20, 80)] == [100, 255]


@pytest.mark.parametrize("turned", [False, True])
def test_pad_keeps_the_aspect_between_black_bars(turned):
    got = square(save(oblong().T if turned else oblong()), 100, "pad")
    got = got.T if turned else got
    assert (got[:25] == 0).all()
    assert (got[75:] == 0).all()
    assert [got[50, x] for x in (5, 37, 62, 95)] == [0, 100, 255, 100]


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_reduction_is_antialiased(format):
    stripes = np.where(np.arange(1600) % 2, 255, 0) * np.ones((1600, 1))
    stripes[:100] = 0
    got = square(save(stripes, format), 50, "stretch")
    np.testing.assert_allclose(got[10:], 127, atol=2)


def test_reduced_decoding_of_jpegs_is_close_to_full_decoding():
    rng = np.random.default_rng(0)
    smooth = Image.fromarray(rng.integers(0, 256, (40, 40), dtype=np.uint8)).resize((1000, 1200))
    got = square(encoded(smooth, "JPEG", quality=95), 100, "stretch")
    np.testing.assert_allclose(got, np.asarray(smooth.resize((100, 100), Image.Resampling.LANCZOS)), atol=4)


def truncated_jpeg():
    whole = save(np.random.default_rng(0).integers(0, 256, (200, 200)), "JPEG").getvalue()
    return io.BytesIO(whole[: len(whole) // 2])


def bomb():
    """A PNG header that states 50 000 × 50 000 pixels, and hardly more."""
    small = save(ramp(8, 8)).getvalue()
    size = (50_000).to_bytes(4, "big")
    chunk = b"IHDR" + size + size + small[24:29]
    return io.BytesIO(small[:12] + chunk + zlib.crc32(chunk).to_bytes(4, "big") + small[33:])


def not_a_number():
    values = ramp(8, 8)
    values[3, 3] = np.nan
    return save(values, "TIFF", np.float32)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (io.BytesIO(), "the file is empty"),
        (io.BytesIO(b"These are words, not an image. " * 20), "not a JPEG"),
        (truncated_jpeg(), "truncated"),
        (bomb(), "limit of 100 megapixels"),
        (save(np.full((9, 9), 7)), "every pixel has the same value"),
        (save(np.full((9, 9), 700), dtype=np.uint16), "every pixel has the same value"),
        (not_a_number(), "not finite numbers"),
    ],
)
@pytest.mark.parametrize("fit", ["stretch", "pad"])
def test_unusable_files_have_a_reason(file, reason, fit):
    with pytest.raises(Unusable, match=reason):
        square(file, 16, fit)


def test_the_pixel_limit_names_the_size(monkeypatch):
    monkeypatch.setattr("image_generating.data.decode.PIXEL_LIMIT", 63)
    with pytest.raises(Unusable, match="8×8 pixels are more"):
        square(save(ramp(8, 8)), 8, "stretch")
