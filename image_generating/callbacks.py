"""What happens beside the steps of a training: when it stops, what it saves, what it shows."""

import math
import sys
import time
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from image_generating import checkpoint, previews, states
from image_generating.errors import UserError
from image_generating.figures import save_preview
from image_generating.history import recover_history, write_history
from image_generating.runs import Run
from image_generating.schedule import Schedule
from image_generating.stopping import Stop

# Steps in a row that may be dropped for non-finite numbers before the run goes back.
_DROPS_TOLERATED = 10
_SECONDS_BETWEEN_CHECKPOINTS = 60.0
_SECONDS_BETWEEN_LOOKS = 0.5
# The GIF has a frame for each: at least so many, however the run is bounded.
_PREVIEWS_PER_RUN = 48
_EPOCHS_BETWEEN_PREVIEWS = 100
PREVIEW_LATENTS = 9


class Clock(keras.callbacks.Callback):
    """Knows how far the training is and stops `fit` when a phase, the training or patience ends.

    It must come first in the list of callbacks, as the others read it, also in place of the model.

    Attributes:
        images: number of real images shown.
        batch_size: number of images in a step.
        resolution: of the present phase of growth.
        epochs: passes over the data set that makes.
        seconds: training time, over all sessions.
        interrupted: whether Ctrl-C or SIGTERM asked for the end.
        diverged: whether too many steps in a row were dropped.
    """

    def __init__(self, schedule: Schedule, data_set_size: int, seconds: float, stop: Stop | None = None):
        super().__init__()
        self.schedule = schedule
        self.data_set_size = data_set_size
        self.images = 0
        self.diverged = False
        self._stop = stop or Stop()
        self._started = time.monotonic() - seconds

    @property
    def interrupted(self) -> bool:
        return self._stop.requested

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def epochs(self) -> float:
        return self.images / self.data_set_size

    @property
    def progress(self) -> float:
        """How much of the training is done, 1 at its end."""
        return self.schedule.progress(self.images, self.seconds)

    def on_train_begin(self, logs=None):
        self.images = int(self.model.images_seen.value)
        # Kept, as asking a callback for its model after a step costs JAX more than the step itself.
        self.batch_size, self.resolution = self.model.batch_size, self.model.resolution

    def on_train_batch_end(self, batch, logs=None):
        self._stop.stepping = True
        self.images += self.batch_size
        progress = self.progress
        grown = self.schedule.resolution(progress) > self.resolution
        if progress >= 1 or grown or self.interrupted:
            self.model.stop_training = True

    def on_epoch_end(self, epoch, logs=None):
        # Not after every step: reading a number of it waits for a GPU, which then waits for the next step.
        self.diverged = int(self.model.drop_streak.value) >= _DROPS_TOLERATED
        if self.diverged:
            self.model.stop_training = True


class Annealing(keras.callbacks.Callback):
    """Lets the learning rate fall to zero in the phase of texture, as half a cosine.

    Source: Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", without
    restarts. It moves between epochs of the trainer, where either backend takes it up.
    """

    def __init__(self, clock: Clock):
        super().__init__()
        self.clock = clock

    def on_train_begin(self, logs=None):
        self._rate = float(self.model.optimizer.learning_rate)

    def on_epoch_begin(self, epoch, logs=None):
        done = self.clock.schedule.last_phase(self.clock.progress)
        self.model.optimizer.learning_rate = self._rate * (1 + math.cos(math.pi * done)) / 2


class Progress(keras.callbacks.Callback):
    """A progress bar on stderr: share of the training, images per second, losses, time left.

    It should come last in the list of callbacks, so that what the others show stands above the bar.
    """

    def __init__(self, clock: Clock, show: bool = True):
        super().__init__()
        self.clock = clock
        self.show = show
        self.bar = None
        self._images_per_second = 0.0

    def on_train_begin(self, logs=None):
        self._last = self._logs = None
        stage, doing = f"{self.clock.resolution} px", "compiling"
        if self.bar is None:
            self.bar = tqdm(
                total=100,
                initial=self._percent(),
                disable=not self.show,
                file=sys.stderr,
                desc=stage,
                postfix=doing,
                bar_format="{desc} {percentage:3.0f}% |{bar:24}| {elapsed}{postfix}",
            )
        else:
            self.bar.set_description_str(stage, refresh=False)
            self.bar.set_postfix_str(doing)

    def on_train_batch_end(self, batch, logs=None):
        now, self._logs = time.monotonic(), logs
        # The first step is no measure of speed, as it compiles.
        if self._last is None:
            self._last = now, self.clock.images
        # Not after every step, as reading its losses waits for a GPU.
        elif now - self._last[0] >= _SECONDS_BETWEEN_LOOKS:
            self._measure(now)
            self._refresh()

    def on_train_end(self, logs=None):
        if self._logs is not None:
            if not self._images_per_second and self.clock.images > self._last[1]:
                self._measure(time.monotonic())
            self._refresh()

    def _measure(self, now: float) -> None:
        since, images = self._last
        self._last = now, self.clock.images
        rate = (self.clock.images - images) / (now - since)
        self._images_per_second = (self._images_per_second + rate) / 2 if self._images_per_second else rate

    def _refresh(self) -> None:
        self.bar.n = self._percent()
        losses = f"D {self._logs['discriminator_loss']:.3f}, G {self._logs['generator_loss']:.3f}"
        speed = f"{self._images_per_second:.1f} img/s, " if self._images_per_second else ""
        self.bar.set_postfix_str(
            f"{speed}{losses}, {self.clock.images / 1000:.1f} kimg, {self._time_left()} left"
        )

    def _percent(self) -> float:
        return 100 * min(self.clock.progress, 1.0)

    def _time_left(self) -> str:
        progress = min(self.clock.progress, 1.0)
        if progress <= 0:
            return "?"
        return tqdm.format_interval(self.clock.seconds * (1 - progress) / progress)

    def close(self) -> None:
        """Leaves the bar on the screen."""
        if self.bar is not None:
            self.bar.close()


class History(keras.callbacks.Callback):
    """Means of the logged scalars, a row each time the trainer's epoch ends, in `history.csv`."""

    def __init__(self, path: Path, clock: Clock):
        super().__init__()
        self.path = path
        self.clock = clock
        self.rows = recover_history(path)
        self._batches = []

    def on_epoch_begin(self, epoch, logs=None):
        self._began, self._batches = time.monotonic(), []

    def on_train_batch_end(self, batch, logs=None):
        self._batches.append(logs)

    def on_epoch_end(self, epoch, logs=None):
        if not self._batches:
            return
        step = int(self.model.step.value)
        seconds = time.monotonic() - self._began
        row = {
            "step": step,
            "epoch": self.clock.epochs,
            "kimg": self.clock.images / 1000,
            "seconds": self.clock.seconds,
            "resolution": self.clock.resolution,
            "images_per_second": len(self._batches) * self.clock.batch_size / seconds,
        }
        for name in self._batches[0]:
            values = [float(batch[name]) for batch in self._batches]
            row[name] = values[-1] if name.startswith("drop") else float(np.mean(values))
        # A run that went back to a checkpoint repeats steps: the last account of them counts.
        self.rows = [old for old in self.rows if old["step"] < step] + [row]
        write_history(self.path, self.rows)


class Previews(keras.callbacks.Callback):
    """Images of fixed latents as training goes on: the frames of the GIF.

    There are some fifty in a run, or one a step in a shorter one.
    """

    def __init__(self, folder: Path, clock: Clock, seed: int):
        super().__init__()
        self.folder = folder
        self.clock = clock
        self.seed = seed
        self.latest: Path | None = None
        self._milestone = None

    def on_train_begin(self, logs=None):
        if self._milestone is None:
            self._milestone = self._now()
            if self.clock.images == 0:
                self.write()

    def on_train_batch_end(self, batch, logs=None):
        # Compared, not counted: a training that goes on from a checkpoint makes the same previews.
        now = self._now()
        if now != self._milestone or self.clock.progress >= 1:
            self._milestone = now
            self.write()

    def _now(self) -> tuple[int, int]:
        share = int(self.clock.progress * _PREVIEWS_PER_RUN)
        return share, int(self.clock.epochs / _EPOCHS_BETWEEN_PREVIEWS)

    def write(self) -> None:
        """Writes the preview of this moment."""
        generator = self.model.averaged
        latents = np.random.default_rng(self.seed).standard_normal(
            (PREVIEW_LATENTS, generator.input_shape[-1]), dtype="float32"
        )
        images = np.asarray(generator.predict_on_batch(latents), dtype="float32")[..., 0]
        pixels = np.clip(np.rint(images * 127.5 + 127.5), 0, 255).astype("uint8")
        self.latest = self.folder / previews.file_name(self.clock.epochs, int(self.model.step.value))
        save_preview(pixels, self.latest)


class Checkpoints(keras.callbacks.Callback):
    """Saves the run every minute, after an epoch of the trainer, and for good at each tenth of the run."""

    def __init__(self, run: Run, clock: Clock, rollbacks: int):
        super().__init__()
        self.run = run
        self.clock = clock
        self.rollbacks = rollbacks
        self._identifier = run.identifier
        self._tenth = self._tenths_done()
        self._saved = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        due = time.monotonic() - self._saved >= _SECONDS_BETWEEN_CHECKPOINTS
        due = due or self._tenths_done() > self._tenth
        # `stop_training`: the phase or the run ends here.
        if (due or self.model.stop_training) and not int(self.model.drop_streak.value):
            self.write(self.model)

    def write(self, gan) -> None:
        """Writes a checkpoint of this moment, and before it the milestone that is due.

        In this order, as a run that is killed in between continues from the milestone, and has it.
        """
        state = checkpoint.capture(gan, self.clock.seconds, self.rollbacks, self._identifier)
        if self._tenths_done() > self._tenth:
            states.keep(self.run.milestones, state)
            self._tenth = self._tenths_done()
        states.save(self.run.checkpoints, state)
        self._saved = time.monotonic()

    def _tenths_done(self) -> int:
        return int(10 * self.clock.progress)


class TensorBoard(keras.callbacks.Callback):
    """The history's scalars and the previews for TensorBoard, on either backend."""

    def __init__(self, folder: Path, history: History, previews: Previews):
        super().__init__()
        try:
            from tensorboardX import SummaryWriter
        except ImportError as error:
            raise UserError(
                "--tensorboard needs a package: pip install 'image-generating[tensorboard]'."
            ) from error

        self.writer = SummaryWriter(str(folder))
        self.history = history
        self.previews = previews
        self._shown = None

    def on_epoch_end(self, epoch, logs=None):
        if not self.history.rows:
            return
        row = self.history.rows[-1]
        step = int(row["step"])
        for name, value in row.items():
            if name != "step":
                self.writer.add_scalar(name, value, step)
        if self.previews.latest != self._shown:
            from PIL import Image

            self._shown = self.previews.latest
            with Image.open(self._shown) as picture:
                self.writer.add_image("preview", np.asarray(picture.convert("L")), step, dataformats="HW")
        self.writer.flush()

    def on_train_end(self, logs=None):
        self.writer.flush()
