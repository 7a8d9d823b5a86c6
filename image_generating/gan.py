"""The two networks as one Keras model: losses, update, moving average; the same on every backend."""

import functools
import importlib

import keras
from keras import ops

from image_generating.augment import augment
from image_generating.config import Recipe
from image_generating.losses import LOSSES, gradient_penalty
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.judges import judge
from image_generating.precision import dtype_policy
from image_generating.schedule import phases
from image_generating.views import View, views

# How gradients are taken is all that differs between backends.
TrainStep = importlib.import_module(f"image_generating.train_step.{keras.config.backend()}").TrainStep


class GAN(TrainStep, keras.Model):
    """A generator and a discriminator, trained together in simultaneous steps.

    `fit` takes the batches of `data.batches.Batches`, for a `residual` network with aligned images.
    Everything random in a step is a function of the seed and the step's number, so a training continued
    from a checkpoint needs no generator state.

    Args:
        recipe: losses, penalty, averaging, augmentation and the networks' settings.
        batch_size: images per step.
        grown_to: resolution of this phase of the growth; default: the full one.
        seed: of the initial weights and of every step.
        precision: `float32` or `bfloat16`, of the arithmetic; weights are always float32.

    Attributes:
        generator: latents (N, latent) → images (N, R, R, 1), black -1, white 1.
        averaged: the generator whose weights, but for texture's, are the moving average; the one to use.
        discriminator: images (N, R, R, 1) → logits (N, 1).
        step: number of steps taken, those dropped included.
        images_seen: number of real images shown.
        dropped: number of steps dropped because a loss or gradient was not finite.
        drop_streak: how many of the latest steps were dropped without one that was not.

    Example:
        gan = GAN(RECIPES["residual"], batch_size=16)
        gan.compile()
        gan.fit(batches, steps_per_epoch=batches.steps_per_epoch, shuffle=False)
    """

    def __init__(
        self,
        recipe: Recipe,
        batch_size: int,
        grown_to: int | None = None,
        seed: int = 0,
        precision: str = "float32",
    ):
        super().__init__(name="gan")
        self.recipe = recipe
        self.batch_size = batch_size
        self.seed = seed
        self.resolution = grown_to or recipe.network.resolution
        # Initial weights follow from the seed; the resolution keeps new stages from repeating old draws.
        keras.utils.set_random_seed(seed + self.resolution)
        with dtype_policy(precision):
            self.generator = build_generator(recipe.network, self.resolution)
            self.discriminator = build_discriminator(recipe.network, self.resolution)
            self.averaged = build_generator(recipe.network, self.resolution)
        if self.resolution > phases(recipe)[0][0]:
            # Structure has had its phase, and texture does not depend on it: all the time is texture's.
            _, places = judge(self.discriminator, "structure")
            self.generator.get_layer("structure").trainable = places.trainable = False
        self.averaged.trainable = False
        self.averaged.set_weights(self.generator.get_weights())
        self.random = keras.random.SeedGenerator(seed, name="random")
        self.step = self._counter("step")
        self.images_seen = self._counter("images_seen")
        self.dropped = self._counter("dropped")
        self.drop_streak = self._counter("drop_streak")
        self.built = True

    def _counter(self, name: str):
        return self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name=name)

    def compile(self, learning_rate_scale: float = 1.0, **options) -> None:
        """Prepares training.

        Args:
            learning_rate_scale: factor on the recipe's learning rate.
            **options: as in `keras.Model.compile`, such as `jit_compile` and `steps_per_execution`.
        """
        recipe = self.recipe
        # Named, as automatic names count up and checkpoints know variables by name.
        optimizer = keras.optimizers.Adam(
            recipe.learning_rate * learning_rate_scale,
            recipe.beta_1,
            recipe.beta_2,
            global_clipnorm=recipe.clip_norm,
            name="adam",
        )
        # Unbuilt optimizers have no variables, and a checkpoint could not be restored into them.
        optimizer.build(self.trainable_variables)
        super().compile(optimizer=optimizer, **options)

    def losses_of(self, batch: dict):
        """One forward pass of both networks.

        Args:
            batch: as `data.batches.Batches` makes them.

        Returns:
            The discriminator's loss with its penalty, the generator's loss, and a dict of scalars to log.
        """
        judged = [self._judge(view) for view in views(self, batch)]
        discriminator_losses, generator_losses, logs = zip(*judged, strict=True)
        # Where both stages are trained, the account of structure, judged first, is logged.
        return sum(discriminator_losses), sum(generator_losses), logs[0]

    def _judge(self, view: View):
        """Losses of both players in one view of the images, and scalars to log."""
        recipe, count = self.recipe, self.batch_size
        both = ops.concatenate([view.reals, ops.cast(view.fakes, "float32")])
        # Windows have random places already, and detail has no brightness.
        augmentation = recipe if view.whole else recipe.replace(shift=0.0, brightness=0.0)
        both = augment(both, augmentation, self.random)
        # Apart, so that the generator's gradient does not run through the real images too.
        real_logits, fake_logits = _logits(view.judge, both[:count]), _logits(view.judge, both[count:])
        discriminator_loss, generator_loss = LOSSES[recipe.loss](real_logits, fake_logits)
        logs = {
            "discriminator_loss": discriminator_loss,
            "generator_loss": generator_loss,
            "real_above_fake": ops.mean(ops.cast(real_logits > fake_logits, "float32")),
        }
        difference = ops.cast(view.fakes, "float32") - view.reals
        for weight in view.pixel_weights:
            mean = ops.mean(ops.abs(difference))
            generator_loss = generator_loss + weight * mean
            logs.setdefault("pixel_difference", mean)
            difference = ops.average_pool(difference, 2, 2)
        if view.penalty_gamma is not None:
            some = max(1, round(recipe.penalty_share * count))
            # Equal numbers of real and generated images: R1 and R2.
            chosen = ops.stop_gradient(ops.concatenate([both[:some], both[count : count + some]]))
            chosen_logits = ops.concatenate([real_logits[:some], fake_logits[:some]])
            noise = keras.random.normal(chosen.shape, seed=self.random)
            # Twice per mean, as R1 and R2 are summed.
            penalty = 2 * gradient_penalty(
                functools.partial(_logits, view.judge), chosen, chosen_logits, noise, recipe.penalty_sigma
            )
            discriminator_loss = discriminator_loss + view.penalty_gamma / 2 * penalty
            logs["penalty"] = penalty
        return discriminator_loss, generator_loss, logs

    def begin_step(self):
        """Ties the step's random numbers to its number."""
        for number, source in enumerate([self.random, *self._dropouts]):
            # Each draw in a step adds one to the counter: leave room for every draw of a step.
            start = ops.stack([self.seed + number, self.step.value * 32])
            source.state.assign(ops.cast(start, source.state.dtype))
        self.step.assign_add(1)
        self.images_seen.assign_add(self.batch_size)

    def update(self, gradients, losses, before) -> None:
        """Moves both networks at once, and the moving average after them; drops a step that is not finite.

        Args:
            gradients: one for each of `trainable_variables`.
            losses: scalars that must be finite too.
            before: values of `learned_variables` at the start of the step, kept if the step is dropped.
        """
        sums = [ops.sum(ops.cast(value, "float32")) for value in (*gradients, *losses)]
        finite = ops.all(ops.isfinite(ops.stack(sums)))
        self.optimizer.apply(gradients, self.trainable_variables)
        self._move_average()
        for variable, value in zip(self.learned_variables, before, strict=True):
            variable.assign(ops.where(finite, variable.value, value))
        dropped = 1 - ops.cast(finite, "int32")
        self.dropped.assign_add(dropped)
        self.drop_streak.assign((self.drop_streak.value + 1) * dropped)

    def _move_average(self) -> None:
        """Moves the averaged generator.

        The half-life is a tenth of the images seen until it reaches the recipe's, so that early
        averages do not carry the initial noise along (Karras et al. 2020); what begins settled has none.
        Texture is not averaged: that takes its grain away, even with a half-life of 200 images
        (docs/recipe.md).
        """
        keep = 0.0
        if self.recipe.ema_kimg:
            half_life = self.recipe.ema_kimg * 1000.0
            if self.recipe.settled_kimg:
                images = ops.cast(self.images_seen.value, "float32")
                half_life = ops.minimum(half_life, images / 10)
            keep = ops.power(0.5, self.batch_size / half_life)
        for stage in self._learning_stages:
            averages = self.averaged.get_layer(stage.name).variables
            for average, variable in zip(averages, stage.variables, strict=True):
                # Statistics of normalization layers are averages already.
                averaged = variable.trainable and not stage.name.startswith("synthesis")
                share = keep if averaged else 0.0
                average.assign(variable.value + (average.value - variable.value) * share)

    @property
    def learned_variables(self) -> list:
        """All that training changes: both networks, the moving average, the optimizer."""
        stages = self._learning_stages
        averages = [self.averaged.get_layer(stage.name) for stage in stages]
        return [
            *(variable for stage in (*stages, *averages) for variable in stage.weights),
            *self.discriminator.weights,
            *self.optimizer.variables,
        ]

    @property
    def _dropouts(self) -> list:
        """The sources of randomness within the discriminator; the generator has none."""
        layers = self.discriminator._flatten_layers()
        return [layer.seed_generator for layer in layers if hasattr(layer, "seed_generator")]

    @property
    def _learning_stages(self) -> list:
        """The generator's layers but those that are not trained in this phase."""
        return [layer for layer in self.generator.layers if layer.trainable_variables]

    def state(self) -> dict:
        """Every variable that a checkpoint holds, by a name that stays the same when the network grows."""
        networks = {
            "generator": self.generator,
            "averaged": self.averaged,
            "discriminator": self.discriminator,
        }
        state = {
            f"{part}/{variable.path}": variable
            for part, network in networks.items()
            # Random states are not among them: `begin_step` sets those.
            for variable in network.weights
        }
        state |= {f"optimizer/{variable.path}": variable for variable in self.optimizer.variables}
        counters = (self.step, self.images_seen, self.dropped, self.drop_streak)
        return state | {f"gan/{variable.name}": variable for variable in counters}


def _logits(judge, images):
    return ops.cast(judge(images, training=True), "float32")
