"""The program `train`, run for real at tiny size: what it writes, and that it survives everything."""

import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from conftest import gray

from image_generating import callbacks, checkpoint, states, training
from image_generating.errors import UserError
from image_generating.history import read_history
from image_generating.networks import judges
from image_generating.runs import Run
from image_generating.training import train

_CRASHES = Path(__file__).parents[1] / "benchmarks" / "crashes.py"


def _newest(run: Path) -> checkpoint.Checkpoint:
    return states.load_newest(run / "checkpoints")


def test_train_writes_previews_history_curves_and_checkpoints(grown):
    run, said = grown
    rows = read_history(run.history)
    assert [row["step"] for row in rows] == sorted({row["step"] for row in rows})
    assert {row["resolution"] for row in rows} == {28, 112}
    assert rows[-1]["kimg"] == pytest.approx(0.24)
    assert rows[-1]["dropped"] == 0
    assert all(row["images_per_second"] > 0 for row in rows)
    previews = sorted(run.previews.glob("image_at_epoch_*.png"))
    assert len(previews) >= 24
    assert previews[0].name == "image_at_epoch_0000_step_00000000.png"
    assert previews[-1].name == "image_at_epoch_0020_step_00000060.png"
    first, last = gray(previews[0]), gray(previews[-1])
    assert first.shape == last.shape == (776, 776)
    assert not np.array_equal(first, last)
    assert gray(run.curves).std() > 10
    assert len(list(run.checkpoints.glob("step_*.npz"))) == 2
    events = list((run.folder / "tensorboard").glob("events*"))
    assert events
    assert events[0].stat().st_size > 1000
    assert "img/s" in said


def test_milestones_are_kept_and_the_last_phase_trains_texture_alone_with_steps_that_shorten(
    grown, growing_recipe
):
    run, _ = grown
    kept = [checkpoint.load(path) for path in sorted(run.milestones.iterdir())]
    # 60 steps, and an epoch of the trainer has three.
    assert [state.step for state in kept] == [6, 12, 18, 24, 30, 36, 42, 48, 54, 60]
    assert [state.resolution for state in kept] == [28] * 4 + [112] * 6
    of_structure, begun, last = kept[3], kept[4], kept[-1]
    for name, before in of_structure.arrays.items():
        if name.startswith(("generator/structure", "averaged/structure", "discriminator/structure")):
            np.testing.assert_array_equal(last.arrays[name], before, err_msg=name)
    grain = "generator/synthesis_112_colour/kernel"
    assert not np.array_equal(last.arrays[grain], begun.arrays[grain])
    rates = [float(state.arrays["optimizer/adam/learning_rate"]) for state in (of_structure, begun, last)]
    assert rates[0] == pytest.approx(growing_recipe.learning_rate)
    assert rates[1] > 0.8 * growing_recipe.learning_rate
    assert rates[2] < 0.1 * growing_recipe.learning_rate


def test_the_averaged_anatomy_has_the_recipes_spread_of_gray_values(grown, growing_recipe):
    run, _ = grown
    measured = np.load(run.appearance)["images"][1:]
    reduced = measured.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(measured), -1)
    for network, spread in (("generator", 1.0), ("averaged", growing_recipe.gray_spread)):
        kernel = _newest(run.folder).arrays[f"{network}/atlas_14_dense/kernel"]
        np.testing.assert_allclose(kernel, spread * reduced, rtol=1e-4, atol=1e-6)


def test_a_finished_run_says_so_and_a_larger_bound_continues_it(grown_copy, growing_recipe, capsys):
    train(grown_copy, growing_recipe, progress=False)
    assert "reached its bound" in capsys.readouterr().err
    assert _newest(grown_copy.output).step == 60
    train(grown_copy.replace(kimg=0.252), growing_recipe, progress=False)
    assert _newest(grown_copy.output).step == 63


def test_other_settings_are_refused_and_nothing_is_lost(grown_copy, growing_recipe):
    before = {p: p.read_bytes() for p in grown_copy.output.rglob("*") if p.is_file()}
    for changes, name in (
        ({"batch_size": 2}, "--batch-size"),
        ({"seed": 1}, "--seed"),
        ({"images": 11}, "--images"),
        ({"resolution": 224}, "--resolution"),
    ):
        with pytest.raises(UserError, match=name):
            train(grown_copy.replace(kimg=1.0, **changes), growing_recipe, progress=False)
    assert before == {p: p.read_bytes() for p in grown_copy.output.rglob("*") if p.is_file()}


def test_a_run_killed_at_random_moments_ends_with_the_weights_of_an_unbroken_one():
    ended = subprocess.run([sys.executable, _CRASHES, "--kills", "5"], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "5 kills: 2 after a checkpoint, 2 within a write, 1 at any moment" in ended.stdout
    assert "the same weights after 210 steps as without kills: yes" in ended.stdout


def test_a_damaged_checkpoint_gives_way_to_the_one_before(grown_copy, capsys):
    run = Run(grown_copy.output)
    older, newest = sorted(run.checkpoints.glob("step_*.npz"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)
    assert states.load_newest(run.checkpoints).step == int(older.stem[5:])
    said = capsys.readouterr().err
    assert newest.name in said
    assert "damaged" in said
    newest.write_bytes(b"")
    assert states.load_newest(run.checkpoints).step == int(older.stem[5:])
    older.write_bytes(b"")
    assert states.load_newest(run.checkpoints) is None


class _Interrupt(keras.callbacks.Callback):
    def on_train_batch_begin(self, batch, logs=None):
        if int(self.model.step.value) == 1:
            signal.raise_signal(signal.SIGINT)


def test_ctrl_c_stops_cleanly_and_saves(tiny_training, structure_recipe, capsys):
    before = signal.getsignal(signal.SIGINT)
    run = train(tiny_training, structure_recipe, [_Interrupt()], progress=False)
    assert "Stopped" in capsys.readouterr().err
    # The step under way is finished.
    assert _newest(run.folder).step == 2
    assert signal.getsignal(signal.SIGINT) is before


class _Poison(keras.callbacks.Callback):
    """Spoils a weight a few times, as an overflow would."""

    def __init__(self, times: int):
        super().__init__()
        self.left = times

    def on_epoch_begin(self, epoch, logs=None):
        if self.left and int(self.model.step.value) >= 3:
            self.left -= 1
            _, places = judges.judge(self.model.discriminator, "structure")
            places.get_layer("structure_logits").bias.assign([np.nan])


def test_a_diverged_run_goes_back_and_lowers_the_learning_rate(
    tiny_training, structure_recipe, capsys, monkeypatch
):
    monkeypatch.setattr(callbacks, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(callbacks, "_DROPS_TOLERATED", 2)
    run = train(tiny_training, structure_recipe, [_Poison(1)], progress=False)
    assert "half the learning rate" in capsys.readouterr().err
    end = _newest(run.folder)
    assert end.rollbacks == 1
    assert end.step == 12
    assert float(end.arrays["optimizer/adam/learning_rate"]) == pytest.approx(
        structure_recipe.learning_rate / 2
    )
    assert all(np.all(np.isfinite(array)) for array in end.arrays.values())


def test_a_run_that_keeps_diverging_ends_with_advice(tiny_training, structure_recipe, monkeypatch):
    monkeypatch.setattr(callbacks, "_SECONDS_BETWEEN_CHECKPOINTS", 0.0)
    monkeypatch.setattr(callbacks, "_DROPS_TOLERATED", 1)
    # One return instead of three, as each traces the step anew.
    monkeypatch.setattr(training, "_MOST_ROLLBACKS", 1)
    with pytest.raises(UserError, match="diverged again after 1 returns to a checkpoint"):
        train(tiny_training, structure_recipe, [_Poison(99)], progress=False)
    kept = _newest(tiny_training.output)
    assert all(np.all(np.isfinite(array)) for array in kept.arrays.values())


def test_classic_trains_with_its_own_loss(tmp_path, tiny_training):
    from image_generating.config import RECIPES

    config = tiny_training.replace(preset="classic", resolution=64, kimg=0.012)
    run = train(config, RECIPES["classic"], progress=False)
    # One for every step of a run so short, all in one epoch, and the one before.
    names = sorted(path.name[-12:] for path in run.previews.iterdir())
    assert names == ["00000000.png", "00000001.png", "00000002.png", "00000003.png"]
    row = read_history(run.history)[-1]
    assert np.isfinite(row["generator_loss"])
    assert "penalty" not in row
    assert run.recipe.loss == "non-saturating"
