"""The package as an index has it, built from a copy of the tree, with and without the address."""

import email
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import mistune  # It comes with jupyter.
import pytest

ROOT = Path(__file__).parents[1]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {"GITHUB_REPOSITORY": "a-lab/chest_gan", "GITHUB_SHA": COMMIT, "GITHUB_REF_TYPE": "branch"}
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]*)\)")

pytestmark = pytest.mark.skipif(
    int(version("setuptools").split(".")[0]) < 77, reason="older setuptools do not know license expressions"
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of what a build reads, beside what it must leave out."""
    folder = tmp_path_factory.mktemp("package")
    files = "README.md LICENSE CHANGELOG.md CITATION.cff MANIFEST.in Makefile pyproject.toml setup.py"
    for name in files.split():
        shutil.copy(ROOT / name, folder / name)
    for name in ("image_generating", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("tests", "notebooks", "images", "models", "docs", "benchmarks", "experiments"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def build(hook, tree, output, environment):
    """Runs a hook of the build backend, as pip and build do; returns the path of what it made."""
    output.mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    command = f"from setuptools import build_meta; print(build_meta.{hook}({str(output)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", command], cwd=tree, env=clean | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "Deprecat" not in done.stderr
    return output / done.stdout.splitlines()[-1]


def metadata(tree, output, environment):
    made = build("prepare_metadata_for_build_wheel", tree, output, environment)
    return email.message_from_bytes((made / "METADATA").read_bytes())


def description(message):
    return message.get_payload(decode=True).decode()


def targets(markdown):
    """Every link and source of a picture in the page that this Markdown becomes."""
    page = mistune.create_markdown(escape=False, plugins=["table"])(markdown)
    return re.findall(r'(?:href|src|srcset)="([^"]*)"', page)


def test_without_an_address_there_are_no_urls_and_no_broken_links(tree, tmp_path):
    message = metadata(tree, tmp_path, {})
    assert message.get_all("Project-URL") is None
    assert message["Home-page"] is None
    text = description(message)
    assert all(target.startswith("https://") for target in targets(text))
    # The texts of links and pictures stay.
    readme = (ROOT / "README.md").read_text()
    alternatives = [text for text, target in PICTURE.findall(readme) if not target.startswith("https:")]
    assert len(alternatives) >= 4
    assert all(alternative and alternative in text for alternative in alternatives)
    assert "docs/recipe.md" in text
    assert text.count("```") == readme.count("```")


def test_with_an_address_urls_links_and_pictures_are_those_of_the_commit(tree, tmp_path):
    message = metadata(tree, tmp_path, GITHUB)
    page = "https://github.com/a-lab/chest_gan"
    assert message.get_all("Project-URL") == [
        f"Homepage, {page}",
        f"Source, {page}",
        f"Issues, {page}/issues",
        f"Changelog, {page}/blob/main/CHANGELOG.md",
    ]
    text = description(message)
    raw, blob = f"https://raw.githubusercontent.com/a-lab/chest_gan/{COMMIT}/", f"{page}/blob/{COMMIT}/"
    shown = [target for _, target in PICTURE.findall(text) if target.startswith(raw)]
    assert {target.removeprefix(raw) for target in shown} >= {
        "images/result/grid.png",
        "images/comparison.png",
    }
    # Indexes show no picture of more than 5 MB, so the film is a link.
    assert all((ROOT / target.removeprefix(raw)).stat().st_size < 5_000_000 for target in shown)
    assert f"[Film of the training]({blob}images/training.gif)" in text
    assert f"git clone --depth 1 {page} image_generating\n" in text
    linked = targets(text)
    assert all(target.startswith("https://") for target in linked)
    ours = [
        target.removeprefix(start) for target in linked for start in (raw, blob) if target.startswith(start)
    ]
    assert len(ours) >= 10
    assert all((ROOT / path.partition("#")[0]).exists() for path in ours)


def test_a_tag_is_what_a_release_links_to(tree, tmp_path):
    release = GITHUB | {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": "v1.2.3"}
    text = description(metadata(tree, tmp_path, release))
    assert "https://raw.githubusercontent.com/a-lab/chest_gan/v1.2.3/images/comparison.png" in text
    assert COMMIT not in text


def test_license_and_authors(tree, tmp_path):
    message = metadata(tree, tmp_path, {})
    assert message["License-Expression"] == "MIT"
    assert message.get_all("License-File") == ["LICENSE"]
    assert message["Author"] == "the image_generating authors"
    assert message["Description-Content-Type"] == "text/markdown"


def test_archives_hold_the_package_alone_and_keep_their_address(tree, tmp_path):
    sdist = build("build_sdist", tree, tmp_path / "sdist", GITHUB)
    assert sdist.stat().st_size < 1_000_000
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
        archive.extractall(tmp_path / "unpacked", filter="data")
    assert {name.partition("/")[0] for name in names if "/" in name} == {
        "image_generating",
        "image_generating.egg-info",
    }
    assert {"LICENSE", "CHANGELOG.md", "CITATION.cff", "setup.py", "pyproject.toml", "README.md"} <= set(
        names
    )

    # Somebody else's workflow builds a wheel of it.
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    wheel = build("build_wheel", unpacked, tmp_path / "wheel", {"GITHUB_REPOSITORY": "somebody/else"})
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (name,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        message = email.message_from_bytes(archive.read(name))
    folders = {name.partition("/")[0] for name in names}
    assert len(folders) == 2
    assert folders - {name.partition("/")[0]} == {"image_generating"}
    modules = {str(path.relative_to(ROOT)) for path in (ROOT / "image_generating").rglob("*.py")}
    assert modules <= set(names)
    direct = metadata(tree, tmp_path / "direct", GITHUB)
    assert message.get_all("Project-URL") == direct.get_all("Project-URL")
    assert description(message) == description(direct)
