"""Walking through a data folder: which files are images, and an account of what was passed over."""

import dataclasses
import os
import stat
from collections import deque
from pathlib import Path

from PIL import Image

from image_generating.data import sniff
from image_generating.errors import shown

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".dcm", ".dicom")
# Suffixes that say little: the content decides. Names of digits are those of scanners.
_VAGUE_SUFFIXES = ("", ".jfif", ".jfi", ".jif", ".jpe", ".dib", ".ima", ".img")
_DIRECTORY = "DICOMDIR"
# What file servers (Synology, QNAP) and macOS put beside the files.
_SERVER_FOLDERS = ("@eaDir", ".@__thumb", "#recycle", "@Recycle", "__MACOSX")
_SPECIAL = {
    stat.S_IFIFO: "named pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
}
_MOST_SUFFIXES = 5  # named


@dataclasses.dataclass
class PassedOver:
    """Things of one kind that were passed over.

    Attributes:
        thing: its name in the singular, "sub-folder".
        reason: why.
        count: how many.
        within: how many images are within them; None where this is not counted.
        part: what is counted within them where it is not images.
    """

    thing: str
    reason: str
    count: int = 0
    within: int | None = None
    part: str = ""

    def __str__(self) -> str:
        within = "" if self.within is None else f"{self.within} in "
        if self.part:
            within = f"{self.within} {self.part}{'s' if self.within > 1 else ''} in "
        reason = f" ({self.reason})" if self.reason else ""
        return f"{within}{self.count} {self.thing}{'s' if self.count > 1 else ''}{reason}"


class Account:
    """What was passed over, grouped by thing and reason."""

    def __init__(self):
        self._groups: dict[tuple[str, str], PassedOver] = {}
        self._other_suffixes: dict[str, int] = {}

    def add(self, thing: str, reason: str = "", within: int | None = None, part: str = "") -> None:
        """Counts one more thing, and what is within it."""
        group = self._groups.setdefault((thing, reason), PassedOver(thing, reason, part=part))
        group.count += 1
        if within is not None:
            group.within = (group.within or 0) + within

    def add_other(self, path: Path) -> None:
        """Counts a file that is no image."""
        suffix = path.suffix.lower() or "without suffix"
        self._other_suffixes[suffix] = self._other_suffixes.get(suffix, 0) + 1

    def __str__(self) -> str:
        parts = [str(group) for group in self._groups.values()]
        if self._other_suffixes:
            count = sum(self._other_suffixes.values())
            most = sorted(self._other_suffixes, key=lambda suffix: (-self._other_suffixes[suffix], suffix))
            named = ", ".join(most[:_MOST_SUFFIXES]) + (", …" if len(most) > _MOST_SUFFIXES else "")
            parts.append(f"{count} file{'s' if count > 1 else ''} of other kinds ({shown(named)})")
        return ", ".join(parts)


def search(root: Path) -> tuple[list[tuple[Path, str]], Account]:
    """Every image file below a folder.

    Files count by suffix, or by content where the suffix says little. Links to folders are followed, unless
    they lead to a folder that contains them or is searched already; a folder within `root` is named by its
    own path and not by a link's. Hidden files and folders, and those of file servers, are passed over.

    Args:
        root: an existing folder.

    Returns:
        Each file's path and its name, its path within the folder, sorted by name; and what was passed over.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    found, account, searched = [], Account(), set()
    folders, links = [root], deque()
    while folders or links:
        folder = folders.pop() if folders else links.popleft()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in searched:
                account.add("link", "to a folder that is searched already")
                continue
            searched.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            if folder == root:
                raise
            account.add("sub-folder", f"cannot be read: {error.strerror}")
            continue
        for entry in entries:
            path = Path(entry.path)
            try:
                mode = path.stat().st_mode
            except OSError as error:
                if entry.is_symlink():
                    account.add("broken link")
                else:
                    account.add("file", f"cannot be read: {error.strerror}")
                continue
            if not stat.S_ISDIR(mode):
                if _is_image(path, mode, account):
                    found.append((path, path.relative_to(root).as_posix()))
            elif _is_searched(path, account):
                (links if entry.is_symlink() else folders).append(path)
    return sorted(found, key=lambda file: file[1]), account


def _is_searched(folder: Path, account: Account) -> bool:
    """Whether a sub-folder may hold images to use; counts it in the account if not."""
    if folder.name in _SERVER_FOLDERS:
        account.add("sub-folder", "thumbnails and waste of a file server", _images_within(folder))
    elif folder.name.startswith("."):
        if within := _images_within(folder):
            account.add("sub-folder", "hidden", within)
    elif folder.is_symlink() and folder.resolve() in (place := folder.parent.resolve(), *place.parents):
        account.add("link", "to a folder that contains it")
    else:
        return True
    return False


def _is_image(path: Path, mode: int, account: Account) -> bool:
    """Whether the file counts; counts it in the account if not, or if only a part of it does."""
    suffix = path.suffix.lower()
    if not stat.S_ISREG(mode):
        # Opening a pipe would wait for a writer forever.
        account.add(_SPECIAL.get(stat.S_IFMT(mode), "special file"))
    elif path.name.startswith("."):
        if suffix in SUFFIXES:
            account.add("file", "hidden")
    elif path.stem.upper() == _DIRECTORY:
        account.add(_DIRECTORY, "an index of other files")
    elif suffix in SUFFIXES:
        if suffix in (".tif", ".tiff"):
            _count_pages(path, account)
        return True
    else:
        try:
            kind = _kind(path)
        except OSError as error:
            account.add("file", f"cannot be read: {error.strerror}")
            return False
        if kind == "DICOM" or (kind and (suffix in _VAGUE_SUFFIXES or suffix[1:].isdigit())):
            if kind == "TIFF":
                _count_pages(path, account)
            return True
        account.add_other(path)
    return False


def _kind(path: Path) -> str | None:
    with open(path, "rb") as file:
        return sniff.kind(file)


def _count_pages(path: Path, account: Account) -> None:
    try:
        with Image.open(path, formats=["TIFF"]) as image:
            pages = image.n_frames
    except Exception:  # a damaged file, which decoding will name
        return
    if pages > 1:
        account.add("TIFF", "the first of each is taken", pages - 1, "page")


def _images_within(folder: Path) -> int:
    """How many files below a folder have the suffix of an image."""
    return sum(name.lower().endswith(SUFFIXES) for _, _, files in os.walk(folder) for name in files)
