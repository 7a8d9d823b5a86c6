"""Shared by all tests: no network, no caches of the user's, one tiny recipe, tiny exported networks."""

import contextlib
import io
import os
import shutil

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
from PIL import Image

from image_generating.config import NetworkConfig, Recipe, TrainConfig

TINY_NETWORK = NetworkConfig(
    resolution=112,
    latent=8,
    structure_widths=(8, 16),
    synthesis_width=8,
    structure_judge_widths=(8, 8),
    texture_judge_widths=(4, 8),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Keeps prepared data out of the user's cache, and shares it between tests."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))


@pytest.fixture(scope="session")
def tiny_recipe() -> Recipe:
    """The default recipe with small networks."""
    return Recipe(network=TINY_NETWORK, growth=((1, 1.0),))


@pytest.fixture(scope="session")
def structure_recipe(tiny_recipe) -> Recipe:
    """The same for structure alone, at 28 of 112 px, whose step is traced in half the time."""
    return tiny_recipe.replace(growth=((4, 1.0),))


@pytest.fixture(scope="session")
def growing_recipe(tiny_recipe) -> Recipe:
    """The default recipe with small networks that grow from 28 to 112 px, long enough at each to save."""
    return tiny_recipe.replace(growth=((4, 0.4), (1, 0.6)), sections=3)


@pytest.fixture
def tiny_training(tmp_path) -> TrainConfig:
    """Twelve phantoms, a dozen steps."""
    return TrainConfig(
        data="phantom", images=12, resolution=112, batch_size=4, kimg=0.048, output=tmp_path / "run"
    )


@pytest.fixture(scope="session")
def grown(tmp_path_factory, growing_recipe):
    """A finished run, 24 steps at 28 px and 36 at 112, and what it said; for tests that leave it as it is."""
    from image_generating.training import train

    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        run = train(grown_config(tmp_path_factory.mktemp("grown")), growing_recipe)
    return run, said.getvalue()


@pytest.fixture
def grown_copy(grown, tmp_path) -> TrainConfig:
    """The settings of a copy of that run, for tests that change it."""
    shutil.copytree(grown[0].folder, tmp_path / "run")
    return grown_config(tmp_path / "run")


@pytest.fixture
def train_again(growing_recipe, monkeypatch):
    """Gives the program the command of such a run: its folder, then further flags; returns the status."""
    from image_generating import cli, training

    monkeypatch.setattr(training, "RECIPES", {"residual": growing_recipe})
    sizes = ["--images", "12", "--resolution", "112", "--batch-size", "4", "--kimg", "0.24"]
    given = ["train", "--data", "phantom", *sizes]
    return lambda folder, *flags: cli.main([*given, "--output", str(folder), *map(str, flags)])


def grown_config(folder) -> TrainConfig:
    return TrainConfig(
        data="phantom", images=12, resolution=112, batch_size=4, kimg=0.24, output=folder, tensorboard=True
    )


@pytest.fixture(scope="session")
def tiny_export(tmp_path_factory, grown):
    """Folder with an exported, hardly trained `generator` and `discriminator`."""
    from image_generating.export import export

    folder = tmp_path_factory.mktemp("exported")
    export(grown[0], folder)
    return folder


def gray(path) -> np.ndarray:
    """A picture's pixels, (rows, columns)."""
    with Image.open(path) as picture:
        return np.asarray(picture.convert("L"))
