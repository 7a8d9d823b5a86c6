"""Noise that belongs to a latent: from it the generator draws what is chance in a radiograph."""

import keras
from keras import layers

from image_generating.networks.wavelets import SUBBANDS

# On the last grid: one noise value for each of the subbands at twice the side.
GRAIN_MAPS = 4 * SUBBANDS
# Random numbers for each place of the base grid, from which the noise of its cell is mixed.
_SEEDS = 16


def grain(base: int, side: int, latent: int) -> keras.Model:
    """Latents (N, latent) → white noise (N, side, side, GRAIN_MAPS) of unit variance.

    Radiographs are grainy, and a network without a source of chance draws contours where the grain should
    be. This noise belongs to the latent, so that a latent always makes the same image: fixed random weights
    spread its direction over the base grid, and each place there over a cell of the last grid.
    """
    z = keras.Input((latent,))
    fixed = {"use_bias": False, "trainable": False}
    x = layers.UnitNormalization(name="grain_direction")(z)
    unit = keras.initializers.RandomNormal(stddev=1.0)
    x = layers.Dense(base**2 * _SEEDS, kernel_initializer=unit, name="grain_dense", **fixed)(x)
    x = layers.Reshape((base, base, _SEEDS), name="grain_reshape")(x)
    cell = side // base
    spread = keras.initializers.RandomNormal(stddev=_SEEDS**-0.5)
    x = layers.Conv2DTranspose(
        GRAIN_MAPS, cell, strides=cell, kernel_initializer=spread, name="grain_cells", **fixed
    )(x)
    return keras.Model(z, x, name="grain")
