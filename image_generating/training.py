"""`train`: one run from its first step, or its last checkpoint, to its bound."""

import sys
from pathlib import Path

from image_generating import (
    appearance,
    calibration,
    callbacks,
    checkpoint,
    data,
    devices,
    files,
    locking,
    precision,
    pretrained,
    settings,
    states,
)
from image_generating.checkpoint import Checkpoint
from image_generating.config import RECIPES, Recipe, TrainConfig
from image_generating.damage import Damaged
from image_generating.data.batches import Batches
from image_generating.data.sections import in_sections
from image_generating.errors import UserError, shown
from image_generating.figures import plot_curves
from image_generating.gan import GAN
from image_generating.history import read_history
from image_generating.runs import Run
from image_generating.schedule import phases, schedule
from image_generating.stopping import Stop

_DEMO_MINUTES = 3.0
# Two checkpoints, ten milestones and the previews of the default networks.
_ROOM = 300_000_000
_MOST_ROLLBACKS = 3
# Passes between two ends of the trainer's epochs, each of which costs a GPU some steps.
_GPU_EPOCH = 10


def run(config: TrainConfig) -> None:
    """The command `train`."""
    train(config)


def train(
    config: TrainConfig, recipe: Recipe | None = None, extra_callbacks=(), progress: bool = True
) -> Run:
    """Trains to the bound, from the run's newest whole checkpoint or milestone if it has one.

    Args:
        config: data, bounds, precision and the folder of the run.
        recipe: default: the preset's.
        extra_callbacks: Keras callbacks to call beside the usual ones.
        progress: whether to show a progress bar on stderr.

    Returns:
        The run, with its checkpoints, previews and history.

    Raises:
        UserError: if the data or the pretrained networks cannot be used, if the folder holds something else
            than a run or a run that another process trains, if the run was started with other settings or
            has lost its checkpoints, or if training diverged and lowering the learning rate three times did
            not help.
    """
    if config.preset == "demo" and not (config.epochs or config.kimg or config.minutes):
        config = config.replace(minutes=_DEMO_MINUTES)
    recipe = _at_resolution(
        recipe or RECIPES["residual" if config.preset == "demo" else config.preset], config
    )
    run = Run(Path(config.output))
    # Before the data are prepared, which takes longer than saying no.
    growth = phases(recipe)
    settings.check_folder(run)
    files.check_folder(run.folder, room=_ROOM)
    stop = Stop()
    with stop.listening(), locking.locked(run.folder):
        _train(run, config, recipe, growth, stop, extra_callbacks, progress)
    return run


def _train(run, config, recipe, growth, stop, extra_callbacks, progress) -> None:
    """The training, in a folder that is this process' alone."""
    states.remove_unfinished(run)
    beginning = None
    if config.pretrained:
        # What is trained already has no need of the settings for its beginning.
        recipe = recipe.replace(settled_kimg=0.0)
        beginning = pretrained.load(config.pretrained, recipe.network)
    images = data.load(config)
    bounds = schedule(config, growth, len(images))
    number_format = precision.choose(config.precision)
    settings.keep_settings(run, config, recipe, images.key)
    _say(f"{len(images)} images of {config.resolution} px; arithmetic in {number_format}.")
    if recipe.network.preset == "residual":
        _measure_spectra(run, images)
    source, state = _newest_state(run, recipe)
    if state is not None:
        minutes = f"{state.seconds / 60:.1f} minutes"
        _say(
            f"Continuing {run.folder} at step {state.step} ({minutes}) from {source.relative_to(run.folder)}."
        )
    clock = callbacks.Clock(bounds, len(images), state.seconds if state else 0.0, stop)
    clock.images = state.images if state else 0
    if clock.progress >= 1:
        _say("This run has reached its bound; give a larger --epochs, --kimg or --minutes to go on.")
        return
    _run_phases(
        run, config, recipe, images, clock, number_format, source, state, beginning, extra_callbacks, progress
    )
    plot_curves(read_history(run.history), run.curves)
    ending = "Stopped" if clock.interrupted else "Done"
    _say(f"{ending}: {clock.images} images shown in {clock.seconds / 60:.1f} minutes; see {run.folder}.")


def _measure_spectra(run: Run, images) -> None:
    """Makes sure that the spectra are there for `export`, which has no images."""
    try:
        calibration.load(run.spectra, images.images.shape[1])
    except FileNotFoundError:
        pass
    except Damaged as error:
        _say(f"{error.what} It is measured anew.")
    else:
        return
    calibration.save(run.spectra, calibration.measure(images))


def _newest_state(run: Run, recipe: Recipe) -> tuple[Path | None, Checkpoint | None]:
    """What a run continues from, and the file of it; None for one that has not begun."""
    found = states.newest(run, repair=True)
    if found:
        checkpoint.check_resolution(found[1], recipe, found[0])
        return found
    if states.begun(run):
        raise UserError(
            f"{run.folder} is a run that has begun, and none of its checkpoints and milestones can be used. "
            f"Put one back into {run.checkpoints} to continue it, or name another --output to start anew."
        )
    return None, None


def _run_phases(
    run, config, recipe, images, clock, number_format, source, state, beginning, extra_callbacks, progress
) -> None:
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
            if state is None:
                pretrained.hand_over(gan, beginning or {})
                # So that a run which has begun always has a state to continue from.
                checkpoints.write(gan)
            else:
                checkpoint.restore(gan, state, source)
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
                source, state = _newest_state(run, recipe)
            else:
                source = "The last phase"
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


def _say(sentence: str) -> None:
    print(shown(sentence), file=sys.stderr)
