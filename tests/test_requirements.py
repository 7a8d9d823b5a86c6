"""The bounds of pyproject.toml, requirements.txt and the constraints agree."""

import itertools
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

_ROOT = Path(__file__).parents[1]


def declared() -> dict[str, Requirement]:
    """What pyproject.toml names, extras included; TensorFlow's other packages are asked for where it is."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    lines = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    found = {}
    for requirement in map(Requirement, lines):
        name = canonicalize_name(requirement.name)
        bounds = found.setdefault(name, requirement).specifier
        assert requirement.specifier == bounds, name
    return found


def listed(file: str) -> dict[str, Requirement]:
    """The lines of a file for pip, by name; none is named twice."""
    lines = (_ROOT / file).read_text().splitlines()
    requirements = [Requirement(line) for line in lines if line and not line.startswith("#")]
    found = {canonicalize_name(requirement.name): requirement for requirement in requirements}
    assert len(found) == len(requirements)
    return found


def lower_bound(requirement: Requirement) -> Version:
    (bound,) = (Version(one.version) for one in requirement.specifier if one.operator == ">=")
    return bound


def pinned(requirement: Requirement) -> Version:
    (pin,) = requirement.specifier
    assert pin.operator == "==", requirement
    return Version(pin.version)


def test_requirements_have_the_bounds_of_the_package():
    # One of the two is installed.
    assert declared()["tensorflow"].specifier == declared()["tensorflow-cpu"].specifier
    # setuptools is for those who build the package: asking for it would replace the one that Colab has.
    left_out = ("tensorflow-cpu", "setuptools")
    wanted = {name: one for name, one in declared().items() if name not in left_out}
    found = listed("requirements.txt")
    assert found.keys() == wanted.keys()
    for name, requirement in found.items():
        assert requirement.specifier == wanted[name].specifier, name


def test_the_lowest_versions_are_the_lower_bounds():
    bounds = {name: lower_bound(requirement) for name, requirement in listed("requirements.txt").items()}
    lowest = {name: pinned(requirement) for name, requirement in listed("constraints-lowest.txt").items()}
    assert lowest == bounds


@pytest.mark.parametrize("file", ["constraints.txt", "constraints-lowest.txt", "constraints-colab.txt"])
def test_versions_that_are_tested_are_within_the_bounds(file):
    bounds = declared()
    for name, requirement in listed(file).items():
        if name in bounds:
            assert bounds[name].specifier.contains(pinned(requirement)), name
