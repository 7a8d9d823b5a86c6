"""The generator and the discriminator as `keras.Sequential` of built-in layers only.

Built-in layers only, so that an exported network loads where this package is not installed.
"""

import keras

from image_generating.config import NetworkConfig
from image_generating.networks import classic, judges, residual

__all__ = ["build_discriminator", "build_generator"]

_GENERATORS = {"residual": residual.generator, "classic": classic.generator}
_DISCRIMINATORS = {"residual": judges.discriminator, "classic": classic.discriminator}


def build_generator(config: NetworkConfig, grown_to: int | None = None) -> keras.Sequential:
    """Builds the generator.

    Args:
        config: the networks' settings.
        grown_to: resolution reached so far by a growing `residual` network; default: the full one.

    Returns:
        A built `Sequential` named `generator`: latents (N, latent) → images (N, R, R, 1), where
        gray values lie around [-1, 1] (`residual` may overshoot: nothing saturates).

    Raises:
        UserError: if no network of this preset has that resolution.
    """
    return _GENERATORS[config.preset](config, grown_to or config.resolution)


def build_discriminator(config: NetworkConfig, grown_to: int | None = None) -> keras.Sequential:
    """Builds the discriminator.

    Args:
        config: the networks' settings.
        grown_to: resolution reached so far by a growing `residual` network; default: the full one.

    Returns:
        A built `Sequential` named `discriminator`: images (N, R, R, 1) in [-1, 1] → logits (N, 1),
        greater for images that look real.

    Raises:
        UserError: if no network of this preset has that resolution.
    """
    return _DISCRIMINATORS[config.preset](config, grown_to or config.resolution)
