"""Grids are known by their mark, older ones by what they show."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_generating import cli, provenance

_IMAGES = Path(__file__).parents[1] / "images"


def composed(path) -> bool:
    with open(path, "rb") as file:
        return provenance.is_composed(file, path)


@pytest.fixture(scope="module")
def generated(tmp_path_factory, tiny_export):
    folder = tmp_path_factory.mktemp("generated")
    flags = [f"--model={tiny_export / 'generator'}", f"--output={folder}", "--count=5", "--grid"]
    assert cli.main(["generate", *flags]) == 0
    return folder


def test_a_grid_is_marked_and_single_pictures_are_not(generated, tmp_path):
    assert composed(generated / "grid.png")
    assert composed(shutil.copy(generated / "grid.png", tmp_path / "renamed.png"))
    assert not any(composed(path) for path in generated.glob("result*.png"))


def test_previews_and_curves_are_marked(grown):
    pictures = [path for path in grown[0].folder.rglob("*.png") if "result" not in path.name]

    assert len(pictures) > 1
    assert all(map(composed, pictures))


def test_a_grid_without_a_mark_is_known_beside_its_first_picture(generated, tmp_path):
    shutil.copy(generated / "result0.png", tmp_path)
    with Image.open(generated / "grid.png") as grid:
        grid.save(tmp_path / "grid.png")
        grid.save(tmp_path / "other.png")

    assert composed(tmp_path / "grid.png")
    assert not composed(tmp_path / "other.png")
    Image.fromarray(255 - np.asarray(Image.open(generated / "result0.png"))).save(tmp_path / "result0.png")
    assert not composed(tmp_path / "grid.png")


def test_the_committed_grid_is_known():
    assert composed(_IMAGES / "result" / "grid.png")
    assert not composed(_IMAGES / "result" / "result0.png")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_damaged_files_are_no_grids(tmp_path, content):
    (tmp_path / "grid.png").write_bytes(content)

    assert not composed(tmp_path / "grid.png")
