"""Beginning with exported networks: what is taken over, and what is refused."""

import keras
import numpy as np
import pytest

from image_generating import checkpoint, pretrained
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
    states = {}
    for name, folder in (("new", None), ("pretrained", tiny_export)):
        config = tiny_training.replace(pretrained=folder, output=tmp_path / name, kimg=0.012)
        run = train(config, structure_recipe, progress=False)
        states[name] = checkpoint.load_newest(run.checkpoints)
    # Three steps of Adam move a weight by its rate each, or little more.
    steps = 3 * 1.5 * structure_recipe.learning_rate
    assert 0 < _far(states["pretrained"], stage) < steps < _far(states["new"], stage)
    assert run.recipe.settled_kimg == 0
    generator, _ = export(run, tmp_path / "models")
    assert _far(states["pretrained"], load_generator(generator).get_layer("structure")) < 1e-6


def test_its_judge_knows_what_it_knew(tiny_export, structure_recipe):
    gan = GAN(structure_recipe, batch_size=2, grown_to=28)
    gan.compile()
    checkpoint.restore(gan, pretrained.load(tiny_export, structure_recipe.network))
    exported = keras.saving.load_model(tiny_export / "discriminator")
    own, there = (judge(network, "structure")[1] for network in (gan.discriminator, exported))
    for weight, given in zip(own.get_weights(), there.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, given)


def test_networks_of_another_preset_and_other_folders_are_refused(
    tiny_export, tiny_training, structure_recipe, tmp_path
):
    wider = structure_recipe.replace(
        network=structure_recipe.network.__class__(resolution=112, latent=8, structure_widths=(8, 24))
    )
    with pytest.raises(UserError, match="other channels than those of this --preset"):
        train(tiny_training.replace(pretrained=tiny_export), wider, progress=False)
    with pytest.raises(UserError, match="holds no exported generator"):
        train(tiny_training.replace(pretrained=tmp_path), structure_recipe, progress=False)
    (tmp_path / "generator").symlink_to(tiny_export / "generator")
    with pytest.raises(UserError, match="Name the --output of an export"):
        train(tiny_training.replace(pretrained=tmp_path), structure_recipe, progress=False)
    assert not tiny_training.output.exists()
