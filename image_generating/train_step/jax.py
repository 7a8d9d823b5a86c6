"""Taking gradients in JAX: one forward pass, pulled back once for each player."""

import jax
import keras


class TrainStep:
    """One simultaneous step of both players, for `keras.Model.fit` on JAX."""

    def train_step(self, state, data):
        """Takes a step on a batch of `Batches`; returns scalars to log and the new state."""
        batch = data[0] if isinstance(data, tuple) else data
        variables = [
            self.trainable_variables,
            self.non_trainable_variables,
            self.optimizer.variables,
            self.metrics_variables,
        ]
        mapping = [pair for group in zip(variables, state, strict=True) for pair in zip(*group, strict=True)]
        with keras.StatelessScope(mapping) as scope:
            before = [scope.get_current_value(variable) for variable in self.learned_variables]
            self.begin_step()
            gradients, losses, logs = self._gradients(scope, batch)
            self.update(gradients, losses, before)
            logs |= {"dropped": self.dropped.value, "drop_streak": self.drop_streak.value}
        return logs, tuple([scope.get_current_value(v) for v in group] for group in variables)

    def _gradients(self, scope, batch):
        others = self.non_trainable_variables
        weights = self.trainable_variables

        def forward(values):
            inputs = list(zip(weights, values, strict=True))
            inputs += [(variable, scope.get_current_value(variable)) for variable in others]
            with keras.StatelessScope(inputs) as inner:
                discriminator_loss, generator_loss, logs = self.losses_of(batch)
            return (discriminator_loss, generator_loss), (logs, [inner.get_current_value(v) for v in others])

        values = [scope.get_current_value(variable) for variable in weights]
        losses, pull_back, (logs, changed) = jax.vjp(forward, values, has_aux=True)
        for variable, value in zip(others, changed, strict=True):
            variable.assign(value)
        (of_discriminator,), (of_generator,) = pull_back((1.0, 0.0)), pull_back((0.0, 1.0))
        generated = {id(variable) for variable in self.generator.trainable_variables}
        gradients = [
            generator_gradient if id(variable) in generated else discriminator_gradient
            for variable, generator_gradient, discriminator_gradient in zip(
                weights, of_generator, of_discriminator, strict=True
            )
        ]
        return gradients, losses, logs
