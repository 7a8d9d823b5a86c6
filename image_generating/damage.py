"""Files of ours that no longer are what was written: how that is said, and where they are put."""

from pathlib import Path

from image_generating import __version__
from image_generating.errors import UserError


class Damaged(UserError):
    """A file that is there and cannot be used as what it is named.

    Args:
        path: the file.
        why: what is wrong with it, as a clause or an exception.
        remedy: a sentence, if there is one to give.

    Attributes:
        why: the clause alone.
        what: the message without the remedy.
    """

    def __init__(self, path: Path, why: object, remedy: str = ""):
        self.why = clause(why)
        self.what = f"{path} is damaged ({self.why})."
        super().__init__(f"{self.what} {remedy}".rstrip())


def clause(why: object) -> str:
    """A reason or an exception as a clause: readers' messages may go on for lines, and some are empty."""
    return (str(why).strip().splitlines() or [type(why).__name__])[0].rstrip(".")


def newer(path: Path, field: str) -> UserError:
    """What is said of a file with a field that this version does not know."""
    return UserError(
        f"{path} has the field {field!r}, which image_generating {__version__} does not know: a newer "
        "version wrote it. Upgrade the package to use it."
    )


def set_aside(path: Path, reason: str = "damaged") -> Path:
    """Renames a file, so that nothing takes it for a whole one and nothing is lost.

    Returns:
        Its new path, `<name>.damaged` or, where that is taken, `<name>.damaged2` and so on.
    """
    number, aside = 1, path.with_name(f"{path.name}.{reason}")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.{reason}{number}")
    return path.rename(aside)
