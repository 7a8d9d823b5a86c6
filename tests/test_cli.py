import dataclasses
import subprocess
import sys

import pytest

from image_generating import __version__
from image_generating.cli import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_help_explains_every_flag(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    settings, _ = COMMANDS[command]
    for field in dataclasses.fields(settings):
        assert f"--{field.name.replace('_', '-')}" in text


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["train", "--data", "nowhere", "--output", "run"], "nowhere"),
        (["train", "--data", "phantom", "--output", "run", "--resolution", "801"], "800 and 832"),
        (["train", "--data", "phantom", "--output", "run", "--seed", "-1"], "--seed must be at least 0"),
        (["train", "--data", "phantom", "--output", "run", "--batch-size", "0"], "--batch-size"),
        (["generate", "--model", "nowhere", "--output", "result"], "no exported generator"),
        (["gif", "--run", "nowhere", "--output", "x.gif"], "no previews"),
        (["export", "--run", "nowhere", "--output", "models"], "no checkpoint"),
        (["summary", "--resolution", "33"], "56 and 60"),
    ],
)
def test_bad_input_gets_one_sentence_and_status_2(arguments, sentence, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("image-generating: ")
    assert sentence in said[0]
    assert list(tmp_path.iterdir()) == []


def test_summary_counts_parameters_and_operations(capsys):
    assert main(["summary", "--resolution", "64"]) == 0
    text = capsys.readouterr().out
    assert "generator:" in text
    assert "GFLOP per image" in text


def test_the_package_imports_quickly_and_without_a_backend():
    code = (
        "import sys, image_generating, image_generating.cli; "
        "sys.exit(any(name in sys.modules for name in ('tensorflow', 'jax', 'keras', 'matplotlib')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_missing_backend_is_named_with_the_remedy():
    code = (
        "import sys; sys.modules['tensorflow'] = None; from image_generating.cli import main; "
        "sys.exit(main(['summary']))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "tensorflow" in ended.stderr
    assert "KERAS_BACKEND=jax" in ended.stderr


def test_the_module_is_the_same_program():
    ended = subprocess.run(
        [sys.executable, "-m", "image_generating", "--version"], capture_output=True, text=True
    )
    assert ended.stdout.strip() == __version__
