"""An exported folder opens in five ways, where this package is not installed, with equal outputs."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from image_generating import checkpoint, states
from image_generating.config import ExportConfig
from image_generating.errors import UserError
from image_generating.export import export, networks, run
from image_generating.gan import GAN
from image_generating.runs import Run
from image_generating.training import train

# The package is made unimportable, as on a machine that holds only TensorFlow or Keras.
_ALONE = "import sys; sys.modules['image_generating'] = None; import numpy as np; "
_WAYS = {
    "load_model": "tf.keras.models.load_model(sys.argv[1]); images = m.predict_on_batch(z)",
    "saved_model": "tf.saved_model.load(sys.argv[1]); images = m.serve(z)",
    "TFSMLayer": "tf.keras.layers.TFSMLayer(sys.argv[1], call_endpoint='serve'); images = m(z)",
}


@pytest.fixture(scope="module")
def latents():
    return np.random.default_rng(0).standard_normal((3, 8)).astype("float32")


@pytest.fixture(scope="module")
def expected(tiny_export, latents):
    return np.asarray(keras.saving.load_model(tiny_export / "generator")(latents))


def test_images_are_in_the_unit_range(expected):
    assert expected.shape == (3, 112, 112, 1)
    assert expected.dtype == np.float32
    assert expected.min() >= 0
    assert expected.max() <= 1
    assert expected.std() > 0.01


def test_tensorflow_opens_it_in_three_ways_without_this_package(tiny_export, latents, expected, tmp_path):
    np.save(tmp_path / "latents.npy", latents)
    code = _ALONE + "import tensorflow as tf; z = np.load(sys.argv[2])\n"
    for name, way in _WAYS.items():
        code += f"m = {way}; np.save(sys.argv[3] + '/{name}.npy', np.asarray(images))\n"
    subprocess.run(
        [sys.executable, "-c", code, tiny_export / "generator", tmp_path / "latents.npy", tmp_path],
        check=True,
    )
    for name in _WAYS:
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), expected, atol=1e-4, err_msg=name)


def test_saved_model_cli_runs_it(tiny_export, latents, expected, tmp_path):
    np.save(tmp_path / "z.npy", latents)
    program = Path(sys.executable).parent / "saved_model_cli"
    command = [
        program,
        "run",
        "--dir",
        tiny_export / "generator",
        "--tag_set",
        "serve",
        "--signature_def",
        "serve",
    ]
    shown = subprocess.run(
        [
            program,
            "show",
            "--dir",
            tiny_export / "generator",
            "--tag_set",
            "serve",
            "--signature_def",
            "serve",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    key = next(line.split("'")[1] for line in shown.splitlines() if "inputs[" in line)
    subprocess.run([*command, "--inputs", f"{key}={tmp_path / 'z.npy'}", "--outdir", tmp_path], check=True)
    (written,) = [path for path in tmp_path.glob("*.npy") if path.name != "z.npy"]
    np.testing.assert_allclose(np.load(written), expected, atol=1e-4)


def test_plain_keras_on_jax_opens_it(tiny_export, latents, expected, tmp_path):
    pytest.importorskip("jax")
    np.save(tmp_path / "latents.npy", latents)
    code = _ALONE + (
        "import keras; f = keras.saving.load_model(sys.argv[1]).predict_on_batch; "
        "assert keras.config.backend() == 'jax'; assert 'tensorflow' not in sys.modules; "
        "np.save(sys.argv[3], np.asarray(f(np.load(sys.argv[2]))))"
    )
    subprocess.run(
        [
            sys.executable,
            "-c",
            code,
            tiny_export / "generator",
            tmp_path / "latents.npy",
            tmp_path / "out.npy",
        ],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        check=True,
    )
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-4)


def test_the_discriminator_takes_what_the_generator_makes(tiny_export, expected):
    discriminator = keras.saving.load_model(tiny_export / "discriminator")
    assert discriminator.name == "discriminator"
    logits = np.asarray(discriminator(expected))
    assert logits.shape == (3, 1)
    assert np.all(np.isfinite(logits))


def test_networks_of_a_bfloat16_run_in_its_first_phase_are_float32_and_of_full_resolution(growing_recipe):
    gan = GAN(growing_recipe, batch_size=4, grown_to=28, precision="bfloat16")
    gan.compile()
    trained = gan.averaged.get_layer("structure").get_layer("structure_drawing").get_layer("structure_half")
    assert trained.compute_dtype == "bfloat16"
    generator, discriminator = networks(growing_recipe, checkpoint.capture(gan, 0.0, 0))
    for network in (generator, discriminator):
        assert "bfloat16" not in network.to_json()
    assert generator.output_shape == (None, 112, 112, 1)
    exported = generator.get_layer("structure").get_layer("structure_drawing").get_layer("structure_half")
    np.testing.assert_array_equal(exported.kernel, trained.kernel)


def test_export_takes_the_checkpoint_that_is_named(grown, tmp_path):
    trained, _ = grown
    first, *_, last = sorted(trained.milestones.iterdir())
    latents = np.random.default_rng(0).standard_normal((1, 8)).astype("float32")
    made = []
    for number, chosen in enumerate((first, last, None)):
        config = ExportConfig(run=trained.folder, output=tmp_path / str(number), checkpoint=chosen)
        run(config)
        made.append(np.asarray(keras.saving.load_model(config.output / "generator")(latents)))
    assert not np.array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[1], made[2])
    with pytest.raises(UserError, match="There is no checkpoint"):
        export(trained, tmp_path / "models", chosen=tmp_path / "none.npz")
    assert not (tmp_path / "models").exists()


def test_an_export_is_calibrated(grown, tiny_export):
    exported = keras.saving.load_model(tiny_export / "generator")
    trained, _ = networks(grown[0].recipe, states.load_newest(grown[0].checkpoints))
    for stage in ("structure", "synthesis_112"):
        (kernel,) = exported.get_layer(stage).get_layer(f"{stage}_equalizer").get_weights()
        (same,) = trained.get_layer(stage).get_layer(f"{stage}_equalizer").get_weights()
        np.testing.assert_array_equal(np.count_nonzero(same, axis=(0, 1, 2)), 1)
        np.testing.assert_array_equal(np.count_nonzero(kernel, axis=(0, 1, 2)), 81)
        np.testing.assert_allclose(kernel.sum(axis=(0, 1, 2)), 1, atol=1e-5)


def test_a_run_of_an_earlier_version_is_measured_by_its_command(grown_copy, tmp_path):
    spectra = Run(grown_copy.output).spectra
    measured = spectra.read_bytes()
    spectra.unlink()
    with pytest.raises(UserError, match=r"no spectra.npz.*Give its `train` command again"):
        export(Run(grown_copy.output), tmp_path / "models")
    train(grown_copy, Run(grown_copy.output).recipe)
    assert spectra.read_bytes() == measured
    export(Run(grown_copy.output), tmp_path / "models")


def test_export_refuses_what_is_no_run(tmp_path):
    with pytest.raises(UserError, match="no checkpoint"):
        export(Run(tmp_path), tmp_path / "models")
    with pytest.raises(UserError, match="Train it first"):
        run(ExportConfig(run=tmp_path / "nowhere", output=tmp_path / "models"))
    with pytest.raises(UserError, match="grain must be 0 or more"):
        export(Run(tmp_path), tmp_path / "models", grain=-1)
    assert list(tmp_path.iterdir()) == []
