import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from image_generating import __version__
from image_generating.cli import COMMANDS, main
from image_generating.config import TrainConfig
from image_generating.errors import UserError


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
        (["export", "--run", "run", "--output", "m", "--grain", "nan"], "--grain must be at least 0"),
        (["export", "--run", "run", "--output", "m", "--grain", "-0.1"], "--grain must be at least 0"),
        (["generate", "--output", "x", "--truncation", "inf"], "--truncation must be more than 0"),
        (["generate", "--output", "x", "--truncation", "0"], "--truncation must be more than 0"),
        (["generate", "--output", "x", "--count", "0"], "--count must be at least 1"),
        (["generate", "--output", "x", "--seed", "9" * 400], "--seed must be at least 0"),
        (["train", "--data", "phantom", "--output", "r", "--preset", "demo", "--minutes", "0"], "--minutes"),
        (["train", "--data", "phantom", "--output", "r", "--epochs", "nan"], "--epochs must be more than 0"),
        (["train", "--data", "phantom", "--output", "r", "--kimg", "1e999"], "--kimg must be more than 0"),
        (["train", "--data", "phantom", "--output", "r", "--images", "1"], "--images must be at least 2"),
        (["interpolate", "--output", "x.gif", "--size", "1"], "--size must be at least 16, at most 4 096"),
        (["interpolate", "--output", "x.gif", "--fps", "51"], "--fps must be at least 1, at most 50"),
        (["interpolate", "--output", "x.gif", "--fps", "0"], "--fps must be at least 1, at most 50"),
        (["interpolate", "--output", "x.gif", "--stops", "1"], "--stops must be at least 2"),
        (["gif", "--run", "r", "--output", "x.gif", "--megabytes", "-1"], "--megabytes must be more than 0"),
        (["summary", "--resolution", "100000"], "--resolution must be at least 1, at most 8 192"),
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


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"batch_size": True}, "--batch-size must be a whole number, not True"),
        ({"batch_size": "4"}, "--batch-size must be a whole number, not '4'"),
        ({"images": 4.5}, "--images must be a whole number, not 4.5"),
        ({"minutes": "ten"}, "--minutes must be a number, not 'ten'"),
        ({"strict": "no"}, "--strict must be true or false, not 'no'"),
        ({"preset": "large"}, "--preset must be one of residual, wide, classic, demo, not 'large'"),
        ({"output": ""}, "--output must be the path of a file or a folder, not ''"),
        ({"output": 3}, "--output must be the path of a file or a folder, not 3"),
    ],
)
def test_settings_made_in_python_are_checked_too(changes, sentence):
    with pytest.raises(UserError) as refused:
        TrainConfig(**{"data": "phantom", "output": "run"} | changes)
    assert str(refused.value).startswith(sentence)


def test_settings_take_what_counts_as_a_number_or_a_path():
    config = TrainConfig(data="phantom", output="~/run", minutes=3, images=np.int64(4), epochs=np.float32(2))
    assert config.output == Path.home() / "run"
    assert json.loads(config.to_json())["images"] == 4
    assert config.replace(data="~/images").data == str(Path.home() / "images")


def test_help_shows_the_bounds(capsys):
    with pytest.raises(SystemExit):
        main(["interpolate", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "frames per second (default: 12; at least 1, at most 50)" in text
    assert "(default: 1.0; more than 0, at most 10)" in text


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
