"""Writing files and folders: a reader never sees half of one, and what the user owns is never replaced.

A file is replaced only by a file, a folder only if it is empty or holds nothing but what this program
writes into a folder of that kind. Commands ask `check_file` or `check_folder` before they begin to work.
"""

import contextlib
import dataclasses
import fnmatch
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from image_generating.errors import UserError, shown

# What file managers leave in any folder they show.
_LEFT_BY_SYSTEMS = {".DS_Store", "Thumbs.db", "desktop.ini"}
_MOST_NAMED = 3


@dataclasses.dataclass(frozen=True)
class FolderKind:
    """A kind of folder that this program writes whole, and replaces.

    Attributes:
        name: what it is called in a sentence.
        entries: patterns of all that may lie in it, at any depth, as paths within it.
        is_own: whether a folder was written by this program.
    """

    name: str
    entries: frozenset[str]
    is_own: Callable[[Path], bool]


def check_file(path: str | os.PathLike, room: int = 0) -> None:
    """Makes sure, before any work, that a file can be written.

    Args:
        path: where it will go.
        room: how many bytes it will take, as far as that is known.

    Raises:
        UserError: if a folder or something else that is no file is there, or if there is no room.
        OSError: if the system lets nobody write there.
    """
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{shown(path)} is a folder: name a file.")
    if path.exists() and not path.is_file():
        raise UserError(f"{shown(path)} is no file that could be replaced: name another.")
    _try(_target(path).parent, room)


def check_folder(path: str | os.PathLike, kind: FolderKind | None = None, room: int = 0) -> None:
    """Makes sure, before any work, that a folder can be written to, or replaced.

    Args:
        path: the folder.
        kind: what will replace it; default: nothing, files are put into it.
        room: how many bytes they will take, as far as that is known.

    Raises:
        UserError: if a file is in the way, if the folder holds what is not of this kind, or if there is no
            room.
        OSError: if the system lets nobody write there.
    """
    path = Path(path)
    if path.exists() and not path.is_dir():
        raise UserError(f"{shown(path)} is a file: name a folder.")
    if kind and path.exists():
        _refuse_strangers(path, kind)
    _try(_target(path).parent if kind else _target(path), room)


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path` that becomes the file `path` when the block succeeds.

    The file is on the disk before it gets its name. If the block raises, what it wrote is removed and
    whatever was at `path` before is untouched. A symbolic link stays, and what it leads to is replaced.

    Args:
        path: where the finished file goes; parent folders are created.

    Raises:
        UserError: if there is a folder.

    Example:
        with replacing("report/metrics.json") as temporary:
            temporary.write_text("{}")
    """
    check_file(path)
    path = _target(path)
    with _scratch(path) as scratch:
        # The suffix is kept because image and weight writers choose the format by it.
        temporary = scratch / path.name
        yield temporary
        _flush(temporary)
        if path.is_dir():
            check_file(path)
        os.replace(temporary, path)
        _flush(path.parent)


@contextlib.contextmanager
def replacing_folder(path: str | os.PathLike, kind: FolderKind) -> Iterator[Path]:
    """As `replacing`, for a whole folder, which the block creates.

    Args:
        path: where the finished folder goes.
        kind: what is written, and the only kind of folder that it replaces.

    Raises:
        UserError: if something else is there.
    """
    check_folder(path, kind)
    path = _target(path)
    with _scratch(path) as scratch:
        temporary = scratch / path.name
        yield temporary
        for written in [*temporary.rglob("*"), temporary]:
            _flush(written)
        if path.exists():
            # Again, as the work took a while. A folder cannot be renamed over a full one: the old one goes
            # aside first, and comes back if the new one cannot take its place.
            check_folder(path, kind)
            aside = scratch / "replaced"
            path.rename(aside)
            try:
                temporary.rename(path)
            except OSError:
                aside.rename(path)
                raise
        else:
            temporary.rename(path)
        _flush(path.parent)


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name[:100]}.", dir=path.parent))
    try:
        yield scratch
    except OSError as error:
        # Nobody knows the temporary path, and a full disk is reported without any.
        unknown = error.filename is None or str(error.filename).startswith(str(scratch))
        if error.errno is None or not unknown:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _target(path: str | os.PathLike) -> Path:
    """Where a path leads, with all its links."""
    return Path(os.path.realpath(path))


def _refuse_strangers(folder: Path, kind: FolderKind) -> None:
    def within(pattern: str) -> list[str]:
        paths = (path for path in folder.glob(pattern) if path.name not in _LEFT_BY_SYSTEMS)
        return sorted(path.relative_to(folder).as_posix() for path in paths)

    def strange(names: list[str]) -> list[str]:
        return [name for name in names if not any(fnmatch.fnmatchcase(name, entry) for entry in kind.entries)]

    names = within("*")
    # Deeper only in what looks like ours, as somebody's home takes long to search.
    strangers = strange(names) or strange(within("**/*"))
    if names and (strangers or not kind.is_own(folder)):
        named = ", ".join(shown(name) for name in (strangers or names)[:_MOST_NAMED])
        raise UserError(
            f"{shown(folder)} holds {named}, so it is no {kind.name} that this program wrote and may "
            "replace: name another folder, or move that one away."
        )


def _try(folder: Path, room: int) -> None:
    """Writes an unnamed file to the folder, or to the nearest one above that exists."""
    while not folder.exists():
        if os.path.lexists(folder):
            raise UserError(f"{shown(folder)} is a link that leads nowhere: name another path.")
        folder = folder.parent
    if not folder.is_dir():
        raise UserError(f"{shown(folder)} is a file, so nothing can be put below it: name another path.")
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error
    free = shutil.disk_usage(folder).free
    if free < room:
        raise UserError(
            f"{shown(folder)} has {free / 1e6:.1f} MB free and {room / 1e6:.1f} MB are needed: make room, or "
            "name another path."
        )


def _flush(path: Path) -> None:
    """Waits until a file or a folder's list of names is on the disk, where the system can say so."""
    if path.is_dir() and os.name == "nt":
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError:
        # Some file systems, network drives among them, know no such thing for folders.
        if not path.is_dir():
            raise
    finally:
        os.close(opened)
