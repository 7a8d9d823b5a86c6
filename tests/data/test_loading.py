import errno
import json
import os
import shutil
import subprocess
import sys
import types

import numpy as np
import pytest
from PIL import Image

from image_generating import data
from image_generating.config import DataConfig
from image_generating.data import cache, decode, folder
from image_generating.errors import UserError


def write_images(path, count, seed=0):
    """`count` small random PNGs, half of them in a sub-folder."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        file = path / ("odd" if index % 2 else "") / f"{index:03d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (20, 24), dtype=np.uint8)).save(file)
    return path


@pytest.fixture
def images(tmp_path):
    return write_images(tmp_path / "images", 12)


@pytest.fixture
def load(tmp_path, images):
    """Loads `images` at 16 px, or what the changes say."""

    def load(**changes):
        settings = {"data": str(images), "resolution": 16, "cache": tmp_path / "cache", **changes}
        return data.load(DataConfig(**settings))

    return load


@pytest.fixture
def no_decoding(monkeypatch):
    """Makes any preparation an error, to show that the cache is used."""

    def square(*_):
        raise AssertionError("decoded again")

    return lambda: monkeypatch.setattr(decode, "square", square)


def entries(tmp_path):
    return sorted(path.name for path in (tmp_path / "cache").iterdir())


def test_a_folder_becomes_a_mapped_array_in_the_order_of_its_names(load, images, tmp_path):
    dataset = load()
    assert isinstance(dataset.images, np.memmap)
    assert not dataset.images.flags.writeable
    assert (dataset.images.shape, dataset.images.dtype) == ((12, 16, 16), np.uint8)
    assert dataset.names[0] == "000.png"
    assert dataset.names[-1] == "odd/011.png"
    assert dataset.skipped == ()
    for name, image in zip(dataset.names, dataset.images, strict=True):
        with open(images / name, "rb") as file:
            np.testing.assert_array_equal(image, decode.square(file, 16, "stretch"))
    (entry,) = entries(tmp_path)
    files = {path.name for path in (tmp_path / "cache" / entry).iterdir()}
    assert files == {"images.npy", "record.json"}
    np.testing.assert_array_equal(np.load(tmp_path / "cache" / entry / "images.npy"), dataset.images)


def test_the_second_load_decodes_nothing(load, images, tmp_path, no_decoding):
    first = load()
    no_decoding()
    again = load()
    assert (again.key, again.names) == (first.key, first.names)
    moved = shutil.move(images, tmp_path / "elsewhere")
    assert load(data=str(moved)).key == first.key
    (tmp_path / "elsewhere" / "000.png").rename(tmp_path / "elsewhere" / "000 renamed.png")
    assert load(data=str(moved)).names[0] == "000 renamed.png"


def test_the_key_follows_content_and_settings(load, images):
    keys = [load().key, load(fit="crop").key, load(resolution=8).key]
    (images / "000.png").write_bytes((images / "002.png").read_bytes() + b"\0")
    keys.append(load().key)
    assert len(set(keys)) == 4


def test_a_damaged_entry_is_made_again(load, tmp_path):
    expected = load().images.copy()
    (entry,) = (tmp_path / "cache").iterdir()
    with open(entry / "images.npy", "r+b") as file:
        file.truncate(1000)
    np.testing.assert_array_equal(load().images, expected)
    (entry / "images.npy").write_bytes(b"")
    np.testing.assert_array_equal(load().images, expected)
    (entry / "record.json").write_text("{")
    np.testing.assert_array_equal(load().images, expected)
    assert entries(tmp_path) == [entry.name]


BAD = {
    "a words.png": b"These are words, not an image.",
    "b empty.jpg": b"",
    "c truncated.png": None,
    "d constant.png": None,
    "e copy.png": None,
}


def add_bad_files(images):
    (images / "a words.png").write_bytes(BAD["a words.png"])
    (images / "b empty.jpg").touch()
    whole = (images / "000.png").read_bytes()
    (images / "c truncated.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (9, 9), 77).save(images / "d constant.png")
    (images / "e copy.png").write_bytes(whole)
    (images / "notes.txt").write_text("not an image, and not meant to be one")
    (images / ".hidden.png").write_text("nor is this")
    (images / "__MACOSX").mkdir()
    (images / "__MACOSX" / "000.png").write_text("nor this")


def test_bad_files_are_named_and_skipped(load, images, capsys, no_decoding):
    add_bad_files(images)
    expected = {
        "a words.png": "not a JPEG, PNG, TIFF, BMP or DICOM image",
        "b empty.jpg": "the file is empty",
        "c truncated.png": "cannot be decoded: image file is truncated",
        "d constant.png": "every pixel has the same value",
        "e copy.png": "the same content as 000.png",
    }
    for attempt in ("prepared", "from the cache"):
        dataset = load()
        assert len(dataset) == 12, attempt
        skipped = dict(dataset.skipped)
        assert skipped.keys() == expected.keys()
        assert all(skipped[name].startswith(reason) for name, reason in expected.items())
        lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skipped")]
        assert len(lines) == 5
        assert any(line == "skipped b empty.jpg: the file is empty" for line in lines)
        no_decoding()


def test_many_bad_files_are_counted(load, images, capsys):
    for index in range(14):
        (images / f"bad{index:02d}.png").write_text(f"{index}")
    assert len(load().skipped) == 14
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("skipped")]
    assert len(lines) == 11
    assert lines[-1] == "skipped 4 more"


@pytest.mark.parametrize("bad", BAD)
def test_strict_refuses_and_leaves_nothing(load, images, tmp_path, bad):
    add_bad_files(images)
    for other in BAD.keys() - {bad}:
        (images / other).unlink()
    with pytest.raises(UserError, match=f"^{bad}: .*without --strict"):
        load(strict=True)
    assert entries(tmp_path) == []
    load()
    with pytest.raises(UserError, match=bad):
        load(strict=True)


def test_images_takes_the_first_of_a_seeded_shuffle(load):
    first, again, other = load(images=5), load(images=5), load(images=5, seed=1)
    assert first.names == again.names
    assert set(first.names) != set(other.names)
    assert load(images=7).names[:5] == first.names
    np.testing.assert_array_equal(load(images=7).images[:5], first.images)


def test_bad_files_among_the_first_are_replaced(load, images, capsys, no_decoding):
    order = load(images=12).names
    (images / order[1]).write_text("spoiled")
    (images / order[3]).write_bytes((images / order[0]).read_bytes())
    assert load(images=4).names == (order[0], order[2], order[4], order[5])
    no_decoding()
    again = load(images=4)
    assert again.names == (order[0], order[2], order[4], order[5])
    assert {name for name, _ in again.skipped} == {order[1], order[3]}


def test_replacements_are_part_of_the_content(load, images):
    everything = load(images=12)
    order = everything.names
    (images / order[0]).write_text("spoiled")
    before = load(images=4)
    assert before.names[-1] == order[4]
    shutil.copy(images / order[9], images / order[4])
    after = load(images=4)
    assert before.key != after.key
    np.testing.assert_array_equal(after.images[3], everything.images[9])


def test_strict_ignores_bad_files_beyond_those_asked_for(load, images):
    order = load(images=12).names
    for name in order[5:]:
        (images / name).write_text(f"spoiled {name}")
    assert load(images=5, strict=True).names == order[:5]


def test_too_few_images_to_fulfil_the_wish_are_used_and_reported(load, images, capsys):
    (images / "000.png").write_text("spoiled")
    assert len(load(images=500)) == 11
    assert "using 11 images; 500 were asked for" in capsys.readouterr().err


def test_fewer_than_two_usable_images_are_refused(load, tmp_path):
    path = write_images(tmp_path / "few", 1)
    (path / "bad.png").write_text("words")
    with pytest.raises(UserError, match=r"at least 2 images and 1 can be used.*\n.*bad.png: not a"):
        load(data=str(path))
    assert entries(tmp_path) == []
    with pytest.raises(UserError, match="--images must be at least 2"):
        load(images=1)


def test_folders_without_images_are_refused(load, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("words")
    with pytest.raises(UserError, match="empty holds no JPEG"):
        load(data=str(tmp_path / "empty"))
    with pytest.raises(UserError, match="nowhere does not exist: pass a folder"):
        load(data=str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="is a file, not a folder"):
        load(data=str(tmp_path / "empty" / "notes.txt"))


@pytest.mark.parametrize("moment", ["listed", "digested"])
@pytest.mark.parametrize("change", ["vanish", "change"])
def test_files_that_change_mid_way(load, images, monkeypatch, moment, change):
    """The first image vanishes, or becomes another, before it is first read or just after."""
    victim = images / "000.png"
    original = folder.ImageFile.digest

    def spoil():
        if change == "vanish":
            victim.unlink(missing_ok=True)
        else:
            Image.effect_noise((20, 20), 50).save(victim)

    def digest(self):
        if moment == "listed" and self.path == victim:
            spoil()
        found = original(self)
        if moment == "digested" and self.path == victim:
            spoil()
            monkeypatch.setattr(folder.ImageFile, "digest", original)
        return found

    monkeypatch.setattr(folder.ImageFile, "digest", digest)
    dataset = load()
    if change == "vanish":
        assert len(dataset) == 11
        assert dataset.skipped == (("000.png", "vanished after the folder was listed"),)
    else:
        with open(victim, "rb") as file:
            np.testing.assert_array_equal(dataset.images[0], decode.square(file, 16, "stretch"))


def test_files_that_may_not_be_read(load, images, monkeypatch):
    def digest(self):
        if self.name == "000.png":
            raise PermissionError(errno.EACCES, "Permission denied")
        return original(self)

    original = folder.ImageFile.digest
    monkeypatch.setattr(folder.ImageFile, "digest", digest)
    assert load().skipped == (("000.png", "cannot be read (Permission denied)"),)


def test_a_full_disk_is_reported_and_nothing_is_left(load, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(UserError, match=r"0.00 GB free: make room, take fewer --images"):
        load()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(cache, "_write_header", full)
    with pytest.raises(UserError, match="make room"):
        load()
    assert entries(tmp_path) == []


def test_a_cache_folder_that_cannot_be_written(load, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"Cannot write the cache folder .*--cache"):
        load(cache=tmp_path / "file" / "cache")


def test_the_default_cache_is_in_the_users_cache_folder(load, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    load(cache=None)
    assert len(list((tmp_path / "home" / "image_generating").iterdir())) == 1


def test_processes_that_prepare_the_same_images_at_once(images, tmp_path):
    write_images(images, 60, seed=1)
    code = (
        "import sys; from pathlib import Path; from image_generating import data, config\n"
        "d = data.load(config.DataConfig(data=sys.argv[1], resolution=128, cache=Path(sys.argv[2])))\n"
        "print(len(d), d.key, int(d.images.sum()))"
    )
    command = [sys.executable, "-c", code, str(images), str(tmp_path / "cache")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    results = [process.communicate() for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], results
    assert len({out for out, _ in results}) == 1
    assert len(entries(tmp_path)) == 1


def test_what_a_killed_run_left_is_removed_but_not_what_another_writes(load, tmp_path):
    left, written = (tmp_path / "cache" / f".16px-stretch-0.{end}" for end in ("left", "written"))
    for scratch in (left, written):
        (scratch / "16px-stretch-0").mkdir(parents=True)
        (scratch / "16px-stretch-0" / "images.npy").touch()
    for path in (left, *left.rglob("*")):
        os.utime(path, (0, 0))
    load()
    assert not left.exists()
    assert written.exists()


def test_an_entry_published_by_another_run_is_taken(load, tmp_path, monkeypatch):
    """Both find no entry; the other one publishes first, and its folder is in the way."""
    original = os.replace

    def replace(source, target):
        shutil.copytree(source, target)
        return original(source, target)

    monkeypatch.setattr(os, "replace", replace)
    assert len(load()) == 12
    assert len(entries(tmp_path)) == 1


def test_reduced_averages_areas(load):
    dataset = load()
    indices = np.array([3, 0, 3])
    got = dataset.reduced(indices, 4)
    expected = dataset.images[indices].reshape(3, 4, 4, 4, 4).mean((2, 4))
    assert got.dtype == np.uint8
    np.testing.assert_allclose(got, expected, atol=0.51)
    np.testing.assert_array_equal(dataset.reduced(indices, 16), dataset.images[indices])
    for resolution in (5, 32, 0):
        with pytest.raises(ValueError, match="does not divide"):
            dataset.reduced(indices, resolution)


def test_phantoms(load, monkeypatch, tmp_path):
    drawn = []

    def draw(seed, resolution):
        drawn.append(seed)
        return np.random.default_rng(seed).integers(0, 256, (resolution, resolution), dtype=np.uint8)

    module = types.ModuleType("image_generating.data.phantom")
    module.__file__ = str(tmp_path / "phantom" / "__init__.py")
    module.draw = draw
    monkeypatch.setitem(sys.modules, "image_generating.data.phantom", module)
    monkeypatch.setattr(sys.modules["image_generating.data"], "phantom", module, raising=False)
    dataset = load(data="phantom", images=3, seed=2)
    assert sorted(drawn) == [2_000_000, 2_000_001, 2_000_002]
    assert dataset.names[0] == "phantom 2000000"
    np.testing.assert_array_equal(dataset.images[1], draw(2_000_001, 16))
    assert load(data="phantom", images=3, seed=2, fit="pad").key == dataset.key
    assert len(drawn) == 4
    assert len(load(data="phantom")) == 300


def test_the_record_is_readable(load, images, tmp_path):
    (images / "000.png").write_text("spoiled")
    load()
    (entry,) = (tmp_path / "cache").iterdir()
    record = json.loads((entry / "record.json").read_text())
    assert record["settings"] == {"format": cache.FORMAT, "resolution": 16, "fit": "stretch"}
    assert record["files"][0]["name"] == "000.png"
    assert record["files"][0]["skipped"].startswith("not a JPEG")
    assert record["files"][1]["skipped"] is None
