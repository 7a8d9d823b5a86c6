"""The GAN's step: what it changes, what it drops, and that every backend and compiler agrees."""

import dataclasses
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from image_generating import checkpoint
from image_generating.config import RECIPES
from image_generating.gan import GAN
from image_generating.networks import judges
from image_generating.views import View

BATCH = 4


@pytest.fixture(scope="module")
def compiled(tiny_recipe):
    """One GAN for the module, as tracing its step takes seconds, and its initial state."""
    gan = GAN(tiny_recipe, BATCH, grown_to=28)
    gan.compile()
    return gan, checkpoint.capture(gan, 0.0, 0)


@pytest.fixture
def gan(compiled):
    gan, initial = compiled
    checkpoint.restore(gan, initial)
    return gan


def _batch(seed=0, side=28):
    """As training makes them, of images that are noise."""
    random = np.random.default_rng(seed)
    return {
        "images": random.integers(0, 256, (BATCH, side, side), dtype="uint8"),
        "aligned": random.integers(0, 256, (BATCH, 28, 28), dtype="uint8"),
        "sections": np.tile(np.array([[0.9, -0.05, 0.02], [0.05, 0.85, -0.03]], "float32"), (BATCH, 1, 1)),
        "latents": random.standard_normal((BATCH, 8), dtype="float32"),
        "markers": random.uniform(0.2, 0.8, (BATCH, 2)).astype("float32"),
    }


class Batches(keras.utils.PyDataset):
    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, index):
        return (self.batches[index],)


def _arrays(gan):
    return {name: np.array(variable.value) for name, variable in gan.state().items()}


def test_a_step_moves_both_networks_and_the_average(gan):
    before = _arrays(gan)
    gan.fit(Batches(_batch(), _batch(1)), verbose=0)
    after = _arrays(gan)
    for part in ("generator/", "discriminator/", "averaged/"):
        assert any(not np.array_equal(before[n], after[n]) for n in before if n.startswith(part))
    assert after["gan/step"] == 2
    assert after["gan/images_seen"] == 2 * BATCH
    assert after["gan/dropped"] == 0


def test_the_average_lags_behind_the_generator(gan):
    gan.fit(Batches(*[_batch(i) for i in range(19)]), verbose=0)
    before = _arrays(gan)
    gan.fit(Batches(_batch(20)), verbose=0)
    after = _arrays(gan)
    name = "structure_half/kernel"
    # 80 images seen: the half-life is a tenth of them.
    keep = 0.5 ** (BATCH / 8)
    expected = after[f"generator/{name}"] + keep * (before[f"averaged/{name}"] - after[f"generator/{name}"])
    np.testing.assert_allclose(after[f"averaged/{name}"], expected, rtol=1e-4, atol=1e-6)


def test_texture_is_not_averaged(tiny_recipe):
    gan = GAN(tiny_recipe, BATCH)
    gan.compile()
    gan.fit(Batches(*[_batch(i, side=112) for i in range(2)]), verbose=0)
    arrays = _arrays(gan)
    of_texture = [name for name in arrays if name.startswith("generator/synthesis_")]
    assert of_texture
    for name in of_texture:
        np.testing.assert_array_equal(arrays[name], arrays[name.replace("generator", "averaged")])
    name = "structure_subbands/kernel"
    assert not np.array_equal(arrays[f"generator/{name}"], arrays[f"averaged/{name}"])


def test_pixels_are_compared_as_they_are_and_reduced(gan):
    _, places = judges.judge(gan.discriminator, "structure")
    mesh = np.tile(np.array([[1, -1], [-1, 1]], "float32"), (12, 12))[None, :, :, None]
    # Of half size a mesh has nothing left, and what is even has everything.
    for fakes, expected in ((0.1 * mesh, 0.2), (0.1 * abs(mesh), 0.5)):
        losses = []
        for weights in ((2.0, 3.0), ()):
            view = View(places, np.zeros((BATCH, 24, 24, 2), "float32"), np.tile(fakes, (BATCH, 1, 1, 2)))
            # The same augmentation each time.
            gan.step.assign(0)
            gan.begin_step()
            _, loss, logs = gan._judge(dataclasses.replace(view, pixel_weights=weights))
            losses.append(float(loss))
        assert losses[0] - losses[1] == pytest.approx(expected, abs=1e-3)
        assert "pixel_difference" not in logs


def test_a_step_that_is_not_finite_is_dropped_and_counted(gan):
    gan.fit(Batches(_batch()), verbose=0)
    before = _arrays(gan)
    _, places = judges.judge(gan.discriminator, "structure")
    bias = places.get_layer("structure_logits").bias
    bias.assign([np.nan])
    poisoned = _arrays(gan)
    gan.fit(Batches(_batch(1), _batch(2)), verbose=0)
    after = _arrays(gan)
    assert after["gan/dropped"] == 2
    assert after["gan/drop_streak"] == 2
    assert after["gan/step"] == 3
    for name in before:
        if not name.startswith("gan/"):
            np.testing.assert_array_equal(after[name], poisoned[name])
    bias.assign(before[f"discriminator/{bias.path}"])
    gan.fit(Batches(_batch(1)), verbose=0)
    assert int(gan.drop_streak.value) == 0
    assert int(gan.dropped.value) == 2


def test_randomness_follows_from_the_step_alone(gan, compiled):
    ends = []
    for _ in range(2):
        checkpoint.restore(gan, compiled[1])
        gan.fit(Batches(_batch()), verbose=0)
        ends.append(_arrays(gan))
    for name in ends[0]:
        np.testing.assert_array_equal(ends[0][name], ends[1][name], err_msg=name)


def test_dropout_follows_from_the_step_too():
    """Also where a run goes on in the process that it began in, in which Keras counts the layers it names."""
    recipe = RECIPES["classic"]
    recipe = recipe.replace(network=recipe.network.replace(resolution=56, latent=8))
    batch, ends = _batch(side=56), []
    unbroken, again = GAN(recipe, BATCH), GAN(recipe, BATCH)
    for gan in (unbroken, again):
        gan.compile(run_eagerly=True)
    unbroken.fit(Batches(batch), verbose=0)
    checkpoint.restore(again, checkpoint.capture(unbroken, 0.0, 0))
    for gan in (unbroken, again):
        gan.fit(Batches(_batch(1, 56)), verbose=0)
        ends.append(_arrays(gan))
    assert ends[0].keys() == ends[1].keys()
    for name in ends[0]:
        np.testing.assert_array_equal(ends[0][name], ends[1][name], err_msg=name)
    before = unbroken.discriminator(batch["images"][..., None] / 255, training=True)
    unbroken.begin_step()
    after = unbroken.discriminator(batch["images"][..., None] / 255, training=True)
    assert not np.array_equal(before, after)


_GRADIENTS = """
import json, sys
import keras, numpy as np
from image_generating.config import NetworkConfig, Recipe
from image_generating.gan import GAN
from image_generating import losses

network = NetworkConfig(**json.loads(sys.argv[1]))
recipe = Recipe(
    network=network, growth=((1, 1.0),), brightness=0.0, contrast=0.0, shift=0.0, penalty_share=1.0
)
given = dict(np.load(sys.argv[2]))
batch = {name: given[name] for name in ("images", "aligned", "sections", "latents", "markers")}
gan = GAN(recipe, len(given["images"]))
gan.compile()
for name, variable in gan.state().items():
    if name in given:
        variable.assign(given[name])
# Random numbers differ between backends: both get the same grain and the same noise.
keras.random.normal = lambda shape, seed: keras.ops.convert_to_tensor(
    np.random.default_rng(shape[1]).standard_normal(shape).astype("float32")
)
if keras.config.backend() == "tensorflow":
    import tensorflow as tf
    with tf.GradientTape(persistent=True) as tape:
        d_loss, g_loss, _ = gan.losses_of(batch)
    of_d = tape.gradient(d_loss, [v.value for v in gan.discriminator.trainable_variables])
    of_g = tape.gradient(g_loss, [v.value for v in gan.generator.trainable_variables])
else:
    import jax
    weights = gan.trainable_variables
    with keras.StatelessScope([(v, v.value) for v in gan.variables]) as scope:
        gradients, (d_loss, g_loss), _ = gan._gradients(scope, batch)
    table = {id(v): g for v, g in zip(weights, gradients)}
    of_d = [table[id(v)] for v in gan.discriminator.trainable_variables]
    of_g = [table[id(v)] for v in gan.generator.trainable_variables]
arrays = {f"gradient{i}": np.asarray(g) for i, g in enumerate([*of_d, *of_g])}
np.savez(sys.argv[3], d_loss=np.asarray(d_loss), g_loss=np.asarray(g_loss), **arrays)
"""


def test_tensorflow_and_jax_agree_on_losses_and_gradients(tiny_recipe, tmp_path):
    pytest.importorskip("jax")
    random = np.random.default_rng(0)
    gan = GAN(tiny_recipe, BATCH)
    gan.compile()
    given = {
        name: np.asarray(variable.value) + 0.05 * random.standard_normal(variable.shape).astype("float32")
        for name, variable in gan.state().items()
        if name.startswith(("generator/", "discriminator/"))
    }
    given |= _batch(side=112)
    np.savez(tmp_path / "given.npz", **given)
    network = json.dumps(json.loads(tiny_recipe.to_json())["network"])
    outputs = {backend: tmp_path / f"{backend}.npz" for backend in ("tensorflow", "jax")}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _GRADIENTS, network, tmp_path / "given.npz", output],
            env=os.environ | {"KERAS_BACKEND": backend},
        )
        for backend, output in outputs.items()
    ]
    assert [child.wait() for child in children] == [0, 0]
    results = {backend: dict(np.load(output)) for backend, output in outputs.items()}
    assert len(results["jax"]) == 2 + len(gan.trainable_variables)
    for name, expected in results["tensorflow"].items():
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(results["jax"][name] / scale, expected / scale, atol=2e-4, err_msg=name)
