"""What kind of file something is, by its first bytes."""

from typing import BinaryIO

_SIGNATURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}
_PREAMBLE = 128
# Groups of elements with which a DICOM data set begins, and value representations (PS3.5 6.2) they have.
_FIRST_GROUPS = (b"\x02\0", b"\x08\0", b"\0\x08")
_REPRESENTATIONS = (b"UL", b"UI", b"CS", b"OB", b"SH", b"DA", b"TM", b"LO", b"SQ", b"AE", b"DT", b"ST", b"PN")
_LONGEST_FIRST = 256  # bytes of the first element where it states no representation


def kind(file: BinaryIO) -> str | None:
    """JPEG, PNG, TIFF, BMP or DICOM; None for anything else.

    Args:
        file: is left wherever reading ends.
    """
    file.seek(0)
    head = file.read(_PREAMBLE + 4)
    if head[_PREAMBLE:] == b"DICM" or _begins_as_data_set(head):
        return "DICOM"
    return next((kind for signature, kind in _SIGNATURES.items() if head.startswith(signature)), None)


def has_preamble(file: BinaryIO) -> bool:
    """Whether the file has the DICOM marker after its preamble, as every DICOM file should."""
    file.seek(_PREAMBLE)
    return file.read(4) == b"DICM"


def _begins_as_data_set(head: bytes) -> bool:
    """Whether it begins with an element of DICOM, as files without preamble do."""
    if head[:2] not in _FIRST_GROUPS:
        return False
    # Without representations the length follows, and the order is little endian.
    implicit = head[:2] == b"\x08\0" and 0 < int.from_bytes(head[4:8], "little") <= _LONGEST_FIRST
    return head[4:6] in _REPRESENTATIONS or implicit
