"""The original project's DCGAN (after Radford et al. 2016), kept as the honest baseline."""

import keras
from keras import layers

from image_generating.config import NetworkConfig
from image_generating.networks.grids import grids

# Filters and kernel size of each transposed convolution, from the base grid to the image.
_GENERATOR_LAYERS = ((512, 3), (256, 3), (128, 5), (64, 5), (32, 7), (16, 9), (1, 11))
# Filters, kernel size and stride of each convolution.
_DISCRIMINATOR_LAYERS = ((16, 11, 2), (32, 9, 2), (64, 7, 2), (128, 5, 2), (256, 3, 2), (512, 1, 1))
_SLOPE = 0.3
_DROPOUT = 0.3


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1) in [-1, 1].

    At 800 px the last five layers double the base grid of 25, as in the original; at other
    resolutions as many as it takes.
    """
    base, *doubled = grids(resolution)
    network = keras.Sequential(
        [
            keras.Input((config.latent,)),
            layers.Dense(base * base * 512, use_bias=False, name="base_dense"),
            layers.BatchNormalization(name="base_norm"),
            layers.LeakyReLU(_SLOPE, name="base_relu"),
            layers.Reshape((base, base, 512), name="base_reshape"),
        ],
        name="generator",
    )
    first_doubling = len(_GENERATOR_LAYERS) - len(doubled)
    for index, (filters, size) in enumerate(_GENERATOR_LAYERS):
        last = filters == 1
        network.add(
            layers.Conv2DTranspose(
                filters,
                size,
                strides=2 if index >= first_doubling else 1,
                padding="same",
                use_bias=False,
                activation="tanh" if last else None,
                dtype="float32" if last else None,
                name="to_image" if last else f"conv_{index + 1}",
            )
        )
        if not last:
            network.add(layers.BatchNormalization(name=f"norm_{index + 1}"))
            network.add(layers.LeakyReLU(_SLOPE, name=f"relu_{index + 1}"))
    return network


def discriminator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Images (N, resolution, resolution, 1) in [-1, 1] → logits (N, 1)."""
    network = keras.Sequential([keras.Input((resolution, resolution, 1))], name="discriminator")
    for index, (filters, size, stride) in enumerate(_DISCRIMINATOR_LAYERS, start=1):
        network.add(layers.Conv2D(filters, size, stride, padding="same", name=f"conv_{index}"))
        network.add(layers.LeakyReLU(_SLOPE, name=f"relu_{index}"))
        network.add(layers.Dropout(_DROPOUT, name=f"dropout_{index}"))
    network.add(layers.Flatten(name="judge_flatten"))
    network.add(layers.Dense(1, name="judge_dense", dtype="float32"))
    return network
