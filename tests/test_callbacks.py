"""What callbacks may ask for after a step, and what only between epochs."""

import types

import keras
import numpy as np
import pytest

from image_generating import callbacks
from image_generating.callbacks import Clock, History, Progress
from image_generating.schedule import Schedule


@pytest.fixture
def clock():
    clock = Clock(Schedule(images=100.0, seconds=None, phases=((28, 0.5), (112, 1.0))), 10, seconds=0.0)
    counter = {name: types.SimpleNamespace(value=0) for name in ("images_seen", "drop_streak", "step")}
    clock.set_model(types.SimpleNamespace(batch_size=4, resolution=28, stop_training=False, **counter))
    clock.on_train_begin()
    return clock


class Unread:
    """A number on a device: reading it would wait for the step that makes it."""

    def __float__(self):
        raise AssertionError("read after a step")

    __index__ = __bool__ = __array__ = __format__ = __float__


def test_after_a_step_nothing_is_read_from_the_device(clock, tmp_path, monkeypatch):
    # However slow the machine is, the bar is not due.
    monkeypatch.setattr(callbacks, "_SECONDS_BETWEEN_LOOKS", float("inf"))
    progress, history = Progress(clock), History(tmp_path / "history.csv", clock)
    progress.on_train_begin()
    history.on_epoch_begin(0)
    # On JAX, asking for the model copies all of its state back.
    asked = property(lambda callback: pytest.fail("asked for the model after a step"))
    monkeypatch.setattr(keras.callbacks.Callback, "model", asked)
    for batch in range(5):
        for callback in (clock, progress, history):
            callback.on_train_batch_end(batch, {"discriminator_loss": Unread(), "generator_loss": Unread()})
    progress.close()
    assert clock.images == 20
    assert not clock.diverged


def test_a_phase_ends_with_its_last_step(clock):
    for batch in range(13):
        assert not clock.model.stop_training
        clock.on_train_batch_end(batch)
    assert clock.images == 52
    assert clock.model.stop_training


def test_divergence_is_seen_when_an_epoch_ends(clock):
    clock.model.drop_streak.value = np.int32(9)
    clock.on_epoch_end(0)
    assert not clock.diverged
    clock.model.drop_streak.value = np.int32(10)
    clock.on_epoch_end(1)
    assert clock.diverged
    assert clock.model.stop_training


def test_the_bar_says_when_it_compiles_and_ends_at_the_training_s_share(clock, capsys, monkeypatch):
    def line():
        return capsys.readouterr().err.replace("\r", "\n").strip().splitlines()[-1]

    progress = Progress(clock)
    assert capsys.readouterr().err == ""
    progress.on_train_begin()
    assert line() == "28 px   0% |                        | 00:00, compiling"
    losses = {"discriminator_loss": 0.5, "generator_loss": 0.7}
    for batch in range(25):
        clock.on_train_batch_end(batch)
        progress.on_train_batch_end(batch, losses)
        if batch == 0:
            # As if the steps after the first had taken long enough for the bar to be due.
            monkeypatch.setattr(callbacks, "_SECONDS_BETWEEN_LOOKS", 0.0)
        if batch == 12:
            assert line().startswith("28 px  52% |████")
            # The next phase compiles anew.
            progress.on_train_end()
            clock.model.resolution, clock.model.images_seen.value = 112, clock.images
            clock.on_train_begin()
            progress.on_train_begin()
            assert line().startswith("112 px  52%")
    progress.on_train_end()
    progress.close()
    said = line()
    assert said.startswith("112 px 100% |" + 24 * "█")
    assert "img/s, D 0.500, G 0.700, 0.1 kimg, 00:00 left" in said
