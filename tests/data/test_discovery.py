"""Folders as people have them, through the data set and the real program."""

import os
import socket
import stat

import numpy as np
import pytest
from PIL import Image

from image_generating import cli, data
from image_generating.config import DataConfig
from image_generating.data import discovery, folder
from image_generating.errors import UserError, shown


def write(path, **options):
    """A small random image."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(os.fsencode(path.name)[-6:], "big")
    noise = np.random.default_rng(seed).integers(0, 256, (16, 16), dtype=np.uint8)
    options = {"format": "PNG", **options}
    Image.fromarray(noise).save(path, **options)


@pytest.fixture
def images(tmp_path):
    for name in ("a.png", "b.png"):
        write(tmp_path / "images" / name)
    return tmp_path / "images"


@pytest.fixture
def load(tmp_path, images, capsys):
    """Loads `images` at 16 px; returns names and what was said."""

    def load(**changes):
        settings = {"data": str(images), "resolution": 16, "cache": tmp_path / "cache", **changes}
        dataset = data.load(DataConfig(**settings))
        lines = capsys.readouterr().err.splitlines(keepends=True)
        progress = ("\r", "\n", "Preparing")
        return list(dataset.names), "".join(line for line in lines if not line.startswith(progress))

    return load


def said(passed_over, images, count=2):
    return f"{images}: {count} images; passed over: {passed_over}\n"


def test_nothing_is_said_where_nothing_was_passed_over(load, images):
    assert load() == (["a.png", "b.png"], "")


def test_files_whose_suffix_says_little_are_known_by_their_content(load, images):
    write(images / "c.jfif", format="JPEG")
    write(images / "d", format="TIFF")
    write(images / "0001", format="BMP")
    write(images / "1.2.840", format="PNG")
    (images / "README").write_text("words")
    write(images / "e.png.part")  # half a download
    (images / "table.CSV").write_text("1,2")
    (images / "other.csv").write_text("1,3")
    names, line = load()
    assert names == ["0001", "1.2.840", "a.png", "b.png", "c.jfif", "d"]
    assert line == said("4 files of other kinds (.csv, .part, without suffix)", images, 6)


def test_links_to_folders_are_followed_and_loops_are_not(load, images, tmp_path):
    write(tmp_path / "elsewhere" / "deep" / "c.png")
    (images / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "deep" / "again").symlink_to(tmp_path / "elsewhere")
    (images / "above").symlink_to("..")
    (images / "self").symlink_to(images)
    names, line = load()
    assert names == ["a.png", "b.png", "linked/deep/c.png"]
    assert line == said("3 links (to a folder that contains it)", images, 3)


def test_a_folder_is_searched_once_and_named_by_its_own_path(load, images, tmp_path):
    write(images / "z" / "c.png")
    (images / "first").symlink_to("z")
    (tmp_path / "other").mkdir()
    (images / "second").symlink_to(tmp_path / "other")
    (tmp_path / "other" / "back").symlink_to(images / "z")
    names, line = load()
    assert names == ["a.png", "b.png", "z/c.png"]
    assert line == said("2 links (to a folder that is searched already)", images, 3)


def test_links_that_lead_nowhere_or_to_themselves(load, images):
    (images / "gone.png").symlink_to("nowhere.png")
    (images / "loop.png").symlink_to("loop.png")
    (images / "fine.png").symlink_to("a.png")  # the same content, so skipped as such
    names, line = load()
    assert names == ["a.png", "b.png"]
    assert line == said("2 broken links", images, 3) + "skipped fine.png: the same content as a.png\n"


def test_thumbnails_of_file_servers_and_hidden_files(load, images):
    for name in ("x.png", "y.png"):
        for thumbnail in ("SM.jpg", "M.jpg"):
            write(images / "@eaDir" / name / thumbnail, format="JPEG")
    write(images / "more" / "c.png")
    write(images / "more" / "@eaDir" / "c.png" / "M.jpg", format="JPEG")
    write(images / ".trash" / "d.png")
    write(images / "._a.png")
    (images / ".DS_Store").write_text("words")
    (images / ".git").mkdir()
    names, line = load()
    assert names == ["a.png", "b.png", "more/c.png"]
    assert line == said(
        "1 file (hidden), 1 in 1 sub-folder (hidden),"
        " 5 in 2 sub-folders (thumbnails and waste of a file server)",
        images,
        3,
    )


def test_pages_of_tiffs_beyond_the_first(load, images):
    pages = [Image.effect_noise((16, 16), 60) for _ in range(3)]
    pages[0].save(images / "c.tif", save_all=True, append_images=pages[1:])
    pages[1].save(images / "d", format="TIFF", save_all=True, append_images=pages[:1])
    pages[2].save(images / "e.tif")
    names, line = load()
    assert names == ["a.png", "b.png", "c.tif", "d", "e.tif"]
    assert line == said("3 pages in 2 TIFFs (the first of each is taken)", images, 5)


def test_sub_folders_that_cannot_be_read(load, images, monkeypatch):
    write(images / "secret" / "c.png")
    original = os.scandir

    def scandir(path):
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied")
        return original(path)

    monkeypatch.setattr(discovery.os, "scandir", scandir)
    assert load()[1] == said("1 sub-folder (cannot be read: Permission denied)", images)
    with pytest.raises(UserError, match=r"secret cannot be read \(Permission denied\): change"):
        folder.search(images / "secret")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipes_and_sockets_do_not_hang(load, images, monkeypatch):
    os.mkfifo(images / "p.png")
    os.mkfifo(images / "q")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(images)  # as the address of a socket is short
        server.bind("s.png")
        assert load()[1] == said("2 named pipes, 1 socket", images)
    assert stat.S_ISFIFO((images / "p.png").stat().st_mode)


def test_indexes_of_dicom_files(load, images):
    (images / "DICOMDIR").write_bytes(b"\0" * 128 + b"DICM")
    assert load()[1] == said("1 DICOMDIR (an index of other files)", images)


def test_a_folder_of_which_all_is_passed_over(load, tmp_path):
    (tmp_path / "webp").mkdir()
    (tmp_path / "webp" / "a.webp").write_text("words")
    with pytest.raises(UserError, match=r"pass another\. Passed over: 1 file of other kinds \(\.webp\)\."):
        load(data=str(tmp_path / "webp"))


def test_images_of_a_few_pixels_are_named(load, images):
    Image.effect_noise((40, 100), 60).save(images / "c.png")
    assert load(resolution=64)[1] == ""
    assert load(resolution=65)[1] == "".join(
        f"note on {name}.png: 16×16 pixels, enlarged 4.1 times\n" for name in "ab"
    )
    line = "note on c.png: 40×100 pixels, enlarged 6.0 times"
    assert line in load(resolution=240)[1]
    assert line not in load(resolution=240, fit="pad")[1]


def test_many_images_of_a_few_pixels_are_counted(load, images):
    for index in range(11):
        write(images / f"{index}.png")
    lines = load(resolution=80)[1].splitlines()
    assert len(lines) == 11
    assert lines[-1] == "note on 3 more: enlarged more than 4 times"


def test_control_characters_of_names_are_shown_escaped(load, images):
    (images / "bad\n\x1b[31m.png").write_text("words")
    write(images / "b\t.png")
    (images / "c\t.png").write_bytes((images / "b\t.png").read_bytes())
    names, lines = load(resolution=80)
    assert "b\t.png" in names  # the name itself stays
    assert r"skipped bad\n\x1b[31m.png: not a JPEG" in lines
    assert r"skipped c\t.png: the same content as b\t.png" in lines
    assert r"note on b\t.png: 16×16" in lines
    (images / "c\t.png").unlink()
    with pytest.raises(UserError, match=r"^bad\\n\\x1b\[31m\.png: not a JPEG"):
        load(strict=True)
    assert shown("é [x] ü\udcff") == r"é [x] ü\udcff"


def test_the_real_program_says_all_of_it(tmp_path, capsys):
    images = tmp_path / "im\nages"
    images.mkdir()
    Image.new("L", (16, 16), 90).save(images / "flat.png")
    write(images / "a\r.png")
    (images / "table.csv").write_text("1,2")
    output = tmp_path / "run"
    assert cli.main(["train", "--data", str(images), "--resolution", "112", "--output", str(output)]) != 0
    lines = capsys.readouterr().err
    assert r"im\nages: 2 images; passed over: 1 file of other kinds (.csv)" in lines
    assert "at least 2 images and 1 can be used" in lines
    assert "flat.png: every pixel has the same value" in lines
    assert not (output / "checkpoints").exists()
