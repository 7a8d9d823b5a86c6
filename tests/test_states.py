"""Which state a run continues from, which checkpoints are kept, and that no others are taken for a run's."""

import contextlib
import dataclasses
import json
import os
import re
import shutil

import numpy as np
import pytest

from image_generating import archive, checkpoint, states, training
from image_generating.checkpoint import Checkpoint
from image_generating.cli import main
from image_generating.errors import UserError
from image_generating.export import networks
from image_generating.gan import GAN
from image_generating.runs import Run


@pytest.fixture
def run(grown_copy) -> Run:
    return Run(grown_copy.output)


def _state(step: int, run: str | None = "ours") -> Checkpoint:
    return Checkpoint({"gan/step": np.int32(step), "gan/images_seen": np.int32(4 * step)}, 28, 1.0, 0, run)


def _content(folder) -> dict:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _flip(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _refused(capsys, *words: str) -> None:
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("image-generating: ")
    for word in words:
        assert word in said[-1]


# Wrong weights


def test_export_refuses_a_checkpoint_of_other_networks(grown, tiny_recipe, tmp_path, capsys):
    wider = tiny_recipe.network.replace(structure_widths=(8, 24))
    for network, resolution, words in (
        (
            wider,
            28,
            ("structure_quarter/kernel is (4, 4, 8, 24) (expected: (4, 4, 8, 16))", "more"),
        ),
        (tiny_recipe.network.replace(resolution=224), 56, ("56 px", "28 or 112")),
    ):
        recipe = tiny_recipe.replace(network=network, growth=((4, 0.5), (1, 0.5)))
        gan = GAN(recipe, 4, resolution)
        gan.compile()
        other = tmp_path / "other.npz"
        checkpoint.write(other, checkpoint.capture(gan, 1.0, 0))
        command = ["export", "--run", grown[0].folder, "--output", tmp_path / "m", "--checkpoint", other]
        assert main([str(word) for word in command]) != 0
        _refused(capsys, str(other), *words)
        assert not (tmp_path / "m").exists()


_NAME = "averaged/structure_half/kernel"
_CHANGES = {
    "synthesis_112": lambda arrays: {name: arrays[name] for name in arrays if "synthesis" not in name},
    "structure_third": lambda arrays: arrays | {"averaged/structure_third/kernel": np.zeros(3)},
    f"{_NAME} is (4, 4, 4, 1) (expected: (4, 4, 4, 8))": lambda arrays: (
        arrays | {_NAME: arrays[_NAME][..., :1]}
    ),
    "not numeric": lambda arrays: arrays | {_NAME: arrays[_NAME].astype(str)},
}


@pytest.mark.parametrize("words", _CHANGES)
def test_other_arrays_than_those_of_the_networks_are_refused(grown, words, growing_recipe):
    _, state = states.newest(grown[0])
    with pytest.raises(UserError, match=rf"It is of other networks: .*{re.escape(words)}"):
        networks(growing_recipe, dataclasses.replace(state, arrays=_CHANGES[words](state.arrays)), "It")


def test_neither_export_nor_a_training_goes_on_with_other_arrays(run, train_again, capsys, tmp_path):
    path, state = states.newest(run)
    checkpoint.write(path, dataclasses.replace(state, arrays=_CHANGES["synthesis_112"](state.arrays)))
    before = _content(run.folder)
    command = ["export", "--run", str(run.folder), "--output", str(tmp_path / "m")]
    for program in (lambda: main(command), lambda: train_again(run.folder, "--kimg", 0.3)):
        assert program() != 0
        _refused(capsys, path.name, "is missing (expected: ", "more")
    assert not (tmp_path / "m").exists()
    assert before == _content(run.folder)


def test_random_states_that_earlier_versions_kept_are_ignored(grown, growing_recipe):
    _, state = states.newest(grown[0])
    older = {
        **state.arrays,
        "discriminator/dropout/seed_generator/seed_generator_state": np.zeros(2, "uint32"),
    }
    networks(growing_recipe, dataclasses.replace(state, arrays=older))


def test_a_checkpoint_of_the_first_phase_needs_its_own_arrays_and_none_of_the_next(grown, growing_recipe):
    early = checkpoint.load(min(grown[0].milestones.iterdir()))
    networks(growing_recipe, early)
    some = dict(list(early.arrays.items())[1:])
    with pytest.raises(UserError, match=r"is missing \(expected"):
        networks(growing_recipe, dataclasses.replace(early, arrays=some))


# What a run continues from


def test_without_checkpoints_a_run_continues_from_its_newest_whole_milestone(run, train_again, capsys):
    shutil.rmtree(run.checkpoints)
    *_, older, newest = sorted(run.milestones.iterdir())
    _flip(newest)
    assert train_again(run.folder) == 0
    said = capsys.readouterr().err
    assert f"at step {int(older.stem[5:])} " in said
    assert f"milestones/{older.name}" in said
    assert f"{newest} is damaged" in said
    assert newest.with_name(newest.name + ".damaged").exists()
    assert states.newest(run)[1].step == 60


def test_a_run_that_has_lost_all_its_states_is_refused_and_untouched(run, train_again, capsys, tmp_path):
    shutil.rmtree(run.checkpoints)
    shutil.rmtree(run.milestones)
    before = _content(run.folder)
    assert train_again(run.folder) != 0
    _refused(capsys, str(run.folder), "has begun", "name another --output to start anew")
    assert main(["export", "--run", str(run.folder), "--output", str(tmp_path / "m")]) != 0
    _refused(capsys, str(run.folder), "can be used")
    assert before == _content(run.folder)


def test_a_run_has_a_state_before_its_first_step(tiny_training, structure_recipe, monkeypatch, capsys):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(GAN, "fit", killed)
    with pytest.raises(KeyboardInterrupt):
        training.train(tiny_training, structure_recipe, progress=False)
    monkeypatch.undo()
    run = Run(tiny_training.output)
    assert states.newest(run)[1].step == 0
    assert main(["export", "--run", str(run.folder), "--output", str(run.folder / "m")]) != 0
    _refused(capsys, "has no checkpoint to export. Train it first.")


def test_a_checkpoint_that_a_training_removes_meanwhile_gives_way_to_its_successor(tmp_path, monkeypatch):
    old = states.save(tmp_path, _state(1))
    load = checkpoint.load

    def saved_meanwhile(path):
        if old.exists():
            old.unlink()
            states.save(tmp_path, _state(2))
        return load(path)

    monkeypatch.setattr(checkpoint, "load", saved_meanwhile)
    assert states.load_newest(tmp_path).step == 2


# Retention


def test_the_newest_two_whole_checkpoints_of_the_run_are_kept_whatever_the_names(tmp_path):
    states.save(tmp_path, _state(1))
    shutil.copy(states.save(tmp_path, _state(2)), tmp_path / "step_99999999.npz")
    for foreign, run in ((70000000, "theirs"), (80000000, None)):
        checkpoint.write(tmp_path / f"step_{foreign}.npz", _state(foreign, run))
    states.save(tmp_path, _state(3))
    (tmp_path / "step_00000002.npz").write_bytes(b"")
    _flip(tmp_path / "step_99999999.npz")
    states.save(tmp_path, _state(4))
    states.save(tmp_path, _state(5))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "step_00000002.npz.damaged",
        "step_00000004.npz",
        "step_00000005.npz",
        "step_70000000.npz",
        "step_80000000.npz",
        "step_99999999.npz.damaged",
    ]


def test_a_file_of_another_run_is_set_aside_where_ours_must_be(tmp_path):
    theirs = states.save(tmp_path, _state(7, "theirs")).read_bytes()
    states.save(tmp_path, _state(7))
    assert states.load_newest(tmp_path).run == "ours"
    assert (tmp_path / "step_00000007.npz.other").read_bytes() == theirs


def test_a_leftover_of_another_run_is_neither_continued_nor_removed(run, train_again, capsys):
    leftover = run.checkpoints / "step_99999999.npz"
    _, state = states.newest(run)
    arrays = {**state.arrays, "gan/step": np.int32(99999999)}
    checkpoint.write(leftover, dataclasses.replace(state, arrays=arrays, run="another"))
    before = leftover.read_bytes()
    assert train_again(run.folder, "--kimg", 0.252) == 0
    said = capsys.readouterr().err
    assert f"{leftover} is of another run" in said
    assert "at step 60 " in said
    assert leftover.read_bytes() == before
    assert [path.name for path in sorted(run.checkpoints.iterdir())] == [
        "step_00000060.npz",
        "step_00000063.npz",
        leftover.name,
    ]


def test_a_run_of_an_earlier_version_gets_an_identifier_and_goes_on(run, train_again):
    stored = json.loads(run.settings.read_text())
    del stored["run"]
    run.settings.write_text(json.dumps(stored))
    for path in [*run.checkpoints.iterdir(), *run.milestones.iterdir()]:
        arrays = archive.read(path)
        facts = json.loads(str(arrays.pop("facts")))
        del facts["run"]
        archive.write(path, {"facts": np.array(json.dumps(facts)), **arrays})
    assert train_again(run.folder, "--kimg", 0.252) == 0
    _, state = states.newest(run)
    assert state.step == 63
    assert state.run == run.identifier is not None


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"resolution": 28, "seconds": 1.0, "rollbacks": 0, "moment": 3}, "'moment'.*newer version"),
        ({"resolution": "28", "seconds": 1.0, "rollbacks": 0}, "damaged.*resolution"),
        ({"resolution": 28, "seconds": 1.0}, "damaged.*rollbacks"),
        ([], "damaged"),
    ],
)
def test_facts_of_another_version_or_hand_are_told(tmp_path, facts, words):
    path = tmp_path / "step_00000001.npz"
    archive.write(path, {"facts": np.array(json.dumps(facts)), **_state(1).arrays})
    with pytest.raises(UserError, match=words):
        checkpoint.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", b"\x93NUMPY\x01\x00v\x00{"])
def test_whatever_is_in_a_file_it_is_named(tmp_path, content):
    path = tmp_path / "step_00000001.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"step_00000001.npz is damaged \(.+\)"):
        checkpoint.load(path)


def test_every_cut_and_many_flips_of_a_file_are_noticed(tmp_path):
    path = tmp_path / "step_00000001.npz"
    checkpoint.write(path, _state(1))
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for length in random.integers(0, len(whole), 40):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError):
            checkpoint.load(path)
    for place in random.integers(0, len(whole), 80):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        # Some bytes are of no account, as dates are; then what is read is what was written.
        with contextlib.suppress(UserError):
            assert checkpoint.load(path) == _state(1)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_no_damaged_one(tmp_path):
    path = states.save(tmp_path, _state(1))
    path.chmod(0)
    with pytest.raises(UserError, match="cannot be read"):
        states.load_newest(tmp_path)
