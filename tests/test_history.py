"""`history.csv` as it was written, as a spreadsheet saves it, and damaged."""

import math

import pytest

from image_generating.errors import UserError
from image_generating.history import read_history, recover_history, write_history

_ROWS = [
    {"step": 3.0, "kimg": 0.012, "resolution": 28.0, "generator_loss": 1.5e-05, "penalty": 0.25},
    {"step": 6.0, "kimg": 0.024, "resolution": 112.0, "generator_loss": -1234.5, "penalty": 2.0},
]


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "history.csv"
    write_history(path, [*_ROWS, {"step": 9.0, "kimg": 0.036, "resolution": 112.0, "generator_loss": 1.0}])
    *read, last = read_history(path)
    assert read == _ROWS
    assert math.isnan(last["penalty"])
    write_history(path, [])
    assert read_history(path) == []


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_save_other_separators_and_decimal_commas(tmp_path, separator, mark, end):
    path = tmp_path / "history.csv"
    write_history(path, _ROWS)
    lines = path.read_text().splitlines()
    saved = mark + "".join(line.replace(",", separator).replace(".", ",") + end for line in lines)
    path.write_bytes(saved.encode())
    assert read_history(path) == recover_history(path) == _ROWS
    assert path.read_bytes() == saved.encode()


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (b"", 0),
        (b"nothing", 0),
        (b"\x89PNG\r\n\x1a\n\x00", 0),
        (b"step,kimg\n3,0.012\n", 0),
        (b"step,kimg,resolution,step\n3,0.012,28,3\n", 0),
        (b"step,kimg,resolution\n3,0.012,28\n6,0.0", 1),
        (b"step,kimg,resolution\n3,0.012,28\n6,much,112\n9,0.036,112\n", 2),
        (b"step,kimg,resolution\n3,0.012,28\nnan,0.024,112\n", 1),
    ],
)
def test_a_damaged_file_is_told_and_set_aside_and_what_can_be_read_goes_on(tmp_path, content, kept, capsys):
    path = tmp_path / "history.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"history\.csv is damaged \(.+\)\. Its run's `train` command"):
        read_history(path)
    rows = recover_history(path)
    assert len(rows) == kept
    assert read_history(path) == rows
    assert path.with_name("history.csv.damaged").read_bytes() == content
    assert "history.csv.damaged" in capsys.readouterr().err
