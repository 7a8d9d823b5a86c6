"""Commands through the program: what is the user's is never replaced, and is named before any work."""

import os
import shutil
from pathlib import Path

import pytest
from PIL import Image

from image_generating import sampling
from image_generating.cli import main


@pytest.fixture
def no_work(monkeypatch):
    """Fails a command that begins to work before it has looked at its output."""

    def begin(*arguments):
        raise AssertionError("work began")

    monkeypatch.setattr("image_generating.pictures.load_generator", begin)
    monkeypatch.setattr("image_generating.pictures.preview_frames", begin)
    monkeypatch.setattr("image_generating.states.newest", begin)
    monkeypatch.setattr("image_generating.metrics.extractors.get", begin)


@pytest.fixture
def precious(tmp_path):
    """A folder of the user's, and a file."""
    folder = tmp_path / "thesis"
    (folder / "chapters").mkdir(parents=True)
    (folder / "chapters" / "one.tex").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def _content(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _refused(arguments, capsys) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1, said
    return said[0]


COMMANDS = {
    "gif": lambda output: ["gif", "--run", "run", "--output", output],
    "interpolate": lambda output: ["interpolate", "--model", "model", "--output", output],
    "generate": lambda output: ["generate", "--model", "model", "--output", output],
    "export": lambda output: ["export", "--run", "run", "--output", output],
    "evaluate": lambda output: [
        *("evaluate", "--images", "a", "--train", "b", "--heldout", "c", "--output", output),
        *("--extractor", "tiny"),
    ],
}


@pytest.mark.parametrize(
    ("command", "output", "named"),
    [
        ("gif", "thesis", "must end in .gif"),
        ("gif", "folder.gif", "is a folder"),
        ("gif", ".", "must end in .gif"),
        ("gif", "notes.txt/film.gif", "notes.txt is a file"),
        ("interpolate", "folder.gif", "is a folder"),
        ("interpolate", "folder.MP4", "is a folder"),
        ("interpolate", "walk.avi", ".gif or .mp4"),
        ("generate", "notes.txt", "is a file"),
        ("generate", "notes.txt/deep", "notes.txt is a file"),
        ("export", "notes.txt", "notes.txt is a file"),
        ("export", "stranger", "holds thesis.tex"),
        ("evaluate", "thesis", "holds chapters"),
        ("evaluate", ".", ". holds a, folder.MP4, folder.gif, so it is no report"),
        ("evaluate", "notes.txt", "is a file"),
    ],
)
def test_nothing_of_the_users_is_replaced(command, output, named, precious, no_work, capsys, monkeypatch):
    for name in ("folder.gif", "folder.MP4", "stranger/generator"):
        (precious / name).mkdir(parents=True)
    (precious / "folder.gif" / "one.tex").write_text("mine")
    (precious / "a").mkdir()
    (precious / "stranger" / "generator" / "thesis.tex").write_text("mine")
    monkeypatch.chdir(precious)
    before = _content(precious)
    assert named in _refused(COMMANDS[command](output), capsys)
    assert _content(precious) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_name_is_no_output(command, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(COMMANDS[command](""))
    assert ended.value.code == 2
    assert "--output: an empty name" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_strangers_keras_folder_is_no_export(grown, tmp_path, capsys):
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="generator")
    model.save(tmp_path / "generator", zipped=False)
    before = _content(tmp_path)
    assert "no network that this program wrote" in _refused(
        ["export", "--run", grown[0].folder, "--output", tmp_path], capsys
    )
    assert _content(tmp_path) == before


def test_an_export_replaces_an_export_also_one_of_before_the_mark(grown, tmp_path, capsys):
    shutil.copytree("models", tmp_path / "models")
    for name in ("generator", "discriminator"):
        assert "image_generating" not in (tmp_path / "models" / name / "metadata.json").read_text()
    for _ in range(2):
        assert main(["export", "--run", str(grown[0].folder), "--output", str(tmp_path / "models")]) == 0
        assert "image_generating" in (tmp_path / "models" / "generator" / "metadata.json").read_text()
    assert sampling.load_generator(tmp_path / "models" / "generator").output_shape == (None, 112, 112, 1)
    (tmp_path / "models" / "generator" / "card.md").write_text("mine")
    named = _refused(["export", "--run", grown[0].folder, "--output", tmp_path / "models"], capsys)
    assert "holds card.md" in named
    assert (tmp_path / "models" / "generator" / "card.md").read_text() == "mine"


def test_pictures_of_two_calls_are_not_mixed(tiny_export, tmp_path, capsys):
    command = ["generate", "--model", tiny_export / "generator", "--output", tmp_path / "result"]
    assert main([*map(str, command), "--count", "3", "--grid"]) == 0
    (tmp_path / "result" / "resultados.png").touch()
    before = _content(tmp_path)
    capsys.readouterr()
    assert "grid.png" in _refused([*command, "--count", "3"], capsys)
    assert "result2.png" in _refused([*command, "--count", "2", "--grid"], capsys)
    assert _content(tmp_path) == before
    assert main([*map(str, command), "--count", "4", "--grid", "--seed", "1"]) == 0
    after = _content(tmp_path)
    assert len(after) == len(before) + 1
    name = Path("result", "result0.png")
    assert after[name] != before[name]
    assert (tmp_path / "result" / "resultados.png").exists()


def test_the_home_folder_is_found(tiny_export, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert (
        main(["generate", "--model", str(tiny_export / "generator"), "--output", "~/x", "--count", "1"]) == 0
    )
    assert (tmp_path / "x" / "result0.png").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_one_preview_is_a_film_of_one_frame(tmp_path, capsys):
    previews = tmp_path / "run" / "training_images"
    previews.mkdir(parents=True)
    Image.new("L", (776, 776), 90).save(previews / "image_at_epoch_0000.png")
    assert main(["gif", "--run", str(tmp_path / "run"), "--output", str(tmp_path / "film.gif")]) == 0
    assert "1 frame of" in capsys.readouterr().out
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 1


def test_previews_of_both_names_make_one_film_in_order(tmp_path):
    previews = tmp_path / "run" / "training_images"
    previews.mkdir(parents=True)
    names = ["epoch_0000", "epoch_0002", "epoch_0002_step_00000031", "epoch_0002_step_00000123", "epoch_0010"]
    for level, name in enumerate(names):
        Image.new("L", (96, 96), 40 * level + 40).save(previews / f"image_at_{name}.png")
    (previews / "thumbnail.png").write_bytes(b"not ours")
    assert main(["gif", "--run", str(tmp_path / "run"), "--output", str(tmp_path / "film.gif")]) == 0
    with Image.open(tmp_path / "film.gif") as film:
        levels = []
        for frame in range(film.n_frames):
            film.seek(frame)
            levels.append(film.convert("L").getpixel((5, 5)))
    assert levels == pytest.approx([40, 80, 120, 160, 200], abs=4)


@pytest.mark.parametrize("spoil", ["bytes", "size"])
def test_a_preview_that_does_not_fit_is_named(tmp_path, capsys, spoil):
    previews = tmp_path / "run" / "training_images"
    previews.mkdir(parents=True)
    for epoch in range(3):
        Image.new("L", (96, 96)).save(previews / f"image_at_epoch_{epoch:04d}.png")
    if spoil == "bytes":
        (previews / "image_at_epoch_0001.png").write_bytes(b"")
    else:
        Image.new("L", (32, 32)).save(previews / "image_at_epoch_0001.png")
    said = _refused(["gif", "--run", tmp_path / "run", "--output", tmp_path / "film.gif"], capsys)
    assert "image_at_epoch_0001.png" in said
    assert "remove it" in said
    assert not (tmp_path / "film.gif").exists()


@pytest.mark.parametrize("side", [96, 97])
def test_a_film_can_be_an_mp4(tmp_path, side):
    previews = tmp_path / "run" / "training_images"
    previews.mkdir(parents=True)
    for epoch in range(3):
        Image.new("L", (side, side), 50 * epoch).save(previews / f"image_at_epoch_{epoch:04d}.png")
    assert main(["gif", "--run", str(tmp_path / "run"), "--output", str(tmp_path / "film.mp4")]) == 0
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp"


def test_an_mp4_without_its_package_is_refused_before_work(tmp_path, capsys, monkeypatch, no_work):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "imageio_ffmpeg" else found(name, *rest),
    )
    for command in ("gif", "interpolate"):
        said = _refused(COMMANDS[command](tmp_path / "film.mp4"), capsys)
        assert "image-generating[video]" in said


def test_the_names_in_a_sentence_steer_no_terminal(tmp_path, capsys):
    name = "a\x1b[31mred\nline"
    os.mkdir(tmp_path / name)
    said = _refused(["gif", "--run", tmp_path / name, "--output", tmp_path / "film.gif"], capsys)
    assert r"a\x1b[31mred\nline" in said


def test_nor_do_those_of_what_was_written(grown, tiny_export, tmp_path, capfd):
    folder, run = tmp_path / "a\x1b[31mred\nline", str(grown[0].folder)
    model = str(tiny_export / "generator")
    short = ["--stops", "2", "--frames", "1", "--size", "32"]
    for arguments in (
        ["gif", "--run", run, "--output", str(folder / "film.gif")],
        ["generate", "--model", model, "--output", str(folder), "--count", "1"],
        ["interpolate", "--model", model, "--output", str(folder / "walk.gif"), *short],
        ["export", "--run", run, "--output", str(folder)],
    ):
        assert main(arguments) == 0
        said = capfd.readouterr().out
        assert r"a\x1b[31mred\nline" in said
        assert "\x1b" not in said
