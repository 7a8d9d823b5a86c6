"""The notebooks' first cell on a stand-in for Colab: an empty folder, and a copy of this environment.

The repository is a local one, and pip may not ask an index: the cell passes only if it needs nothing else.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from image_generating import __version__

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

# What Colab's kernel does, with the module that Colab alone has; `%cd` leaves its folder to the caller.
_KERNEL = """
import os, sys, types
from IPython.core.interactiveshell import InteractiveShell

sys.modules["google.colab"] = types.ModuleType("google.colab")
result = InteractiveShell.instance().run_cell(open(sys.argv[1]).read())
import image_generating
print("IMPORTED", image_generating.__file__)
print("FOLDER", os.getcwd())
"""


def install_cell(path: Path) -> str:
    return next(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == "install")


def test_the_cell_is_the_same_in_every_notebook():
    assert len({install_cell(path) for path in NOTEBOOKS}) == 1


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A git repository of this package, without pictures and networks."""
    folder = tmp_path_factory.mktemp("git") / "a repository"
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("image_generating", "pyproject.toml", "README.md", "LICENSE", "setup.py", "tools"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignore)
        elif source.exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(source, folder)
    (folder / "notebooks").mkdir()
    (folder / "notebooks" / "train.ipynb").write_text("{}")
    git = ["git", "-C", folder, "-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "all"]):
        subprocess.run([*git, *command], check=True)
    return folder.as_uri().replace("%20", " ")


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """A copy of this environment without the package; what is installed into the copy stays there."""
    folder = tmp_path_factory.mktemp("colab") / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Packages of a folder named like this are found; its own .pth files, of editable installs, are not read.
    originals = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (packages / "original.pth").write_text("\n".join(sorted(originals)) + "\n")
    return folder / "bin" / "python"


def _at(cell: str, address: str) -> str:
    """The cell with the address in its form field, whatever a workflow has put there."""
    told, count = re.subn(r'^REPOSITORY = ".*?"', f'REPOSITORY = "{address}"', cell, flags=re.MULTILINE)
    assert count == 1
    return told


def _environment(tmp_path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # The variable says the contrary of its name: pip builds with the setuptools that is here.
    without_index = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    return kept | without_index | {"IPYTHONDIR": str(tmp_path / "ipython")}


def _run(python, folder, cell, tmp_path) -> str:
    (tmp_path / "cell.py").write_text(cell)
    child = subprocess.run(
        [python, "-c", _KERNEL, tmp_path / "cell.py"],
        cwd=folder,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    return child.stdout + child.stderr


def _versions(python, tmp_path) -> dict[str, str]:
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"],
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {package["name"]: package["version"] for package in json.loads(listed)}


def test_on_colab_nothing_that_is_installed_changes(python, repository, tmp_path):
    folder = tmp_path / "content"
    folder.mkdir()
    before = _versions(python, tmp_path)
    assert {"keras", "numpy", "tensorflow"} <= before.keys()
    cell = install_cell(NOTEBOOKS[0])
    told = _at(cell, repository)
    said = _run(python, folder, told, tmp_path)
    assert f"FOLDER {folder / 'repository' / 'notebooks'}" in said, said
    assert f"IMPORTED {python.parents[1]}" in said, said
    assert "Keras" in said
    installed = [line for line in said.splitlines() if line.startswith("Successfully installed")]
    assert [line.split()[2:] for line in installed] == [[f"image-generating-{__version__}"]]
    assert _versions(python, tmp_path) == before
    # After a restart of the runtime: in the first folder again, with the repository there.
    marker = folder / "repository" / "mine.txt"
    marker.write_text("kept")
    again = _run(python, folder, told, tmp_path)
    assert f"FOLDER {folder / 'repository' / 'notebooks'}" in again, again
    assert "Cloning" not in again
    assert marker.exists()


@pytest.mark.parametrize("address", ["", "nobody/nothing at all/", "file:///no/such/repository"])
def test_on_colab_an_address_that_is_missing_or_wrong_is_asked_for_in_one_sentence(python, address, tmp_path):
    cell = _at(install_cell(NOTEBOOKS[0]), address)
    folder = tmp_path / "content"
    folder.mkdir()
    said = _run(python, folder, cell, tmp_path)
    assert "Enter the repository on GitHub as owner/name in the field REPOSITORY, and run again." in said
    assert list(folder.iterdir()) == []
