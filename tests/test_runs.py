"""The folder of a run: what may be lost, damaged or edited, and that one training at a time is in it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from image_generating import appearance, archive, calibration, locking, states, training
from image_generating.cli import main
from image_generating.damage import Damaged
from image_generating.errors import UserError
from image_generating.history import read_history
from image_generating.runs import Run


@pytest.fixture
def run(grown_copy) -> Run:
    return Run(grown_copy.output)


def _content(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _last_line(capsys) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def _edited(path, change) -> None:
    stored = json.loads(path.read_text())
    change(stored)
    path.write_text(json.dumps(stored))


# run.json


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "\x00\xff", '{"recipe": 3}'])
def test_a_damaged_run_json_is_written_anew_by_the_run_s_own_command_alone(
    run, train_again, content, capsys, tmp_path
):
    before = json.loads(run.settings.read_text())
    run.settings.write_text(content)
    assert main(["export", "--run", str(run.folder), "--output", str(tmp_path / "m")]) != 0
    assert f"{run.settings} is damaged" in (said := _last_line(capsys))
    assert "`train` command" in said
    assert train_again(run.folder, "--seed", 1) != 0
    assert "none of the run's checkpoints says" in _last_line(capsys)
    assert run.settings.read_text() == content
    assert train_again(run.folder) == 0
    assert "run.json.damaged" in capsys.readouterr().err
    assert json.loads(run.settings.read_text()) == before


def test_a_lost_run_json_is_written_anew(run, train_again):
    before = json.loads(run.settings.read_text())
    run.settings.unlink()
    assert train_again(run.folder) == 0
    assert json.loads(run.settings.read_text()) == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda stored: stored.update(mode="new"), ("'mode'", "newer version")),
        (lambda stored: stored["recipe"].update(warmth=1), ("'recipe.warmth'", "newer version")),
        (lambda stored: stored["recipe"]["network"].update(depth=1), ("'recipe.network.depth'", "newer")),
        (lambda stored: stored["recipe"]["network"].update(latent="8"), ("recipe.network.latent", '"8"')),
        (lambda stored: stored["recipe"]["network"].update(latent=-8), ("recipe.network.latent", "-8")),
        (lambda stored: stored["recipe"].update(growth=[[4, 1.0], 1]), ("recipe.growth", "cannot be")),
        (lambda stored: stored["recipe"].update(loss="mine"), ("recipe.loss", "cannot be")),
        (lambda stored: stored["recipe"].update(network=None), ("recipe.network", "no JSON object")),
        (lambda stored: stored.pop("recipe"), ("has no recipe",)),
    ],
)
def test_an_edited_run_json_is_named_with_the_field(run, change, words, capsys, tmp_path):
    _edited(run.settings, change)
    assert main(["export", "--run", str(run.folder), "--output", str(tmp_path / "m")]) != 0
    said = _last_line(capsys)
    for word in (str(run.settings), *words):
        assert word in said


def test_a_run_of_a_newer_version_is_not_trained_by_this_one(run, train_again, capsys):
    _edited(run.settings, lambda stored: stored["recipe"].update(warmth=1))
    before = _content(run.folder)
    assert train_again(run.folder) != 0
    assert "newer version" in _last_line(capsys)
    assert before == _content(run.folder)


def test_fields_that_an_earlier_version_did_not_have_get_their_defaults(run, train_again):
    _edited(run.settings, lambda stored: stored["recipe"].pop("pretrained_rate"))
    assert train_again(run.folder) == 0


# Other files


def _cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def _shorten(path):
    archive.write(path, {name: array[:-1] for name, array in archive.read(path).items()})


def test_damaged_measurements_are_measured_anew(run, train_again, capsys, tmp_path):
    whole = [archive.read(path) for path in (run.spectra, run.appearance)]
    _shorten(run.spectra)
    _cut(run.appearance)
    assert main(["export", "--run", str(run.folder), "--output", str(tmp_path / "m")]) != 0
    said = _last_line(capsys)
    assert f"{run.spectra} is damaged" in said
    assert "`train` command" in said
    assert train_again(run.folder, "--kimg", 0.252) == 0
    for path, arrays in zip((run.spectra, run.appearance), whole, strict=True):
        for name, array in archive.read(path).items():
            np.testing.assert_array_equal(array, arrays[name])


@pytest.mark.parametrize(
    "damage",
    [
        _cut,
        _shorten,
        lambda path: path.write_bytes(b""),
        lambda path: archive.write(path, {name: v * np.nan for name, v in archive.read(path).items()}),
        lambda path: archive.write(path, {name: v.astype(str) for name, v in archive.read(path).items()}),
        lambda path: archive.write(path, dict(list(archive.read(path).items())[1:])),
    ],
)
def test_every_damage_of_measurements_is_noticed(run, growing_recipe, damage):
    for path, read in (
        (run.spectra, lambda: calibration.load(run.spectra, 112)),
        (run.appearance, lambda: appearance.read(run.appearance, 12, growing_recipe.network)),
    ):
        read()
        damage(path)
        with pytest.raises(Damaged, match=rf"{path.name} is damaged"):
            read()


def test_measurements_of_a_newer_version_are_left_alone(run, train_again, capsys):
    for path in (run.spectra, run.appearance):
        whole = path.read_bytes()
        archive.write(path, {**archive.read(path), "colors": np.zeros(3)})
        before = path.read_bytes()
        assert train_again(run.folder, "--kimg", 0.252) != 0
        assert f"{path} has the field 'colors'" in _last_line(capsys)
        assert path.read_bytes() == before
        path.write_bytes(whole)


def test_a_damaged_history_goes_on_with_what_can_be_read(run, train_again, capsys):
    rows = read_history(run.history)
    damaged = run.history.read_bytes()[:-20] + b"\xff\x00oops"
    run.history.write_bytes(damaged)
    assert train_again(run.folder, "--kimg", 0.252) == 0
    assert f"{run.history} is damaged" in capsys.readouterr().err
    assert [row["step"] for row in read_history(run.history)] == [row["step"] for row in rows[:-1]] + [63]
    assert (run.folder / "history.csv.damaged").read_bytes() == damaged


# The folder


def test_what_a_killed_training_was_writing_is_removed(run, train_again):
    before = sorted(run.folder.rglob("*"))
    for path in (
        run.settings,
        run.checkpoints / "step_00000060.npz",
        run.previews / "image_at_epoch_0003.png",
    ):
        scratch = path.with_name(f".{path.name}.abc123")
        scratch.mkdir()
        (scratch / path.name).write_bytes(b"half")
    assert train_again(run.folder) == 0
    assert sorted(run.folder.rglob("*")) == before


def test_a_folder_of_something_else_is_refused_before_work_begins(train_again, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(training.data, "load", lambda _: pytest.fail("work has begun"))
    for name in "abcd":
        (tmp_path / "photos" / name).mkdir(parents=True)
    assert train_again(tmp_path / "photos") != 0
    said = _last_line(capsys)
    assert f"{tmp_path / 'photos'} is no run and holds a, b, c and 1 more" in said
    leftover = tmp_path / "leftover" / "checkpoints" / "step_99999999.npz"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"")
    assert train_again(tmp_path / "leftover") != 0
    assert "is no run and holds checkpoints" in _last_line(capsys)
    (tmp_path / "file").write_text("")
    assert train_again(tmp_path / "file") != 0
    assert "is a file" in _last_line(capsys)
    assert train_again(tmp_path / "file" / "within") != 0
    assert "is a file, so nothing can be put below it" in _last_line(capsys)
    assert not list(tmp_path.rglob(".lock"))


def test_hidden_files_and_measurements_may_be_there_before(run, tiny_training, structure_recipe, monkeypatch):
    folder = Path(tiny_training.output).with_name("new")
    folder.mkdir()
    (folder / ".DS_Store").write_text("")
    (folder / run.appearance.name).write_bytes(run.appearance.read_bytes())
    monkeypatch.setattr(appearance, "align", lambda *_: pytest.fail("aligned again"))
    config = tiny_training.replace(output=folder, kimg=0.012)
    assert states.newest(training.train(config, structure_recipe, progress=False))[1].step == 3


def test_a_second_training_is_refused_at_once(run, train_again, monkeypatch, capsys):
    monkeypatch.setattr(training.data, "load", lambda _: pytest.fail("work has begun"))
    with locking.locked(run.folder):
        before = _content(run.folder)
        assert train_again(run.folder, "--kimg", 1) != 0
        assert f"another process ({os.getpid()})" in _last_line(capsys)
        assert before == _content(run.folder)


def test_the_lock_dies_with_its_process(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from image_generating import locking\n"
        "with locking.locked(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    folder = tmp_path / "run"
    with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "held\n"
        with (
            pytest.raises(UserError, match=rf"being trained by another process \({child.pid}\)"),
            locking.locked(folder),
        ):
            pass
        child.kill()
    with locking.locked(folder):
        pass
    # What this process did not make it does not remove.
    assert list(tmp_path.iterdir()) == [folder]
    assert not list(folder.iterdir())


def test_where_there_are_no_locks_training_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(locking, "fcntl", None)
    with locking.locked(tmp_path / "run"), locking.locked(tmp_path / "run"):
        pass
    assert not list(tmp_path.iterdir())


# Signals


_CHILD = """
import sys, time
from image_generating import appearance, cli, data
def wait(*_):
    print("preparing", flush=True)
    while True:
        time.sleep(0.1)
if sys.argv[1] == "images":
    data.load = wait
else:
    import image_generating.appearance
    image_generating.appearance.align = wait
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("number", "moment", "status"),
    [(signal.SIGINT, "images", 130), (signal.SIGTERM, "alignment", 143)],
)
def test_a_signal_before_the_first_step_ends_the_program_at_once(
    number, moment, status, tmp_path, train_again
):
    sizes = ["--images", "12", "--resolution", "112"]
    command = ["train", "--data", "phantom", *sizes, "--output", str(tmp_path / "run")]
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, moment, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout.readline() == "preparing\n"
        began = time.monotonic()
        child.send_signal(number)
        _, said = child.communicate()
    # One to two seconds where nothing else runs; waiting for the work itself would never end.
    assert time.monotonic() - began < 20
    assert child.returncode == status
    assert "Traceback" not in said
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(left) == ([] if moment == "images" else ["run.json", "spectra.npz"])
