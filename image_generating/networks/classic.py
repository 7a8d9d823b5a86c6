"""The original project's DCGAN (after Radford et al. 2016), kept as the honest baseline."""

import keras
from keras import layers

from image_generating.config import NetworkConfig
from image_generating.networks.grids import grids

# The layout's five strided layers: a base grid doubled five times, 25 × 32 = 800.
_DOUBLINGS = 5


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1) in [-1, 1]."""
    base = _base(resolution)
    network = keras.Sequential(
        [
            keras.Input((config.latent,)),
            layers.Dense(base * base * 512, use_bias=False, name="base_dense"),
            layers.BatchNormalization(name="base_norm"),
            layers.LeakyReLU(0.3, name="base_relu"),
            layers.Reshape((base, base, 512), name="base_reshape"),
        ],
        name="generator",
    )
    for index, (filters, size, stride) in enumerate(
        [(512, 3, 1), (256, 3, 1), (128, 5, 2), (64, 5, 2), (32, 7, 2), (16, 9, 2)], start=1
    ):
        network.add(
            layers.Conv2DTranspose(
                filters, size, stride, padding="same", use_bias=False, name=f"conv_{index}"
            )
        )
        network.add(layers.BatchNormalization(name=f"norm_{index}"))
        network.add(layers.LeakyReLU(0.3, name=f"relu_{index}"))
    network.add(
        layers.Conv2DTranspose(
            1, 11, 2, padding="same", use_bias=False, activation="tanh", name="to_image", dtype="float32"
        )
    )
    return network


def discriminator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Images (N, resolution, resolution, 1) in [-1, 1] → logits (N, 1)."""
    _base(resolution)
    network = keras.Sequential([keras.Input((resolution, resolution, 1))], name="discriminator")
    for index, (filters, size, stride) in enumerate(
        [(16, 11, 2), (32, 9, 2), (64, 7, 2), (128, 5, 2), (256, 3, 2), (512, 1, 1)], start=1
    ):
        network.add(layers.Conv2D(filters, size, stride, padding="same", name=f"conv_{index}"))
        network.add(layers.LeakyReLU(0.3, name=f"relu_{index}"))
        network.add(layers.Dropout(0.3, name=f"dropout_{index}"))
    network.add(layers.Flatten(name="judge_flatten"))
    network.add(layers.Dense(1, name="judge_dense", dtype="float32"))
    return network


def _base(resolution: int) -> int:
    """Side of the base grid: five doublings below the image."""
    side = resolution >> _DOUBLINGS
    if side << _DOUBLINGS == resolution and side > 0:
        return side
    return grids(resolution)[0]
