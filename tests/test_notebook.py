"""The notebooks as they are committed, and what they use beside the package; nbval runs them."""

import io
import json
import re
from pathlib import Path

import check_notebooks
import numpy as np
import pytest
from PIL import Image, ImageSequence

from image_generating import notebook
from image_generating.config import NetworkConfig
from image_generating.figures import save_gif, save_preview
from image_generating.networks import build_generator
from image_generating.runs import Run

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_committed_notebook_is_executed_and_clean(path):
    assert list(check_notebooks.faults(path)) == []
    cells = json.loads(path.read_text())["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    assert any({"image/png", "image/jpeg"} & output.get("data", {}).keys() for output in outputs)
    assert "not for clinical use" in path.read_text().lower()


def test_live_view_shows_each_new_preview_in_one_place(tmp_path, monkeypatch):
    shown = []

    class Place:
        def update(self, picture):
            shown.append(picture.data)

    monkeypatch.setattr(notebook, "display", lambda *things, display_id: Place())
    view = notebook.LiveView(tmp_path)
    view.on_train_begin()
    assert not shown
    previews = Run(tmp_path).previews
    save_preview(np.zeros((9, 8, 8), "uint8"), previews / "image_at_epoch_0000.png")
    view.on_epoch_end(0)
    view.on_epoch_end(1)
    assert len(shown) == 1
    save_preview(np.full((9, 8, 8), 200, "uint8"), previews / "image_at_epoch_0012.png")
    view.on_epoch_end(2)
    assert len(shown) == 2
    assert shown[0] != shown[1]


def test_animation_keeps_frames_and_times_and_is_smaller(tmp_path):
    random = np.random.default_rng(0)
    frames = [Image.fromarray(random.integers(0, 256, (500, 500), "uint8")) for _ in range(3)]
    save_gif(frames, tmp_path / "a.gif", fps=4, last_seconds=1)
    shown = notebook.animation(tmp_path / "a.gif").data
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
