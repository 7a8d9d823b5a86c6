"""Writing files and folders: whole or not at all, and never in place of what is the user's."""

import os

import pytest

from image_generating.errors import UserError
from image_generating.files import FolderKind, check_file, check_folder, replacing, replacing_folder

KIND = FolderKind("album", frozenset(["mark", "page"]), lambda folder: (folder / "mark").exists())


def test_a_failed_block_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "report.txt"
    path.write_text("old")

    def write():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _album(path, page="new"):
    with replacing_folder(path, KIND) as temporary:
        temporary.mkdir()
        (temporary / "mark").touch()
        (temporary / "page").write_text(page)


def test_folders_of_the_same_kind_are_replaced_whole(tmp_path):
    album = tmp_path / "deep" / "album"
    for page in ("one", "two"):
        _album(album, page)
        (album / ".DS_Store").touch()
    assert (album / "page").read_text() == "two"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["album"]


def test_an_empty_folder_is_replaced(tmp_path):
    (tmp_path / "album").mkdir()
    _album(tmp_path / "album")
    assert (tmp_path / "album" / "page").read_text() == "new"


@pytest.mark.parametrize(
    "names",
    [
        ["page"],
        ["thesis.tex"],
        ["mark", "page", "thesis.tex"],
        [".hidden"],
        ["mark", "page", "deep/thesis.tex"],
    ],
)
def test_a_folder_that_holds_anything_else_stays_as_it_is(tmp_path, names):
    album = tmp_path / "album"
    album.mkdir()
    for name in names:
        (album / name).parent.mkdir(exist_ok=True)
        (album / name).write_text("mine")
    with pytest.raises(UserError, match=rf"holds .*{names[-1].split('/')[0]}.*no album"):
        _album(album)
    found = {path.relative_to(album).as_posix(): path for path in album.rglob("*") if path.is_file()}
    assert {name: path.read_text() for name, path in found.items()} == dict.fromkeys(names, "mine")
    assert list(tmp_path.iterdir()) == [album]


def test_a_folder_that_became_anothers_during_the_work_stays_as_it_is(tmp_path):
    album = tmp_path / "album"

    def write():
        with replacing_folder(album, KIND) as temporary:
            temporary.mkdir()
            album.mkdir()
            (album / "thesis.tex").write_text("mine")

    with pytest.raises(UserError, match=r"thesis\.tex"):
        write()
    assert (album / "thesis.tex").read_text() == "mine"


def test_a_file_does_not_replace_a_folder_nor_a_folder_a_file(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("mine")
    for check, path, remedy in (
        (check_file, "folder", "name a file"),
        (check_folder, "file", "name a folder"),
        (check_file, "file/below/film.gif", "is a file, so nothing can be put below it"),
        (check_folder, "file/below", "is a file, so nothing can be put below it"),
    ):
        with pytest.raises(UserError, match=remedy):
            check(tmp_path / path)
    with pytest.raises(UserError, match="name a folder"):
        _album(tmp_path / "file")
    with pytest.raises(UserError, match="name a file"), replacing(tmp_path / "folder") as temporary:
        temporary.touch()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_link_stays_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "film")
    with replacing(tmp_path / "link") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "elsewhere" / "film").read_text() == "new"


def test_what_there_is_no_room_for_is_refused(tmp_path):
    with pytest.raises(UserError, match="make room"):
        check_file(tmp_path / "film.gif", room=10**18)
    with pytest.raises(UserError, match="make room"):
        check_folder(tmp_path / "new" / "folder", room=10**18)
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_not_replaced():
    with pytest.raises(UserError, match="no file"):
        check_file(os.devnull)


def test_what_the_system_refuses_names_the_path(tmp_path):
    def write():
        with replacing(tmp_path / "report.txt") as temporary:
            temporary.write_text("half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space") as refused:
        write()
    assert refused.value.filename == str(tmp_path / "report.txt")
    assert list(tmp_path.iterdir()) == []
