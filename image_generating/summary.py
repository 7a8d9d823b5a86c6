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
        # Left to itself, Keras' printer ends the process when nobody reads it.
        network.summary(print_fn=print)
        megabytes = 4 * network.count_params() / 1e6
        print(
            f"{network.name}: {network.count_params():,} parameters, "
            f"{flops(network) / 1e9:.2f} GFLOP per image, {megabytes:.1f} MB of float32 weights\n"
        )


def flops(network: keras.Model) -> int:
    """Floating-point operations of the convolutions and dense layers for one image.

    A multiplication and an addition count as two; biases, activations and resizing are left out.
    """
    return _of_network(network, keras.Input(network.input_shape[1:]))


def _of_network(network: keras.Model, x) -> int:
    """Sums over the layers as they are called on `x`, because networks for windows leave their sides open."""
    counts = []

    def call(layer, *inputs, **options):
        counts.append(_of_layer(layer, inputs[0]))
        return layer(*inputs, **options)

    if isinstance(network, keras.Sequential):
        for layer in network.layers:
            x = call(layer, x)
    else:
        keras.models.clone_model(
            network, input_tensors=x, clone_function=lambda layer: layer, call_function=call
        )
    return sum(counts)


def _of_layer(layer, x) -> int:
    if isinstance(layer, keras.Model):
        return _of_network(layer, keras.tree.map_structure(lambda part: keras.Input(part.shape[1:]), x))
    if isinstance(layer, layers.Conv2DTranspose):
        # Each input position is multiplied by the whole kernel.
        return 2 * math.prod(layer.kernel.shape) * math.prod(x.shape[1:3])
    if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        return 2 * math.prod(layer.kernel.shape) * math.prod(layer.compute_output_shape(x.shape)[1:3])
    if isinstance(layer, layers.Dense):
        return 2 * math.prod(layer.kernel.shape)
    return 0
