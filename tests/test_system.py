"""What the machine refuses or a user has set: a sentence or the right output, in processes of their own."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

_ROOT = Path(__file__).parents[1]
# Imported first, as another user may not be allowed to read where Python is installed.
_CHILD = """
import json, os, sys
from image_generating import backend
backend.load()
import keras, matplotlib.figure, matplotlib.backends.backend_agg
import image_generating.training, image_generating.export, image_generating.pictures
import image_generating.metrics.evaluate
from image_generating.cli import main
exec(sys.argv[1])
for command in json.loads(sys.argv[2]):
    print("status", main(command), file=sys.stderr)
"""
_NOBODY = "os.setgid(54321); os.setuid(54321)"


def _run(*arguments, **settings) -> subprocess.CompletedProcess:
    """The program in a process of its own, with variables of the environment set, or unset where None."""
    stdout = settings.pop("stdout", subprocess.PIPE)
    environment = {k: v for k, v in (os.environ | settings).items() if v is not None}
    command = [sys.executable, "-m", "image_generating", *map(str, arguments)]
    return subprocess.run(
        command,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
        cwd=_ROOT,
    )


def _in_child(prelude: str, *commands, cwd: Path, **settings) -> tuple[list[int], list[str]]:
    """Statuses of several commands in one process, and what they said on stderr."""
    environment = {k: v for k, v in (os.environ | settings).items() if v is not None}
    environment["PYTHONPATH"] = str(_ROOT)
    given = json.dumps([[str(word) for word in command] for command in commands])
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, prelude, given],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        cwd=cwd,
    )
    lines = ended.stderr.splitlines()
    assert "Traceback" not in ended.stderr, ended.stderr
    return (
        [int(line.removeprefix("status ")) for line in lines if line.startswith("status ")],
        [line for line in lines if line.startswith("image-generating: ")],
    )


@pytest.fixture
def run_with_previews(tmp_path):
    previews = tmp_path / "run" / "training_images"
    previews.mkdir(parents=True)
    for epoch in range(2):
        Image.new("L", (96, 96), 99 * epoch).save(previews / f"image_at_epoch_{epoch:04d}.png")
    return tmp_path / "run"


@pytest.fixture
def for_all(tmp_path):
    """A folder that another user may enter, unlike those of pytest, and write to."""
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        yield Path(folder)


def test_another_users_folder_is_named_before_any_work(for_all):
    locked = for_all / "locked"
    locked.mkdir(mode=0o755)
    (for_all / "a").mkdir()
    statuses, said = _in_child(
        _NOBODY,
        ("gif", "--run", "nowhere", "--output", locked / "film.gif"),
        ("generate", "--model", "nowhere", "--output", locked / "deep"),
        ("interpolate", "--model", "nowhere", "--output", locked / "walk.gif"),
        ("export", "--run", "nowhere", "--output", locked),
        ("evaluate", *("--images", "a", "--train", "b", "--heldout", "c", "--output", locked / "report")),
        ("train", "--data", "phantom", "--images", "8", "--resolution", "64", "--output", locked / "run"),
        cwd=for_all,
    )
    assert statuses == [1] * 6
    assert said == [f"image-generating: {locked}: Permission denied."] * 6
    assert list(locked.iterdir()) == []


def test_a_user_without_home_or_name_can_train(tmp_path):
    nameless = "import pwd\ndef getpwuid(number): raise KeyError(number)\npwd.getpwuid = getpwuid"
    statuses, said = _in_child(
        nameless,
        ("summary", "--resolution", "64"),
        (
            *("train", "--data", "phantom", "--images", "8", "--resolution", "64", "--kimg", "0.008"),
            *("--preset", "classic", "--output", "run"),
        ),
        cwd=tmp_path,
        HOME=None,
        XDG_CACHE_HOME=None,
        TMPDIR=str(tmp_path),
    )
    assert statuses == [0, 0], said
    assert (tmp_path / "run" / "curves.png").exists()


def test_what_does_not_fit_on_the_disk_is_named_and_leaves_nothing(
    grown, run_with_previews, tiny_export, tmp_path
):
    """With a limit to the size of a file, which the system refuses to write just as on a full disk."""
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))"
    commands = {
        "film.gif": ("gif", "--run", run_with_previews, "--output"),
        "pictures": ("generate", "--count", "2", "--model", tiny_export / "generator", "--output"),
        "models": ("export", "--run", grown[0].folder, "--output"),
    }
    output = tmp_path / "output"
    output.mkdir()
    statuses, said = _in_child(
        limit, *((*command, output / name) for name, command in commands.items()), cwd=tmp_path
    )
    assert statuses == [1] * 3
    for name, sentence in zip(commands, said, strict=True):
        assert str(output / name) in sentence
        assert "too large" in sentence
    assert [path for path in output.rglob("*") if path.is_file()] == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_that_cannot_be_written_ends_in_a_sentence():
    with open("/dev/full", "w") as full:
        ended = _run("summary", "--resolution", "64", stdout=full)
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == "image-generating: No space left on device."
    assert "Traceback" not in ended.stderr
    assert "Exception ignored" not in ended.stderr


def test_a_reader_who_has_had_enough_is_no_error():
    read, write = os.pipe()
    os.close(read)
    ended = _run("summary", "--resolution", "64", stdout=write)
    os.close(write)
    assert ended.returncode == 141
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "settings",
    [
        {"PYTHONIOENCODING": "cp1252"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": None},
    ],
)
def test_letters_that_a_terminal_does_not_know_end_no_command(run_with_previews, tmp_path, settings):
    output = tmp_path / "Ł.gif"
    ended = _run("gif", "--run", run_with_previews, "--output", output, **settings)
    assert ended.returncode == 0, ended.stderr
    assert "2 frames of 96" in ended.stdout
    assert output.exists()


def test_an_evaluation_ends_well_where_the_terminal_knows_few_letters(tmp_path):
    for name in ("judged", "train", "heldout"):
        (tmp_path / name).mkdir()
        for index in range(4):
            noise = np.random.default_rng((len(name), index)).integers(0, 256, (64, 64), "uint8")
            Image.fromarray(noise).save(tmp_path / name / f"{index}.png")
    statuses, said = _in_child(
        "",
        (
            *("evaluate", "--images", "judged", "--train", "train", "--heldout", "heldout"),
            *("--output", "Łódź", "--extractor", "tiny", "--resolution", "64"),
        ),
        cwd=tmp_path,
        PYTHONIOENCODING="cp1252",
    )
    assert statuses == [0], said
    assert "10³" in (tmp_path / "Łódź" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("backend", "settings", "problem"),
    [
        ("TensorFlow", None, None),
        (" jax ", None, None),
        ("foo", None, "KERAS_BACKEND names the backend 'foo'"),
        ("numpy", None, "KERAS_BACKEND names the backend 'numpy'"),
        (None, {"backend": "torch"}, "keras.json names the backend 'torch'"),
        (None, {"floatx": "float12"}, "keras.json"),
        (None, {"epsilon": 1}, "keras.json"),
        (None, {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 1.0}, None),
        (None, "{not json", None),
    ],
)
def test_keras_settings_of_the_user(tmp_path, backend, settings, problem):
    (tmp_path / ".keras").mkdir()
    if settings:
        text = settings if isinstance(settings, str) else json.dumps(settings)
        (tmp_path / ".keras" / "keras.json").write_text(text)
    usual = _usual_summary()
    ended = _run("summary", "--resolution", "64", KERAS_BACKEND=backend, HOME=str(tmp_path))
    if problem:
        assert ended.returncode == 2
        assert problem in ended.stderr
        assert len(ended.stderr.splitlines()) == 1
    else:
        assert (ended.returncode, ended.stdout) == (0, usual), ended.stderr


_SUMMARY = []


def _usual_summary() -> str:
    if not _SUMMARY:
        _SUMMARY.append(_run("summary", "--resolution", "64").stdout)
    return _SUMMARY[0]
