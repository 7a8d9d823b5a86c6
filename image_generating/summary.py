"""`summary`: what the networks are made of and what they cost."""

import math

import keras
from keras import layers

from image_generating.config import RECIPES, SummaryConfig
from image_generating.networks import build_discriminator, build_generator


def run(config: SummaryConfig) -> None:
    """The command `summary`."""
    settings = RECIPES[config.preset].network.replace(resolution=config.resolution)
    for network in (build_generator(settings), build_discriminator(settings)):
        network.summary()
        megabytes = 4 * network.count_params() / 1e6
        print(
            f"{network.name}: {network.count_params():,} parameters, "
            f"{flops(network) / 1e9:.2f} GFLOP per image, {megabytes:.1f} MB of float32 weights\n"
        )


def flops(network: keras.Model) -> int:
    """Floating-point operations of the convolutions and dense layers for one image.

    A multiplication and an addition count as two; biases, activations and resizing are left out.
    """
    total = 0
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            total += flops(layer)
        elif isinstance(layer, layers.Conv2DTranspose):
            # Each input position is multiplied by the whole kernel.
            total += 2 * math.prod(layer.kernel.shape) * math.prod(layer.input.shape[1:3])
        elif isinstance(layer, layers.Conv2D):
            total += 2 * math.prod(layer.kernel.shape) * math.prod(layer.output.shape[1:3])
        elif isinstance(layer, layers.Dense):
            total += 2 * math.prod(layer.kernel.shape)
    return total
