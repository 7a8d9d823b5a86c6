"""The repository's address: where GitHub tells it, it is written into all that needs it, and nowhere else."""

import difflib
import json
import re
import shutil
import tomllib
from pathlib import Path

import pytest
import repository_address
import yaml  # It comes with jupyter.
from repository_address import Repository

import image_generating

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OLD, NEW = Repository("someone/image_generating"), Repository("a-lab/Chest.GAN_2")
FIELD = 'REPOSITORY = ""  # @param {type: "string"}'


def notebook(install, id="install", tags=()):
    """A small notebook's text, as Jupyter writes it."""
    cells = [
        {"cell_type": "markdown", "id": "title", "metadata": {}, "source": ["# Röntgen\n", "\n", "Text."]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "id": id,
            "metadata": {"tags": list(tags)},
            "outputs": [],
            "source": install.splitlines(keepends=True),
        },
    ]
    return json.dumps({"cells": cells, "metadata": {}}, indent=1, ensure_ascii=False) + "\n"


@pytest.fixture
def tree(tmp_path):
    """The files that hold the address, with small notebooks."""
    for name in ("README.md", "CITATION.cff"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "notebooks").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "notebooks" / name).write_text(notebook(f"import os\n{FIELD}\nprint(REPOSITORY)"))
    return tmp_path


def texts(folder):
    return {path.name: path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def added_lines(before, after):
    """The lines of the second text that the first has not, apart from empty ones."""
    lines = [line[2:] for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[:2] == "+ "]
    return [line for line in lines if line.strip(' ",\\n')]


def test_readme_and_citation_have_the_address(tree):
    before = texts(tree)
    assert {path.name for path in repository_address.write(tree, NEW)} == before.keys()
    after = texts(tree)
    page = "https://github.com/a-lab/Chest.GAN_2"
    badge, command = added_lines(before["README.md"], after["README.md"])
    assert badge.startswith(f"[![Tests]({page}/actions/workflows/test.yml/badge.svg)]")
    assert after["README.md"].split("\n\n")[1] == badge
    assert command == f"git clone --depth 1 {page} image_generating"
    assert yaml.safe_load(after["CITATION.cff"])["repository-code"] == page
    assert len(added_lines(before["CITATION.cff"], after["CITATION.cff"])) == 1


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_open_on_colab_and_know_where_they_come_from(path):
    before = path.read_text()
    after = repository_address.in_notebook(before, NEW, f"notebooks/{path.name}")
    badge, field = added_lines(before, after)
    colab = "https://colab.research.google.com"
    link = f"{colab}/github/a-lab/Chest.GAN_2/blob/main/notebooks/{path.name}"
    badge = f"[![Open in Colab]({colab}/assets/colab-badge.svg)]({link})"
    assert "".join(json.loads(after)["cells"][0]["source"]).split("\n\n")[1] == badge
    assert after.count("Open in Colab") == 1
    value = json.loads(field.strip().removesuffix(","))
    assert re.fullmatch(
        r' *REPOSITORY = "https://github.com/a-lab/Chest.GAN_2" +# @param \{type: "string"\}\n', value
    )


def test_a_second_time_changes_nothing_and_a_new_name_replaces_the_old(tree, tmp_path_factory):
    other = shutil.copytree(tree, tmp_path_factory.mktemp("other") / "tree")
    assert repository_address.write(tree, OLD)
    assert repository_address.write(tree, OLD) == []
    assert repository_address.write(tree, NEW)
    assert not any(OLD.slug in text for text in texts(tree).values())
    repository_address.write(other, NEW)
    assert texts(tree) == texts(other)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "set GITHUB_REPOSITORY to owner/name"),
        ({"GITHUB_REPOSITORY": ""}, "set GITHUB_REPOSITORY to owner/name"),
        (
            {"GITHUB_REPOSITORY": "https://github.com/a/b"},
            "should be owner/name, not 'https://github.com/a/b'",
        ),
        ({"GITHUB_REPOSITORY": "a/b)](c"}, "should be owner/name"),
    ],
)
def test_without_an_address_nothing_is_written(tree, capsys, environment, said):
    before = texts(tree)
    assert repository_address.main(tree, environment) == 2
    assert said in capsys.readouterr().err
    assert texts(tree) == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (notebook("import os\n"), "one form field where the address goes, and there are 0"),
        (notebook(f"{FIELD}\n{FIELD}\n"), "one form field where the address goes, and there are 2"),
        (notebook(FIELD, id="settings"), "0 cells with the id or tag install"),
        (
            notebook(FIELD).replace("# Röntgen", "Röntgen"),
            "one title where the address goes, and there are 0",
        ),
    ],
)
def test_a_notebook_without_a_place_for_it_is_named_and_nothing_is_written(tree, capsys, text, said):
    (tree / "notebooks" / "b.ipynb").write_text(text)
    before = texts(tree)
    assert repository_address.main(tree, {"GITHUB_REPOSITORY": "a/b"}) == 2
    error = capsys.readouterr().err
    assert "b.ipynb: " in error
    assert said in error
    assert texts(tree) == before


def test_the_form_field_may_be_indented_in_a_tagged_cell():
    before = notebook(
        "if True:\n    REPOSITORY = '' # @param {type: \"string\"}\n    pass", "x-02", ["install"]
    )
    after = repository_address.in_notebook(before, OLD, "notebooks/a.ipynb")
    _, install = json.loads(after)["cells"]
    assert install["source"] == [
        "if True:\n",
        f"    REPOSITORY = '{OLD.url}' # @param {{type: \"string\"}}\n",
        "    pass",
    ]
    assert "# Röntgen" in after


def test_no_file_has_a_placeholder():
    for path in [
        ROOT / "README.md",
        ROOT / "CITATION.cff",
        ROOT / "pyproject.toml",
        *ROOT.glob("notebooks/*.ipynb"),
    ]:
        assert "OWNER" not in path.read_text(), path.name


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == image_generating.__version__
    released = f"## {citation['version']} - {citation['date-released']}"
    assert released in (ROOT / "CHANGELOG.md").read_text().splitlines()


def test_workflow_runs_every_python_that_the_package_allows():
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    versions = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    classifier = "Programming Language :: Python :: 3."
    assert versions == [text.split()[-1] for text in package["classifiers"] if text.startswith(classifier)]
    last = int(versions[-1].split(".")[1])
    assert package["requires-python"] == f">={versions[0]},<3.{last + 1}"


def test_workflow_makes_what_the_makefile_has():
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    targets = {row["target"] for row in workflow["jobs"]["versions"]["strategy"]["matrix"]["include"]}
    makefile = (ROOT / "Makefile").read_text()
    assert len(targets) == 3
    for target in targets:
        assert re.search(rf"^(?:[\w-]+ )*{target}(?: [\w-]+)*:", makefile, re.MULTILINE), target


def test_hooks_use_the_ruff_of_the_tests():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    pins = {pin for hook in hooks for pin in hook.get("additional_dependencies", [])}
    assert pins == set(re.findall(r"^ruff==.*$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
