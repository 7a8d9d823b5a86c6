"""Beginning with exported networks: what is taken over, and what is refused."""

import shutil

import h5py
import keras
import numpy as np
import pytest

from image_generating import checkpoint, pretrained, states, training
from image_generating.errors import UserError
from image_generating.export import export
from image_generating.gan import GAN
from image_generating.networks.judges import judge
from image_generating.sampling import load_generator
from image_generating.training import train


def _far(state: checkpoint.Checkpoint, stage) -> float:
    """Largest difference between a checkpoint's averaged stage and an exported one."""
    return max(
        float(np.abs(state.arrays[f"averaged/{variable.path}"] - variable.numpy()).max())
        for variable in stage.trainable_variables
    )


def test_a_training_goes_on_from_exported_networks(tiny_training, structure_recipe, tiny_export, tmp_path):
    stage = load_generator(tiny_export / "generator").get_layer("structure")
    new = GAN(structure_recipe, batch_size=4, grown_to=28)
    new.compile()
    config = tiny_training.replace(pretrained=tiny_export, kimg=0.012)
    run = train(config, structure_recipe, progress=False)
    state = states.load_newest(run.checkpoints)
    # Three steps of Adam move a weight by its rate each, or little more.
    steps = 3 * 1.5 * structure_recipe.learning_rate
    assert 0 < _far(state, stage) < steps < _far(checkpoint.capture(new, 0.0, 0), stage)
    assert run.recipe.settled_kimg == 0
    generator, _ = export(run, tmp_path / "models")
    assert _far(state, load_generator(generator).get_layer("structure")) < 1e-6


def test_structure_goes_on_with_shorter_steps_and_texture_begins_with_its_own(
    tiny_training, growing_recipe, tiny_export, monkeypatch
):
    rates = {}

    class Recorded(GAN):
        def compile(self, learning_rate_scale=1.0, **options):
            rates[self.resolution] = learning_rate_scale
            super().compile(learning_rate_scale, **options)

    monkeypatch.setattr(training, "GAN", Recorded)
    train(tiny_training.replace(pretrained=tiny_export), growing_recipe, progress=False)
    assert rates == {28: 0.25, 112: 1.0}


def test_its_judge_knows_what_it_knew(tiny_export, structure_recipe):
    gan = GAN(structure_recipe, batch_size=2, grown_to=28)
    gan.compile()
    pretrained.hand_over(gan, pretrained.load(tiny_export, structure_recipe.network))
    exported = keras.saving.load_model(tiny_export / "discriminator")
    own, there = (judge(network, "structure")[1] for network in (gan.discriminator, exported))
    for weight, given in zip(own.get_weights(), there.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, given)


def test_its_average_has_the_full_half_life_from_the_first_step_on(structure_recipe):
    name, moved = "averaged/structure_half/kernel", {}
    for settled in (20.0, 0.0):
        gan = GAN(structure_recipe.replace(settled_kimg=settled), batch_size=2, grown_to=28)
        gan.compile()
        gan.begin_step()
        gan.generator.get_layer("structure").set_weights(
            [weight + 1 for weight in gan.generator.get_layer("structure").get_weights()]
        )
        before = np.array(gan.state()[name].value)
        gan._move_average()
        moved[settled] = float(np.abs(np.array(gan.state()[name].value) - before).max())
    assert moved[20.0] > 0.9
    # What is left of the way halves in 5 000 images, and this was a step of two.
    assert moved[0.0] == pytest.approx(1 - 0.5 ** (2 / 5000), rel=0.01)


def test_networks_of_another_preset_and_other_folders_are_refused(
    tiny_export, tiny_training, structure_recipe, tmp_path
):
    wider = structure_recipe.replace(network=structure_recipe.network.replace(structure_widths=(8, 24)))
    with pytest.raises(UserError, match=r"is of other networks: .*structure_quarter.*with the same --preset"):
        train(tiny_training.replace(pretrained=tiny_export), wider, progress=False)
    with pytest.raises(UserError, match="holds no exported generator"):
        train(tiny_training.replace(pretrained=tmp_path), structure_recipe, progress=False)
    (tmp_path / "generator").symlink_to(tiny_export / "generator")
    with pytest.raises(UserError, match="Name the --output of an export"):
        train(tiny_training.replace(pretrained=tmp_path), structure_recipe, progress=False)
    assert not tiny_training.output.exists()


@pytest.mark.parametrize(
    ("network", "layer"), [("generator", "structure_mix"), ("discriminator", "structure_conv")]
)
def test_exported_networks_that_lack_something_are_refused(
    network, layer, tiny_export, tiny_training, structure_recipe, tmp_path
):
    shutil.copytree(tiny_export, tmp_path / "models")
    weights = tmp_path / "models" / network / "model.weights.h5"
    with h5py.File(weights, "a") as file:
        names = []
        file.visit(lambda name: names.append(name) if file[name].attrs.get("name") == layer else None)
        del file[names[0]]
    with pytest.raises(UserError, match=network):
        train(tiny_training.replace(pretrained=tmp_path / "models"), structure_recipe, progress=False)
    assert not tiny_training.output.exists()
    if network == "generator":
        weights.write_bytes(b"")
        with pytest.raises(UserError, match=network):
            train(tiny_training.replace(pretrained=tmp_path / "models"), structure_recipe, progress=False)
