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
    return _count(network, keras.Input(network.input_shape[1:]))[0]


def _count(layer, x) -> tuple[int, keras.KerasTensor]:
    """Operations of a layer or network on an input, and its output; open shapes follow from the input."""
    if isinstance(layer, keras.Sequential):
        total = 0
        for part in layer.layers:
            operations, x = _count(part, x)
            total += operations
        return total, x
    if isinstance(layer, keras.Model):
        counts = []

        def call(part, *inputs, **options):
            operations, y = _count(part, inputs[0]) if len(inputs) == 1 else (0, part(*inputs, **options))
            counts.append(operations)
            return y

        copy = keras.models.clone_model(
            layer, input_tensors=x, clone_function=lambda part: part, call_function=call
        )
        return sum(counts), copy.output
    y = layer(x)
    if isinstance(layer, layers.Conv2DTranspose):
        # Each input position is multiplied by the whole kernel.
        return 2 * math.prod(layer.kernel.shape) * math.prod(x.shape[1:3]), y
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        return 2 * math.prod(layer.kernel.shape) * math.prod(y.shape[1:3]), y
    if isinstance(layer, layers.Dense):
        return 2 * math.prod(layer.kernel.shape), y
    return 0, y
