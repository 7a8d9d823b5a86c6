"""One training at a time in the folder of a run.

The lock is one of the operating system's on a file, so it ends with the process that holds it, however that
ends. Windows has no such locks in Python's library, nor have some network drives; there nothing keeps a
second training out.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from image_generating.errors import UserError

_NAME = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds the lock of a folder, which is created and, if the block leaves it empty, removed again.

    Raises:
        UserError: if another process holds the lock.
    """
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    file = _acquire(folder)
    try:
        yield
    finally:
        # Before the lock is let go, or a file that another process has locked since would be removed.
        with contextlib.suppress(OSError):
            (folder / _NAME).unlink()
        file.close()
        with contextlib.suppress(OSError):
            for part in made:
                part.rmdir()


def _acquire(folder: Path):
    path = folder / _NAME
    while True:
        file = open(path, "a+")  # noqa: SIM115
        if fcntl is None:
            return file
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip()
            file.close()
            raise UserError(
                f"{folder} is being trained by another process{holder and f' ({holder})'}. "
                "Wait for its end, stop it, or name another --output."
            ) from error
        except OSError:
            return file  # A drive without locks.
        # Whoever held it may have removed the file after it was opened here.
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
                return file
        file.close()
