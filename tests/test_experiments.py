"""The scripts of experiments/: each starts and explains itself, and runs are joined as they should be."""

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from image_generating import checkpoint, states
from image_generating.runs import Run

_EXPERIMENTS = Path(__file__).parents[1] / "experiments"


def _run(monkeypatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    monkeypatch.syspath_prepend(str(_EXPERIMENTS))
    runpy.run_path(str(_EXPERIMENTS / name), run_name="__main__")


@pytest.mark.parametrize("name", sorted(path.name for path in _EXPERIMENTS.glob("*.py")))
def test_every_script_explains_itself(name, monkeypatch, capsys):
    with pytest.raises(SystemExit) as end:
        _run(monkeypatch, name, "--help")
    assert end.value.code == 0
    assert name in capsys.readouterr().out


def test_a_joined_run_has_structure_of_one_and_texture_of_the_other(tmp_path, monkeypatch):
    names = [
        "generator/structure_half/kernel",
        "averaged/synthesis_800_bands/bias",
        "discriminator/texture_conv/kernel",
        "discriminator/structure_conv/kernel",
        "gan/step",
        "gan/images_seen",
    ]
    runs = {name: Run(tmp_path / name) for name in ("structure", "texture", "joined")}
    for value, name in enumerate(("structure", "texture")):
        runs[name].folder.mkdir()
        runs[name].settings.write_text(name)
        runs[name].spectra.write_text(name)
        arrays = {variable: np.full(() if variable.startswith("gan/") else 2, value) for variable in names}
        states.save(runs[name].checkpoints, checkpoint.Checkpoint(arrays, 800, 1.0, 0))
    flags = {"--structure": "structure", "--texture": "texture", "--output": "joined"}
    _run(
        monkeypatch,
        "join.py",
        *(text for flag, name in flags.items() for text in (flag, str(runs[name].folder))),
    )
    joined = states.load_newest(runs["joined"].checkpoints).arrays
    assert [int(joined[name].max()) for name in names] == [0, 1, 1, 0, 0, 0]
    assert runs["joined"].settings.read_text() == runs["joined"].spectra.read_text() == "structure"
