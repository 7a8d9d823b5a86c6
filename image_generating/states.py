"""Which of a run's checkpoints are kept, and from which it continues.

What counts is what is in a file, never its name: whether it is whole, of which run it is and which step.
"""

import contextlib
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from image_generating import checkpoint
from image_generating.checkpoint import Checkpoint
from image_generating.damage import Damaged, set_aside
from image_generating.errors import UserError, shown
from image_generating.runs import Run

_KEPT = 2
_ATTEMPTS = 3


def newest(run: Run, repair: bool = False) -> tuple[Path, Checkpoint] | None:
    """The newest whole state of a run, of its checkpoints and its milestones.

    Those that carry the run's identifier come before those of earlier versions, which carry none. Those of
    other runs are left alone.

    Args:
        run: the run.
        repair: whether to set damaged files aside; for whoever holds the run's lock.

    Returns:
        The file and what is in it, or None if there is none.

    Raises:
        UserError: if a file may not be read or is of a newer version.
    """
    return _newest((run.checkpoints, run.milestones), run.identifier, repair)


def load_newest(folder: Path) -> Checkpoint | None:
    """The newest whole checkpoint in a folder, of whichever run."""
    found = _newest((folder,), None, repair=False)
    return found and found[1]


def save(folder: Path, state: Checkpoint) -> Path:
    """Keeps a checkpoint as `keep` does, then removes all of its run but this and the newest other one.

    Damaged files are set aside, and files of other runs stay.

    Returns:
        The file.
    """
    path = keep(folder, state)
    whole = 1
    for other in _own(folder, state.run):
        if other == path:
            continue
        if whole < _KEPT:
            whole += _load(other, repair=True) is not None
        else:
            other.unlink()
    return path


def keep(folder: Path, state: Checkpoint) -> Path:
    """Writes `folder/step_NNNNNNNN.npz`; a file of another run that is there already is set aside.

    Returns:
        The file.
    """
    path = folder / f"step_{state.step:08d}.npz"
    if path.exists() and path not in _own(folder, state.run) and path.exists():
        set_aside(path, "other")
    checkpoint.write(path, state)
    return path


def identifiers(run: Run) -> list[str]:
    """The runs that whole checkpoints and milestones in a folder are of, the newest first."""
    found = [peeked for _, peeked in _peeked((run.checkpoints, run.milestones), repair=False)]
    return [identifier for identifier, _ in sorted(found, key=lambda peeked: -peeked[1]) if identifier]


def begun(run: Run) -> bool:
    """Whether a run has taken steps, whatever is left of them."""
    folders = (run.checkpoints, run.milestones, run.previews)
    # Hidden are files that were being written when the program was killed.
    return run.history.exists() or any(
        not path.name.startswith(".") for folder in folders if folder.is_dir() for path in folder.iterdir()
    )


def remove_unfinished(run: Run) -> None:
    """Removes what a killed training was writing; for whoever holds the run's lock.

    `files.replacing` writes in a hidden folder beside the file, which has its name and some letters.
    """
    parts = (run.settings, run.appearance, run.spectra, run.history, run.curves)
    patterns = [(run.folder, f".{path.name}.*") for path in parts]
    patterns += [(folder, ".step_*.npz.*") for folder in (run.checkpoints, run.milestones)]
    patterns.append((run.previews, ".image_at_epoch_*.png.*"))
    for folder, pattern in patterns:
        for scratch in folder.glob(pattern):
            if scratch.is_dir():
                shutil.rmtree(scratch, ignore_errors=True)


def _newest(folders: Sequence[Path], identifier: str | None, repair: bool) -> tuple[Path, Checkpoint] | None:
    # A training may remove what was just listed; then there is something newer.
    for _ in range(_ATTEMPTS):
        for path in _ranked(folders, identifier, repair):
            state = _load(path, repair)
            if state:
                return path, state
    return None


def _ranked(folders: Sequence[Path], identifier: str | None, repair: bool) -> list[Path]:
    """The files of a run, of any run if `identifier` is None; the newest first."""
    found = []
    for path, (run, step) in _peeked(folders, repair):
        if None in (run, identifier) or run == identifier:
            found.append((run is not None, step, -folders.index(path.parent), path))
        else:
            print(f"{shown(path)} is of another run, and left alone.", file=sys.stderr)
    return [path for *_, path in sorted(found, reverse=True)]


def _own(folder: Path, identifier: str | None) -> list[Path]:
    """The files in a folder that carry just this identifier, or none if it is None; the newest first."""
    found = []
    for path in _files(folder):
        # Whatever cannot be read is not known to be this run's.
        with contextlib.suppress(FileNotFoundError, UserError):
            run, step = _peek(path, repair=True)
            if run == identifier:
                found.append((step, path))
    return [path for _, path in sorted(found, reverse=True)]


def _peeked(folders: Sequence[Path], repair: bool) -> Iterator[tuple[Path, tuple[str | None, int]]]:
    """The files that are there and not damaged, with what `checkpoint.peek` says of them."""
    for path in (path for folder in folders for path in _files(folder)):
        with contextlib.suppress(FileNotFoundError, Damaged):
            yield path, _peek(path, repair)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("step_*.npz"))


def _peek(path: Path, repair: bool) -> tuple[str | None, int]:
    try:
        return checkpoint.peek(path)
    except Damaged as error:
        _report(path, error, repair)
        raise


def _load(path: Path, repair: bool) -> Checkpoint | None:
    """A checkpoint, or None if it is damaged or gone."""
    try:
        return checkpoint.load(path)
    except Damaged as error:
        _report(path, error, repair)
    except checkpoint.Missing:
        pass
    return None


def _report(path: Path, error: Damaged, repair: bool) -> None:
    then = f"It is now {set_aside(path).name}." if repair else "It is passed over."
    print(shown(f"{error} {then}"), file=sys.stderr)
