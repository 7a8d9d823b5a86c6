"""XLA and bfloat16, which a GPU turns on and a CPU does not, for every network and stage of training."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from image_generating import checkpoint, export, states, views
from image_generating.config import RECIPES, Recipe
from image_generating.gan import GAN
from image_generating.networks import classic, judges, structure

BATCH, LATENT, SIDE = 4, 8, 112
# The resolution that each stage of training has of each kind of network, and whose last bias is poisoned.
STAGES = {
    "residual structure": (SIDE // 4, "structure"),
    "residual texture": (SIDE, "texture"),
    "wide structure": (SIDE // 4, "structure"),
    "wide texture": (SIDE, "texture"),
    "classic": (SIDE // 2, "classic"),
}
# Between XLA and plain TensorFlow in float32, as a share of the largest value of an array, or of 1.
FLOAT32_TOLERANCE = 2e-4
# Between losses in bfloat16 and in float32, relative to the losses. Measured: up to 0.004.
BFLOAT16_TOLERANCE = 0.02


@dataclasses.dataclass
class Stage:
    """A stage of training, and one step of it with XLA after one without.

    Attributes:
        recipe: the stage's.
        side: resolution of its images.
        judge: name of the judge that it trains.
        plain: the GAN in float32 and without XLA, after its first step.
        saved: the checkpoint that was written then.
        fast: the GAN in bfloat16 and with XLA, which has taken the second step from that checkpoint.
        restored: its arrays before.
        after: its arrays afterwards.
        logs: what it logged.
    """

    recipe: Recipe
    side: int
    judge: str
    plain: GAN
    saved: checkpoint.Checkpoint
    fast: GAN
    restored: dict
    after: dict
    logs: dict


def _recipe(kind: str) -> Recipe:
    network = RECIPES[kind].network.replace(resolution=SIDE, latent=LATENT)
    if kind == "classic":
        return RECIPES[kind].replace(network=network.replace(resolution=SIDE // 2))
    widths = {"residual": ((8, 16), (8, 8)), "wide": ((12, 20), (4, 8, 8, 12))}
    generator, judge = widths[kind]
    return RECIPES[kind].replace(
        network=network.replace(
            structure_widths=generator,
            structure_judge_widths=judge,
            synthesis_width=8,
            texture_judge_widths=(4, 8),
        )
    )


@pytest.fixture(scope="module")
def smaller():
    """Fewer layers of each kind, as XLA takes seconds for them; windows that are not the whole image."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "_QUARTER_BRANCHES", 1)
        patch.setattr(structure, "_HALF_BRANCHES", 1)
        patch.setattr(classic, "_GENERATOR_LAYERS", ((16, 3), (8, 5), (1, 11)))
        patch.setattr(classic, "_DISCRIMINATOR_LAYERS", ((4, 11, 2), (8, 3, 2), (8, 1, 1)))
        patch.setattr(views, "_STRUCTURE_WINDOW", 24)
        patch.setattr(views, "_TEXTURE_WINDOW", 16)
        # XLA on a CPU draws other random numbers than TensorFlow: here both get the same.
        patch.setattr(keras.random, "normal", _normal)
        patch.setattr(keras.random, "uniform", _uniform)
        patch.setattr(keras.random, "randint", _randint)
        patch.setattr(classic, "_DROPOUT", 0.0)
        yield


def _normal(shape, seed):
    return keras.ops.convert_to_tensor(np.random.default_rng(7).standard_normal(shape, dtype="float32"))


def _uniform(shape, least, most, seed):
    return keras.ops.convert_to_tensor(np.random.default_rng(7).uniform(least, most, shape).astype("float32"))


def _randint(shape, least, most, seed):
    return keras.ops.convert_to_tensor(np.random.default_rng(7).integers(least, most, shape).astype("int32"))


@pytest.fixture(scope="module", params=STAGES)
def stage(request, smaller, tmp_path_factory) -> Stage:
    """Each stage once, as compiling its step takes seconds."""
    recipe, (side, judge) = _recipe(request.param.split()[0]), STAGES[request.param]
    plain = GAN(recipe, BATCH, side)
    plain.compile(jit_compile=False)
    _disturb(plain)
    plain.fit(_Batches(_batch(recipe, side)), verbose=0)
    folder = tmp_path_factory.mktemp("checkpoints")
    saved = checkpoint.load(states.save(folder, checkpoint.capture(plain, 0.0, 0)))
    fast = GAN(recipe, BATCH, side, seed=0, precision="bfloat16")
    fast.compile(jit_compile=True)
    checkpoint.restore(fast, saved)
    restored = _arrays(fast)
    logs = fast.fit(_Batches(_batch(recipe, side, 1)), verbose=0).history
    logs = {name: values[0] for name, values in logs.items()}
    return Stage(recipe, side, judge, plain, saved, fast, restored, _arrays(fast), logs)


class _Batches(keras.utils.PyDataset):
    def __init__(self, batch):
        super().__init__()
        self.batch = batch

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return (self.batch,)


def _batch(recipe: Recipe, side: int, seed: int = 0) -> dict:
    """As training makes them, of images that are noise; zoomed and turned where the recipe has sections."""
    random = np.random.default_rng(seed)
    sections = np.tile(np.eye(2, 3, dtype="float32"), (BATCH, 1, 1))
    if recipe.sections > 1:
        sections[1:] = [[0.9, -0.05, 0.02], [0.05, 0.85, -0.03]]
    return {
        "images": random.integers(0, 256, (BATCH, side, side), dtype="uint8"),
        "aligned": random.integers(0, 256, (BATCH, SIDE // 4, SIDE // 4), dtype="uint8"),
        "sections": sections,
        "latents": random.standard_normal((BATCH, LATENT), dtype="float32"),
        "markers": random.uniform(0.2, 0.8, (BATCH, 2)).astype("float32"),
    }


def _disturb(gan: GAN) -> None:
    """Else the last layer of every branch is zero, and nothing before it has a gradient."""
    random = np.random.default_rng(0)
    for variable in (*gan.generator.trainable_variables, *gan.discriminator.trainable_variables):
        variable.assign_add(0.05 * random.standard_normal(variable.shape))
    gan.averaged.set_weights(gan.generator.get_weights())


def _arrays(gan: GAN) -> dict:
    return {name: np.array(variable.value) for name, variable in gan.state().items()}


def _changed(before: dict, after: dict) -> set:
    return {name for name in before if not np.array_equal(before[name], after[name])}


@pytest.fixture(scope="module")
def second_step(stage):
    """Gradients, losses and logs of the second step in float32, plain and with XLA."""
    batch = tf.nest.map_structure(tf.constant, _batch(stage.recipe, stage.side, 1))

    def step():
        stage.plain.begin_step()
        return stage.plain._gradients(batch)

    results = []
    for run in (step, tf.function(step, jit_compile=True, autograph=False)):
        checkpoint.restore(stage.plain, stage.saved)
        results.append(tf.nest.map_structure(np.asarray, run()))
    return results


def test_a_checkpoint_without_xla_goes_on_with_it(stage):
    """What is not in the checkpoint is the learning rate, which follows from the recipe."""
    assert stage.restored.keys() == stage.saved.arrays.keys()
    assert not _changed(stage.restored, stage.saved.arrays)
    assert stage.after["gan/step"] == 2
    assert stage.after["gan/images_seen"] == 2 * BATCH


def test_a_step_in_bfloat16_is_finite_and_trains_what_the_stage_trains(stage):
    assert all(np.isfinite(value) for value in stage.logs.values())
    assert stage.after["gan/dropped"] == 0
    assert all(np.isfinite(array).all() for array in stage.after.values())
    changed = _changed(stage.restored, stage.after)
    for part in ("generator", "discriminator", "averaged"):
        trained = {variable.path for variable in getattr(stage.plain, part).trainable_variables}
        if part == "averaged":
            trained = {variable.path for variable in stage.plain.generator.trainable_variables}
        moved = {name.removeprefix(f"{part}/") for name in changed if name.startswith(f"{part}/")}
        # Beside these, statistics of normalization.
        network = getattr(stage.plain, part)
        fixed = {variable.path for variable in network.non_trainable_variables} - trained
        counted = {path for path in fixed if "moving" in path}
        assert trained <= moved <= trained | counted
        if stage.judge == "texture":
            assert not any(path.startswith("structure") for path in moved)


def test_losses_and_gradients_are_those_without_xla(second_step):
    plain, compiled = map(tf.nest.flatten, second_step)
    for expected, actual in zip(plain, compiled, strict=True):
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(actual / scale, expected / scale, atol=FLOAT32_TOLERANCE)


def test_every_weight_has_a_gradient(stage, second_step):
    gradients, *_ = second_step[1]
    assert len(gradients) == len(stage.plain.trainable_variables)
    without = [
        weight.path
        for weight, gradient in zip(stage.plain.trainable_variables, gradients, strict=True)
        # A bias of logits cancels where real and generated are compared with each other.
        if not np.abs(gradient).max() and not weight.path.endswith("_logits/bias")
    ]
    assert without == []


def test_losses_in_bfloat16_are_those_of_float32(stage, second_step):
    _, _, expected = second_step[0]
    for name in ("discriminator_loss", "generator_loss"):
        assert stage.logs[name] == pytest.approx(expected[name], rel=BFLOAT16_TOLERANCE)


def test_a_step_that_is_not_finite_is_dropped_with_xla(stage):
    checkpoint.restore(stage.fast, stage.saved)
    if stage.judge == "classic":
        layer = stage.fast.discriminator.get_layer("judge_dense")
    else:
        layer = judges.judge(stage.fast.discriminator, stage.judge)[1].get_layer(f"{stage.judge}_logits")
    layer.bias.assign(np.full(layer.bias.shape, np.nan))
    poisoned = _arrays(stage.fast)
    stage.fast.fit(_Batches(_batch(stage.recipe, stage.side, 1)), verbose=0)
    after = _arrays(stage.fast)
    assert after["gan/dropped"] == after["gan/drop_streak"] == 1
    assert after["gan/step"] == 2
    for name, before in poisoned.items():
        if not name.startswith("gan/"):
            np.testing.assert_array_equal(after[name], before, err_msg=name)


def test_weights_are_float32_in_bfloat16(stage):
    for name, variable in stage.fast.state().items():
        whole = name.startswith("gan/") or name.endswith("iteration")
        assert variable.dtype in (("int32", "int64") if whole else ("float32",)), name
    policies = {layer.compute_dtype for layer in stage.fast.discriminator._flatten_layers()}
    assert "bfloat16" in policies


def test_the_image_is_float32_on_its_whole_way(stage):
    """New stages add nothing: what comes out is what the anatomy gave in, every bit of its gray values."""
    images = np.random.default_rng(0).uniform(-1, 1, (BATCH, stage.side, stage.side, 1)).astype("float32")
    batch = _batch(stage.recipe, stage.side)
    results = []
    for precision in ("float32", "bfloat16"):
        gan = GAN(stage.recipe, BATCH, stage.side, precision=precision)
        random = np.random.default_rng(1)
        if stage.judge != "classic":
            for variable in gan.generator.get_layer("anatomy").variables:
                if variable.path.startswith("atlas"):
                    variable.assign(0.3 * random.standard_normal(variable.shape))
        gan.begin_step()
        shown = [array for view in views.views(gan, batch) for array in (view.reals, view.fakes)]
        shown.append(gan.generator(batch["latents"]))
        if stage.judge != "classic":
            detail, _ = judges.judge(gan.discriminator, stage.judge)
            shown.append(detail(images))
        assert {array.dtype for array in shown} == {tf.float32}
        results.append(shown)
    if stage.judge != "classic":
        for expected, actual in zip(*results, strict=True):
            np.testing.assert_allclose(actual, expected, atol=2e-6)


def test_the_average_makes_the_same_images_with_xla(stage):
    checkpoint.restore(stage.fast, stage.saved)
    averaged = stage.fast.averaged
    latents = np.random.default_rng(0).standard_normal((BATCH, LATENT), dtype="float32")
    images = []
    for compiled in (False, True):
        averaged.jit_compile = compiled
        averaged.make_predict_function(force=True)
        images.append(averaged.predict_on_batch(latents))
    assert images[0].dtype == images[1].dtype == "float32"
    np.testing.assert_allclose(images[1], images[0], atol=0.02)


def test_exported_networks_agree_with_xla(stage, tmp_path):
    """The generator as a SavedModel, the discriminator as Keras loads it."""
    if stage.judge == "structure":
        pytest.skip("exported networks have the full resolution")
    random = np.random.default_rng(0)
    generator, discriminator = export.networks(stage.recipe, stage.saved)
    export._write(generator, tmp_path / "generator")
    export._write(discriminator, tmp_path / "discriminator")
    loaded = tf.saved_model.load(tmp_path / "generator")
    judge = keras.models.load_model(tmp_path / "discriminator")
    latents = tf.constant(random.standard_normal((BATCH, LATENT), dtype="float32"))
    images = loaded.serve(latents)
    for network, inputs in ((loaded.serve, latents), (judge, images)):
        compiled = tf.function(lambda given, network=network: network(given), jit_compile=True)
        np.testing.assert_allclose(compiled(inputs), network(inputs), atol=1e-5)
