"""`train`: one run from its first step, or its last checkpoint, to its bound."""

import dataclasses
import json
import sys
from pathlib import Path

from image_generating import (
    appearance,
    calibration,
    callbacks,
    checkpoint,
    data,
    devices,
    precision,
    pretrained,
)
from image_generating.config import RECIPES, Recipe, TrainConfig
from image_generating.data.batches import Batches
from image_generating.data.sections import in_sections
from image_generating.errors import UserError
from image_generating.figures import plot_curves
from image_generating.files import replacing
from image_generating.gan import GAN
from image_generating.runs import Run
from image_generating.schedule import phases, schedule

_DEMO_MINUTES = 3.0
_MOST_ROLLBACKS = 3
# Passes between two ends of the trainer's epochs, each of which costs a GPU some steps.
_GPU_EPOCH = 10


def run(config: TrainConfig) -> None:
    """The command `train`."""
    train(config)


def train(
    config: TrainConfig, recipe: Recipe | None = None, extra_callbacks=(), progress: bool = True
) -> Run:
    """Trains to the bound, from the run's newest checkpoint if it has one.

    Args:
        config: data, bounds, precision and the folder of the run.
        recipe: default: the preset's.
        extra_callbacks: Keras callbacks to call beside the usual ones.
        progress: whether to show a progress bar on stderr.

    Returns:
        The run, with its checkpoints, previews and history.

    Raises:
        UserError: if the data or the pretrained networks cannot be used, if the run was started with other
            settings, or if training diverged and lowering the learning rate three times did not help.
    """
    if config.batch_size < 1:
        raise UserError(f"--batch-size must be at least 1, not {config.batch_size}.")
    if config.preset == "demo" and not (config.epochs or config.kimg or config.minutes):
        config = config.replace(minutes=_DEMO_MINUTES)
    recipe = _at_resolution(
        recipe or RECIPES["residual" if config.preset == "demo" else config.preset], config
    )
    beginning = None
    if config.pretrained:
        # What is trained already has no need of the settings for its beginning.
        recipe = recipe.replace(settled_kimg=0.0)
        beginning = pretrained.load(config.pretrained, recipe.network)
    run = Run(Path(config.output))
    # Before the data are prepared, which takes longer than saying no.
    growth = phases(recipe)
    images = data.load(config)
    bounds = schedule(config, growth, len(images))
    number_format = precision.choose(config.precision)
    _keep_settings(run, config, recipe, images.key)
    _say(f"{len(images)} images of {config.resolution} px; arithmetic in {number_format}.")
    if recipe.network.preset == "residual" and not run.spectra.exists():
        # For `export`, which has no images.
        calibration.save(run.spectra, calibration.measure(images))
    state = checkpoint.load_newest(run.checkpoints)
    if state is not None:
        _say(f"Continuing {run.folder} at step {state.step} ({state.seconds / 60:.1f} minutes).")
    elif beginning is not None:
        state = beginning
        checkpoint.save(run.checkpoints, state)
    clock = callbacks.Clock(bounds, len(images), state.seconds if state else 0.0)
    clock.images = int(state.arrays["gan/images_seen"]) if state else 0
    if clock.progress >= 1:
        _say("This run has reached its bound; give a larger --epochs, --kimg or --minutes to go on.")
        return run
    with clock.listening():
        _run_phases(run, config, recipe, images, clock, number_format, state, extra_callbacks, progress)
    plot_curves(callbacks.read_history(run.history), run.curves)
    ending = "Stopped" if clock.interrupted else "Done"
    _say(f"{ending}: {clock.images} images shown in {clock.seconds / 60:.1f} minutes; see {run.folder}.")
    return run


def _run_phases(run, config, recipe, images, clock, number_format, state, extra_callbacks, progress) -> None:
    """Trains one phase of the growth after another, going back to a checkpoint when one diverges."""
    aligned = None
    if recipe.network.preset == "residual":
        first_guess = appearance.appearance(run.appearance, images, recipe.network, progress)
        aligned = in_sections(
            images,
            appearance.aligned(len(images)),
            first_guess.latents,
            first_guess.markers,
            first_guess.images.shape[-1],
            recipe.sections,
            config.seed,
        )
    bar = callbacks.Progress(clock, show=progress)
    previews = callbacks.Previews(run.previews, clock, config.seed)
    checkpoints = callbacks.Checkpoints(run, clock, state.rollbacks if state else 0)
    history = callbacks.History(run.history, clock)
    listeners = [clock, callbacks.Annealing(clock), previews, checkpoints, history]
    if config.tensorboard:
        listeners.append(callbacks.TensorBoard(run.folder / "tensorboard", history, previews))
    listeners += [*extra_callbacks, bar]
    try:
        while clock.progress < 1 and not clock.interrupted:
            # A phase once begun is never gone back on, also when the bound was moved out.
            resolution = max(clock.schedule.resolution(clock.progress), state.resolution if state else 0)
            gan = GAN(recipe, config.batch_size, resolution, config.seed, number_format)
            # Structure is learned in the first phase.
            pretrained_phase = config.pretrained and resolution == clock.schedule.phases[0][0]
            rate = recipe.pretrained_rate if pretrained_phase else 1.0
            gan.compile(learning_rate_scale=rate * 0.5**checkpoints.rollbacks)
            if recipe.network.preset == "residual":
                appearance.initialize(gan.generator, first_guess)
                gan.averaged.set_weights(gan.generator.get_weights())
                # The other one is given latents of radiographs in training, which must lead to these.
                appearance.initialize(gan.averaged, first_guess, recipe.gray_spread)
            if state is not None:
                checkpoint.restore(gan, state)
            step = int(gan.step.value)
            batches = Batches(images, config.batch_size, resolution, config.seed, step, aligned)
            # `clock` ends it: in epochs of the trainer there is no bound.
            gan.fit(
                batches,
                epochs=sys.maxsize,
                steps_per_epoch=batches.steps_per_epoch * (_GPU_EPOCH if devices.has_gpu() else 1),
                shuffle=False,
                callbacks=listeners,
                verbose=0,
            )
            if clock.diverged:
                checkpoints.rollbacks += 1
                _give_up_after(checkpoints.rollbacks, run)
                state = checkpoint.load_newest(run.checkpoints)
            else:
                state = checkpoint.capture(gan, clock.seconds, checkpoints.rollbacks)
    finally:
        bar.close()


def _give_up_after(rollbacks: int, run: Run) -> None:
    if rollbacks > _MOST_ROLLBACKS:
        raise UserError(
            f"Training {run.folder} diverged again after {_MOST_ROLLBACKS} returns to a checkpoint, each "
            "with half the learning rate before; its last good checkpoint is kept. Try --precision float32, "
            "a larger --batch-size, or a recipe with a lower learning rate."
        )
    _say(f"Losses are not finite: back to a checkpoint, with half the learning rate (return {rollbacks}).")


def _at_resolution(recipe: Recipe, config: TrainConfig) -> Recipe:
    return recipe.replace(network=recipe.network.replace(resolution=config.resolution))


def _keep_settings(run: Run, config: TrainConfig, recipe: Recipe, data_key: str) -> None:
    """Writes the run's settings, or checks that an existing run was started with the same ones.

    Bounds, precision and logging may change between sessions; what the weights depend on may not.
    """
    fixed = {
        "recipe": dataclasses.asdict(recipe),
        "data_key": data_key,
        "batch_size": config.batch_size,
        "seed": config.seed,
    }
    fixed = json.loads(json.dumps(fixed))
    if run.settings.exists():
        stored = json.loads(run.settings.read_text())
        names = {
            "data_key": "the images (--data, --images, --fit)",
            "recipe": "--preset, --resolution, --pretrained or the recipe",
        }
        different = [
            names.get(name, "--" + name.replace("_", "-")) for name in fixed if stored[name] != fixed[name]
        ]
        if different:
            raise UserError(
                f"{run.folder} was started with another setting of {', '.join(different)}. "
                "Use the same to continue it, or another --output."
            )
        return
    with replacing(run.settings) as temporary:
        temporary.write_text(json.dumps(fixed, indent=2) + "\n")


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)
