"""`history.csv`: a row of means for each epoch of the trainer."""

import csv
import io
import math
import sys
from pathlib import Path

from image_generating.damage import Damaged, set_aside
from image_generating.errors import shown
from image_generating.files import replacing

# What a row cannot do without: its place in the training, which curves are drawn over.
_NEEDED = ("step", "kimg", "resolution")


def read_history(path: Path) -> list[dict[str, float]]:
    """Reads `history.csv`, also as a spreadsheet saves it; missing numbers are NaN.

    Raises:
        FileNotFoundError: if there is no such file.
        Damaged: if a row cannot be read.
    """
    rows, lost = _read(path)
    if lost:
        raise Damaged(path, lost, "Its run's `train` command, given again, keeps what can be read of it.")
    return rows


def recover_history(path: Path) -> list[dict[str, float]]:
    """The rows of `history.csv` that can be read, for a run that goes on; a damaged file is set aside."""
    if not path.exists():
        return []
    rows, lost = _read(path)
    if lost:
        aside = set_aside(path)
        print(
            f"{shown(path)} is damaged ({lost}): it is now {aside.name}, and what can be read goes on.",
            file=sys.stderr,
        )
        write_history(path, rows)
    return rows


def write_history(path: Path, rows: list[dict[str, float]]) -> None:
    """Writes `history.csv`, with a column for everything that any row has."""
    columns = list(dict.fromkeys(name for row in rows for name in row)) or list(_NEEDED)
    with replacing(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def _read(path: Path) -> tuple[list[dict[str, float]], str]:
    """The rows that can be read, and what cannot be, or nothing."""
    # Spreadsheets put a mark in front; what is no text at all shows as unreadable numbers.
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    header, _, _ = text.partition("\n")
    # Where numbers have decimal commas, spreadsheets separate with something else.
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quoting=csv.QUOTE_MINIMAL)
    rows, lost = [], []
    try:
        columns = next(reader, [])
        if not set(_NEEDED) <= set(columns) or len(set(columns)) < len(columns):
            return [], "it has not the columns " + ", ".join(_NEEDED)
        for cells in reader:
            row = _row(columns, cells)
            if row:
                rows.append(row)
            elif cells:
                lost.append(reader.line_num)
    except csv.Error as error:
        return rows, str(error)
    return rows, f"line {lost[0]} is no row of numbers, and {len(lost) - 1} more" if lost else ""


def _row(columns: list[str], cells: list[str]) -> dict[str, float] | None:
    if len(cells) != len(columns):
        return None
    try:
        numbers = [float(cell.strip().replace(",", ".")) if cell.strip() else math.nan for cell in cells]
    except ValueError:
        return None
    row = dict(zip(columns, numbers, strict=True))
    return row if all(math.isfinite(row[name]) for name in _NEEDED) else None
