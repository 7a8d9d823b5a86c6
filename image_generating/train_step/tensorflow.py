"""Taking gradients in TensorFlow: a persistent tape under `tf.function`."""

import tensorflow as tf


class TrainStep:
    """One simultaneous step of both players, for `keras.Model.fit` on TensorFlow."""

    def train_step(self, data):
        """Takes a step on a batch of `Batches` and returns scalars to log."""
        batch = data[0] if isinstance(data, tuple) else data
        before = [tf.identity(variable.value) for variable in self.learned_variables]
        self.begin_step()
        gradients, losses, logs = self._gradients(batch)
        self.update(gradients, losses, before)
        # Copies, as without `tf.function` these are the variables themselves.
        counters = {"dropped": self.dropped, "drop_streak": self.drop_streak}
        return logs | {name: tf.identity(counter.value) for name, counter in counters.items()}

    def _gradients(self, batch):
        with tf.GradientTape(persistent=True) as tape:
            discriminator_loss, generator_loss, logs = self.losses_of(batch)
        generator_weights = self.generator.trainable_variables
        gradients = tape.gradient(generator_loss, [v.value for v in generator_weights]) + tape.gradient(
            discriminator_loss, [v.value for v in self.discriminator.trainable_variables]
        )
        return gradients, (discriminator_loss, generator_loss), logs
