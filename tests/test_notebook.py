"""The notebooks as they are committed, and what they use beside the package; nbval runs them."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import check_notebooks
import numpy as np
import pytest
from PIL import Image, ImageSequence

from image_generating import checkpoint, notebook
from image_generating.config import NetworkConfig, TrainConfig
from image_generating.figures import save_gif, save_preview
from image_generating.networks import build_discriminator, build_generator
from image_generating.runs import Run
from image_generating.training import train

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebook_is_executed_and_clean(path):
    assert list(check_notebooks.faults(path)) == []
    cells = json.loads(path.read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any({"image/png", "image/jpeg"} & output.get("data", {}).keys() for output in outputs)
    assert "not for clinical use" in path.read_text().lower()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_third_of_the_code_cells_is_compared_and_says_something(path):
    cells = [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]
    compared = [cell for cell in cells if "nbval-ignore-output" not in cell["metadata"].get("tags", [])]
    assert len(compared) >= len(cells) / 3
    for cell in compared:
        # nbval does not look at pictures, and progress bars tell the time.
        assert [output.get("name") for output in cell["outputs"]] == ["stdout"], cell["id"]
        text = "".join(cell["outputs"][0]["text"])
        assert text.strip()
        assert "%|" not in text
        # What a cell prints must come from the package and not stand in the cell.
        assert not set(text.split()) <= set(re.findall(r"\S+", "".join(cell["source"]))), cell["id"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_pictures_have_alternative_texts(path):
    for cell in json.loads(path.read_text())["cells"]:
        for output in cell.get("outputs", []):
            for kind in {"image/png", "image/jpeg"} & output.get("data", {}).keys():
                alt = output["metadata"][kind]["alt"]
                assert len(alt) > 10
                assert output["data"]["text/plain"] == [alt]


def test_a_notebook_is_small_whenever_pytest_runs_it():
    code = "from image_generating import notebook; print(notebook.SMALL)"
    # nbval starts kernels as this test starts a process: with the variable that pytest sets.
    alone = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    for environment, expected in (
        (os.environ, "True"),
        (alone, "False"),
        (alone | {"IMAGE_GENERATING_SMALL": "1"}, "True"),
    ):
        child = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert child.stdout.strip() == expected


def test_a_run_in_a_mounted_drive_goes_on_in_the_next_runtime(tmp_path, tiny_recipe, monkeypatch):
    """A stand-in for Google Drive: a folder that stays while the runtime's other folders go."""
    monkeypatch.setattr(notebook, "SMALL", False)
    monkeypatch.chdir(tmp_path)
    assert notebook.folder("mine") == Path("../runs/mine")
    monkeypatch.setattr(notebook, "_DRIVE", tmp_path / "MyDrive")
    (tmp_path / "MyDrive").mkdir()
    for runtime, kimg in (("first", 0.012), ("second", 0.024)):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / runtime / "cache"))
        config = TrainConfig(
            data="phantom", images=12, resolution=112, kimg=kimg, output=notebook.folder("mine"), seed=3
        )
        run = train(config, tiny_recipe, progress=False)
        shutil.rmtree(tmp_path / runtime)
    assert run.folder.is_relative_to(tmp_path / "MyDrive")
    assert [checkpoint.load(path).step for path in sorted(run.checkpoints.iterdir())] == [3, 6]


def test_live_view_shows_speed_and_each_new_preview_in_one_place(tmp_path, monkeypatch):
    shown = []

    class Place:
        def update(self, content):
            shown.append(content)

    def display(content, display_id):
        shown.append(content)
        return Place()

    def speeds():
        return [content.data for content in shown if not isinstance(content, notebook.Picture)]

    def pictures():
        return [content for content in shown if isinstance(content, notebook.Picture)]

    monkeypatch.setattr(notebook, "display", display)
    view = notebook.LiveView(TrainConfig(data="phantom", output=tmp_path, precision="float32"))
    # Nothing is shown before there is something to show.
    assert not shown
    view.set_model(types.SimpleNamespace(batch_size=4, resolution=28))
    view.on_train_begin()
    assert [speed.rsplit(": ", 1)[1] for speed in speeds()] == ["compiling"]
    assert "float32" in speeds()[0]
    assert not pictures()
    previews = Run(tmp_path).previews
    save_preview(np.zeros((9, 8, 8), "uint8"), previews / "image_at_epoch_0000.png")
    # The first step compiles, so that it is no measure.
    times = iter([10.0, 12.0])
    monkeypatch.setattr(notebook.time, "monotonic", lambda: next(times))
    for batch in range(3):
        view.on_train_batch_end(batch)
    view.on_epoch_end(0)
    assert speeds()[-1].endswith("28 px: 4 images/s")
    monkeypatch.setattr(notebook.time, "monotonic", lambda: 20.0)
    view.on_epoch_end(1)
    assert len(pictures()) == 1
    save_preview(np.full((9, 8, 8), 200, "uint8"), previews / "image_at_epoch_0012.png")
    view.on_epoch_end(2)
    first, second = pictures()
    assert first.data != second.data
    assert second.alt == "Nine generated images at epoch 12 of the training"


def test_a_picture_says_what_it_shows():
    data, metadata = notebook.picture(Image.new("L", (8, 8)), "A black square")._repr_mimebundle_()
    assert data["text/plain"] == "A black square"
    assert metadata == {"image/jpeg": {"alt": "A black square"}}
    assert base64.b64decode(data["image/jpeg"]).startswith(b"\xff\xd8")


def test_stages_are_said_without_the_size_of_the_notebook():
    """Else a small run would differ from the one that is committed."""
    for build in (build_generator, build_discriminator):
        said = {notebook.stages(build(NetworkConfig(resolution=side))) for side in (64, 128, 800)}
        assert len(said) == 1
        (text,) = said
        numbers = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) trained", text)]
        assert sum(numbers) == sum(
            np.prod(variable.shape) for variable in build(NetworkConfig()).trainable_variables
        )


def test_animation_keeps_frames_and_times_and_is_smaller(tmp_path):
    random = np.random.default_rng(0)
    frames = [Image.fromarray(random.integers(0, 256, (500, 500), "uint8")) for _ in range(3)]
    save_gif(frames, tmp_path / "a.gif", fps=4, last_seconds=1)
    shown = notebook.animation(tmp_path / "a.gif", "Noise").data
    with Image.open(io.BytesIO(shown)) as film:
        assert (film.size, film.n_frames) == ((400, 400), 3)
        durations = []
        for frame in ImageSequence.Iterator(film):
            frame.load()
            durations.append(frame.info["duration"])
    assert durations == [250, 250, 1250]
    assert len(shown) < (tmp_path / "a.gif").stat().st_size


def test_table_of_layers_adds_up():
    network = build_generator(NetworkConfig(resolution=64))
    table = notebook.layers(network).data
    numbers = [int(cell.replace(",", "")) for cell in re.findall(r"<td>([\d,]+)</td></tr>", table)]
    assert numbers[-1] == sum(numbers[:-1]) == network.count_params()
    assert "64×64×1" in table
