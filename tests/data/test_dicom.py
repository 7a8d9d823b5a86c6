import io

import numpy as np
import pytest

from image_generating.data import decode, dicom
from image_generating.data.source import Unusable

pydicom = pytest.importorskip("pydicom")


def make(values, **elements):
    """A DICOM file with the stored values, 16 bits unless they are uint8."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.Rows, dataset.Columns = values.shape[:2]
    dataset.SamplesPerPixel = values.shape[2] if values.ndim == 3 else 1
    if values.ndim == 3:
        dataset.PlanarConfiguration = 0
    dataset.BitsAllocated = 8 * values.itemsize
    dataset.BitsStored = elements.pop("BitsStored", dataset.BitsAllocated)
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = values.tobytes()
    for name, value in elements.items():
        setattr(dataset, name, value)
    return dataset


def square(dataset):
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return decode.square(file, dataset.Columns, "stretch").astype(int)


RAMP = np.tile(np.arange(64, dtype=np.uint16) * 50, (64, 1))
EIGHT_BIT = np.tile(np.arange(64, dtype=np.uint8) * 4, (64, 1))
FULL = np.tile(np.linspace(0, 255, 64), (64, 1))


def test_without_a_window_the_own_range_is_used():
    np.testing.assert_allclose(square(make(RAMP, BitsStored=12)), FULL, atol=1)


def test_signed_values():
    np.testing.assert_allclose(square(make(RAMP.astype(np.int16) - 1000)), FULL, atol=1)


@pytest.mark.parametrize("rescale", [False, True])
def test_window(rescale):
    """The window is stated in rescaled values: here stored 800 → black, 2400 → white."""
    values = {"RescaleSlope": 2, "RescaleIntercept": -100} if rescale else {}
    center, width = (3100, 3200) if rescale else (1600, 1600)
    got = square(make(RAMP, WindowCenter=[center, 5], WindowWidth=[width, 7], **values))
    np.testing.assert_allclose(got[0], np.clip((RAMP[0] - 800.0) / 1600, 0, 1) * 255, atol=1)


def test_window_functions():
    exact = square(make(RAMP, WindowCenter=1600, WindowWidth=1600, VOILUTFunction="LINEAR_EXACT"))
    np.testing.assert_allclose(exact[0], np.clip((RAMP[0] - 800.0) / 1600, 0, 1) * 255, atol=1)
    sigmoid = square(make(RAMP, WindowCenter=1600, WindowWidth=1600, VOILUTFunction="SIGMOID"))
    np.testing.assert_allclose(sigmoid[0], 255 / (1 + np.exp(-4 * (RAMP[0] - 1600.0) / 1600)), atol=1)


def test_window_agrees_with_pydicom():
    dataset = make(RAMP, BitsStored=12, WindowCenter=1500, WindowWidth=1000)
    from pydicom.pixels import apply_windowing

    np.testing.assert_allclose(square(dataset), apply_windowing(RAMP, dataset) * (255 / 4095), atol=1)


def test_monochrome1_is_inverted_with_and_without_a_window():
    plain = square(make(RAMP, PhotometricInterpretation="MONOCHROME1"))
    np.testing.assert_allclose(plain, FULL[:, ::-1], atol=1)
    window = {"WindowCenter": 1600, "WindowWidth": 1600}
    upright = square(make(RAMP, **window))
    inverted = square(make(RAMP, PhotometricInterpretation="MONOCHROME1", **window))
    np.testing.assert_allclose(inverted, 255 - upright, atol=1)


def test_voi_table():
    from pydicom.dataset import Dataset

    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = ((4095 - np.arange(4096)) * 16).astype(np.uint16).tobytes()
    got = square(make(RAMP, BitsStored=12, VOILUTSequence=[table]))
    np.testing.assert_allclose(got[0], (4095 - RAMP[0]) / 4095 * 255, atol=1)


def test_color():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, :32, 0] = image[:, 32:, 1] = 255
    got = square(make(image, PhotometricInterpretation="RGB"))
    assert abs(got[32, 10] - 76) <= 1
    assert abs(got[32, 54] - 150) <= 1


def test_first_frame_of_several():
    dataset = make(np.stack([RAMP, RAMP[:, ::-1]])[0], NumberOfFrames=2)
    dataset.PixelData = np.stack([RAMP, RAMP[:, ::-1]]).tobytes()
    np.testing.assert_allclose(square(dataset), FULL, atol=1)


def test_compressed_run_length():
    from pydicom.uid import RLELossless

    dataset = make(RAMP)
    dataset.compress(RLELossless)
    np.testing.assert_allclose(square(dataset), FULL, atol=1)


def test_compressed_jpeg():
    from PIL import Image
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGBaseline8Bit

    jpeg = io.BytesIO()
    Image.fromarray(EIGHT_BIT).save(jpeg, "JPEG", quality=95)
    dataset = make(EIGHT_BIT)
    dataset.PixelData = encapsulate([jpeg.getvalue()])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    np.testing.assert_allclose(square(dataset), FULL, atol=4)


def test_a_missing_decoder_is_named_with_the_remedy():
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLSLossless

    dataset = make(EIGHT_BIT)
    dataset.PixelData = encapsulate([b"\0" * 100])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    with pytest.raises(Unusable, match=r"cannot decompress JPEG-LS Lossless.*pip install 'image-gen"):
        square(dataset)


def test_without_pydicom_the_remedy_is_named(monkeypatch):
    dataset = make(RAMP)
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    monkeypatch.setitem(__import__("sys").modules, "pydicom", None)
    with pytest.raises(Unusable, match=r"needs pydicom: pip install 'image-generating\[dicom\]'"):
        decode.square(file, 64, "stretch")


def test_files_without_an_image_and_too_large_ones():
    empty = make(RAMP)
    del empty.PixelData
    with pytest.raises(Unusable, match="holds no image"):
        square(empty)
    with pytest.raises(Unusable, match="50000×50000 pixels are more than the limit"):
        square(make(RAMP, Rows=50_000, Columns=50_000))
    with pytest.raises(Unusable, match="PALETTE COLOR is not supported"):
        square(make(RAMP, PhotometricInterpretation="PALETTE COLOR"))


def test_installing_a_decoder_changes_what_identifies_a_file(tmp_path, monkeypatch):
    from image_generating.data.folder import search

    make(RAMP).save_as(tmp_path / "1.2.840.113619.5", enforce_file_format=True)  # no known suffix
    (image,) = search(tmp_path)[0]
    before = image.digest()
    assert image.pixels(before, 64, "stretch").shape == (64, 64)
    monkeypatch.setattr(dicom, "decoders", lambda: "others")
    assert image.digest() != before


CHEST = np.tile(np.linspace(0, 4095, 64).astype(np.uint16), (64, 1))


@pytest.mark.parametrize(
    "window",
    [
        {"WindowCenter": 2048, "WindowWidth": 0},
        {"WindowCenter": 2048, "WindowWidth": -100},
        {"WindowCenter": 2048, "WindowWidth": 0.5},  # LINEAR asks for at least 1
        {"WindowCenter": 2048, "WindowWidth": 0, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 2048, "WindowWidth": 0, "VOILUTFunction": "LINEAR_EXACT"},
        {"WindowCenter": -3000, "WindowWidth": 500},
        {"WindowCenter": 40, "WindowWidth": 400},  # of a CT
        {"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "SIGMOID"},
        {"WindowCenter": 32768, "WindowWidth": 65536},  # of 16 bits
        {"WindowCenter": 32768, "WindowWidth": 10_000_000},
        {"WindowCenter": "", "WindowWidth": ""},
        {"WindowCenter": 2048},
    ],
)
@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
def test_a_window_in_which_nothing_is_seen_gives_way_to_the_own_range(window, interpretation):
    got = square(make(CHEST, BitsStored=12, PhotometricInterpretation=interpretation, **window))
    np.testing.assert_allclose(got if interpretation == "MONOCHROME2" else got[:, ::-1], FULL, atol=1)


def test_the_first_window_that_can_be_used_is_taken():
    got = square(make(RAMP, WindowCenter=[40, -9000, 1600, 9], WindowWidth=[0, 10, 1600, 9]))
    np.testing.assert_allclose(got[0], np.clip((RAMP[0] - 800.0) / 1600, 0, 1) * 255, atol=1)


def table(values, bits, first=0, packed=True):
    from pydicom.dataset import Dataset

    item = Dataset()
    item.LUTDescriptor = [len(values), first, bits]
    item.LUTData = np.asarray(values, np.uint16).tobytes() if packed else [int(value) for value in values]
    item["LUTData"].VR = "OW" if packed else "US"
    item.ModalityLUTType = "US"
    return item


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("packed", [False, True])
def test_tables_of_any_number_of_bits(bits, packed):
    """Upside down and bent; what lies outside takes the first or last value."""
    values = np.round((1 - np.linspace(0, 1, 3000) ** 2) * (2**bits - 1))
    shown = np.interp(CHEST[0], 500 + np.arange(3000), values) / (2**bits - 1) * 255
    modality = square(make(CHEST, BitsStored=12, ModalityLUTSequence=[table(values, bits, 500, packed)]))
    np.testing.assert_allclose(modality[0], shown, atol=2)
    voi = square(make(CHEST, BitsStored=12, VOILUTSequence=[table(values, bits, 500, packed)]))
    np.testing.assert_allclose(voi[0], shown, atol=2)


@pytest.mark.parametrize("interpretation", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("window", [{}, {"WindowCenter": 2048, "WindowWidth": 4096}])
def test_padding_is_black_and_does_not_count(interpretation, window):
    values = CHEST.copy()
    values[:20] = 65530
    values[20] = 65535
    elements = {"PixelPaddingValue": 65530, "PixelPaddingRangeLimit": 65535, **window}
    got = square(make(values, PhotometricInterpretation=interpretation, **elements))
    expected = FULL if interpretation == "MONOCHROME2" else FULL[:, ::-1]
    np.testing.assert_allclose(got[24:], expected[24:], atol=1)
    assert (got[:18] == 0).all()


def test_a_burnt_in_label_does_not_darken_the_rest():
    values = CHEST.copy()
    values[:8, :30] = 65535
    np.testing.assert_allclose(square(make(values))[12:], FULL[12:], atol=2)


def test_color_of_sixteen_bits():
    color = np.dstack([CHEST] * 3)
    np.testing.assert_allclose(square(make(color, PhotometricInterpretation="RGB")), FULL, atol=1)


@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_files_without_a_preamble(implicit, little, tmp_path):
    """What some scanners export: the data set and nothing before it, under any name."""
    from image_generating.data.folder import search

    dataset = make(CHEST if little else CHEST.astype(">u2"), BitsStored=12)
    del dataset.file_meta
    dataset.save_as(tmp_path / "IM000001", implicit_vr=implicit, little_endian=little)
    (tmp_path / "notes").write_text("words " * 100)
    (image,) = search(tmp_path)[0]
    np.testing.assert_allclose(image.pixels(image.digest(), 64, "stretch"), FULL, atol=1)
    assert image.size() == (64, 64)


def test_files_with_a_header_and_no_preamble(tmp_path):
    file = io.BytesIO()
    make(CHEST).save_as(file, enforce_file_format=True)
    bare = io.BytesIO(file.getvalue()[132:])
    np.testing.assert_allclose(decode.square(bare, 64, "stretch"), FULL, atol=1)


def test_an_index_of_other_files_is_named():
    dataset = make(CHEST)
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    with pytest.raises(Unusable, match="DICOMDIR, an index of other files"):
        square(dataset)
