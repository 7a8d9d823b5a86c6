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
    from image_generating.data.folder import find

    make(RAMP).save_as(tmp_path / "1.2.840.113619.5", enforce_file_format=True)  # no known suffix
    (image,) = find(tmp_path)
    before = image.digest()
    assert image.pixels(before, 64, "stretch").shape == (64, 64)
    monkeypatch.setattr(dicom, "decoders", lambda: "others")
    assert image.digest() != before
