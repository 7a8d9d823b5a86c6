"""Writing files and folders so that a reader never sees half of one."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path` that becomes `path` when the block succeeds.

    The block may create a file or a folder there. If it raises, what it wrote is removed and
    whatever was at `path` before is untouched.

    Args:
        path: where the finished file or folder goes; parent folders are created.

    Example:
        with replacing("report/metrics.json") as temporary:
            temporary.write_text("{}")
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    # The suffix is kept because image and weight writers choose the format by it.
    temporary = scratch / path.name
    try:
        yield temporary
        if path.is_dir():
            # A folder cannot be renamed over a full one: move the old one aside first.
            path.rename(scratch / "replaced")
        os.replace(temporary, path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
