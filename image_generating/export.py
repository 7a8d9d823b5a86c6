"""`export`: a run's networks as folders that Keras and TensorFlow load without this package."""

import json
import math
from pathlib import Path

import keras

from image_generating import __version__, calibration, checkpoint, compatibility, states
from image_generating.checkpoint import Checkpoint
from image_generating.config import ExportConfig, Recipe
from image_generating.errors import UserError, shown
from image_generating.files import FolderKind, check_folder, replacing_folder
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.synthesis import strengthen_grain
from image_generating.runs import Run

_MARK = "image_generating_version"
# The weights are written twice, and the graph beside them takes a few megabytes.
_ROOM = 100_000_000


def _is_export(folder: Path) -> bool:
    """Whether a folder carries the mark of an export, or what exports had before there was a mark."""
    try:
        metadata, config = (
            json.loads((folder / f"{name}.json").read_text()) for name in ("metadata", "config")
        )
        if _MARK in metadata:
            return True
        names = [layer["config"].get("name") for layer in config["config"]["layers"]]
        ends = {"generator": ("to_unit_range", "clip"), "discriminator": ("from_unit_range",)}
        ours = ends[config["config"]["name"]]
        return tuple(names[-2:]) == ours or tuple(names[1:2]) == ours
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


EXPORT = FolderKind(
    "network",
    frozenset(
        {
            *("config.json", "metadata.json", "model.weights.h5"),
            *("saved_model.pb", "fingerprint.pb", "variables", "variables/variables.*", "assets"),
        }
    ),
    _is_export,
)


def run(config: ExportConfig) -> None:
    """The command `export`."""
    for folder in export(Run(config.run), config.output, config.checkpoint, config.grain):
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        print(f"{shown(folder)}: {size / 1e6:.1f} MB")


def export(run: Run, output: Path, chosen: Path | None = None, grain: float = 1.0) -> tuple[Path, Path]:
    """Writes the averaged generator and the discriminator of a run's checkpoint.

    Each folder holds a Keras model (`config.json`, `metadata.json`, `model.weights.h5`) and, on the
    TensorFlow backend, a SavedModel as well, so that one path serves every way of loading. Keras 3.4 and
    later open it (`compatibility.py`). A `residual` generator is calibrated first (`calibration.py`).

    Args:
        run: the run.
        output: folder that gets `generator` and `discriminator`.
        chosen: file of the run's checkpoint; default: the newest checkpoint or milestone that is whole.
        grain: factor on the grain that the generator's last stage draws; `classic` has none.

    Returns:
        The two folders.

    Raises:
        UserError: if something else is in the way, if the run has no checkpoint or not this one, if the
            checkpoint is of other networks, if `grain` is negative, if the spectra of the run's images were
            not measured, or if Keras 3.4 could not read what was written.
    """
    if not 0 <= grain < math.inf:
        raise UserError(f"The grain must be 0 or more, and finite, not {grain}.")
    for name in ("generator", "discriminator"):
        check_folder(Path(output) / name, EXPORT, _ROOM)
    source, state = (chosen, checkpoint.load(chosen)) if chosen else _newest(run)
    recipe = run.recipe
    generator, discriminator = networks(recipe, state, source)
    if recipe.network.preset == "residual":
        try:
            spectra = calibration.load(run.spectra, recipe.network.resolution)
        except FileNotFoundError as error:
            raise UserError(
                f"{run.folder} has no {run.spectra.name}, as it is of an earlier version. Give its `train` "
                "command again, which writes it."
            ) from error
        strengthen_grain(generator.get_layer(f"synthesis_{recipe.network.resolution}"), grain)
        calibration.calibrate(generator, spectra)
    return (
        _write(generator, Path(output) / "generator"),
        _write(discriminator, Path(output) / "discriminator"),
    )


def _newest(run: Run) -> tuple[Path, Checkpoint]:
    found = states.newest(run)
    if found is None and states.begun(run):
        raise UserError(
            f"None of the checkpoints and milestones of {run.folder} can be used. Put one back into "
            f"{run.checkpoints}, or name another one with --checkpoint."
        )
    if found is None or not found[1].step:
        raise UserError(f"{run.folder} has no checkpoint to export. Train it first.")
    return found


def networks(
    recipe: Recipe, state: Checkpoint, source: object = "The checkpoint"
) -> tuple[keras.Sequential, keras.Sequential]:
    """Rebuilds a checkpoint's networks in float32, with gray values in [0, 1].

    Args:
        recipe: of the run.
        state: the checkpoint.
        source: where that comes from, for messages.

    Returns:
        As `in_unit_range`. A run that stopped before its growth was complete gives networks of the full
        resolution, whose last stages enlarge and reduce smoothly.

    Raises:
        UserError: if the checkpoint is of other networks.
    """
    checkpoint.check_networks(state, recipe, source)
    generator = build_generator(recipe.network)
    discriminator = build_discriminator(recipe.network)
    for part, network in (("averaged", generator), ("discriminator", discriminator)):
        for variable in network.weights:
            # Stages that come after the checkpoint's resolution keep their initial values.
            stored = state.arrays.get(f"{part}/{variable.path}")
            if stored is not None:
                variable.assign(stored)
    return in_unit_range(generator, discriminator)


def in_unit_range(
    generator: keras.Sequential, discriminator: keras.Sequential
) -> tuple[keras.Sequential, keras.Sequential]:
    """Turns networks as they are trained into networks as they are exported.

    Returns:
        The generator, latents (N, latent) → images (N, R, R, 1) in [0, 1], and the discriminator, such
        images → logits (N, 1).
    """
    generator.add(keras.layers.Rescaling(0.5, 0.5, name="to_unit_range"))
    generator.add(keras.layers.ReLU(max_value=1.0, name="clip"))
    from_unit_range = keras.layers.Rescaling(2.0, -1.0, name="from_unit_range")
    judge = keras.Sequential(
        [keras.Input(discriminator.input_shape[1:]), from_unit_range, *discriminator.layers],
        name="discriminator",
    )
    return generator, judge


def _write(network: keras.Sequential, folder: Path) -> Path:
    with replacing_folder(folder, EXPORT) as temporary:
        # Saved first: Keras refuses a folder that has assets already.
        network.save(temporary, zipped=False)
        compatibility.mend(temporary)
        _mark(temporary / "metadata.json")
        if keras.config.backend() == "tensorflow":
            _save_serving_function(network, temporary)
    return folder


def _mark(path: Path) -> None:
    """Says in Keras' own account of the file who wrote it; Keras passes over what it does not know there."""
    path.write_text(json.dumps(json.loads(path.read_text()) | {_MARK: __version__}))


def _save_serving_function(network: keras.Sequential, folder: Path) -> None:
    """Writes a SavedModel with the endpoint `serve`, as `network.export` does, but each weight once."""
    import tensorflow as tf

    served = tf.Module()
    served.weights = [variable.value for variable in network.variables]
    served.serve = tf.function(
        lambda inputs: network(inputs, training=False),
        input_signature=[tf.TensorSpec(network.input_shape, "float32", name="inputs")],
        autograph=False,
    )
    signatures = {"serve": served.serve, "serving_default": served.serve}
    # It announces the temporary folder, which nobody will find.
    logger, level = tf.get_logger(), tf.get_logger().level
    logger.setLevel("WARNING")
    try:
        tf.saved_model.save(served, folder, signatures)
    finally:
        logger.setLevel(level)
