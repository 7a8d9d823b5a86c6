"""The default generator: an atlas of the chest, bent into a body, then drawn from coarse to fine.

Its first part, the **anatomy**, is an active appearance model (Cootes, Edwards and Taylor 2001, "Active
Appearance Models"). In the frame of an **atlas**, where every chest has its ribs at the same places, it
makes the gray values; it **bends** them into the shape of a body. Both are linear functions of the
latent, the principal components of aligned training images (`appearance.py`). They are measured and not
trained: the anatomy makes different people with everything in its place from the first step on, but
like every average it has no detail.

The detail is drawn by two adversarially trained networks, as the levels of LAPGAN (Denton et al. 2015,
"Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks"): `structure` on the last
grid, a quarter of the resolution, and `synthesis` from there to the full resolution.
"""

import keras
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.bending import bending, places
from image_generating.networks.blocks import enlarge
from image_generating.networks.grain import grain
from image_generating.networks.grids import REDUCTION, grids
from image_generating.networks.marker import marker
from image_generating.networks.structure import structure
from image_generating.networks.synthesis import synthesis
from image_generating.precision import dtype_policy


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1).

    Args:
        config: the network's settings.
        resolution: the full one, or a quarter of it, where there is no `synthesis` yet.
    """
    full = grids(config.resolution)[-1]
    # Half precision would round gray values by as much as the detail that the judges amplify.
    with dtype_policy("float32"):
        anatomy = _anatomy(config)
    network = keras.Sequential([keras.Input((config.latent,)), anatomy], name="generator")
    network.add(structure(full // REDUCTION, config.structure_widths, pass_grain=resolution == full))
    if resolution == full:
        network.add(synthesis(full, config.synthesis_width))
    return network


def detail_latents(latent: int, level: int) -> int:
    """How many of the latents, the first, move the atlas' image at a level: all at the base and the next."""
    # A quarter as many at each level from there, so that these have as many weights each.
    return min(latent, max(1, latent * 4 // 4**level))


def anatomy_sides(resolution: int) -> tuple[int, ...]:
    """Sides of the grids on which the atlas has its image, the base first, the last grid last."""
    sides = grids(resolution)
    return sides[: sides.index(resolution // REDUCTION) + 1]


def _anatomy(config: NetworkConfig) -> keras.Model:
    """Latents (N, latent) → what is known of each place: (N, side, side, KNOWN_MAPS + GRAIN_MAPS).

    First the image, then where in the atlas the place is (down, right, each in [-1, 1]), then the maps
    of the marker, then grain.
    """
    sides = anatomy_sides(config.resolution)
    base, side = sides[0], sides[-1]
    latents = keras.Input((config.latent,))
    shape = _measured(base, 2, config.latent, config.latent, "shape")(latents)
    image = _atlas(base, config.latent, 0)(latents)
    for level, finer in enumerate(sides[1:], start=1):
        enlarged = enlarge(f"atlas_enlarge_{finer}")(image)
        detail = _atlas(finer, config.latent, level)(latents)
        image = layers.Add(name=f"atlas_add_{finer}")([enlarged, detail])
    # Background is blacker than black (`background.py`), and cut off here it has an edge.
    bent = ops.clip(bending(base, side, 1)([image, shape]), -1.0, 1.0)
    known = [
        bent,
        places(base, side)(shape),
        marker(side, config.latent)(latents),
        grain(base, side, config.latent)(latents),
    ]
    return keras.Model(latents, layers.Concatenate(name="known")(known), name="anatomy")


def _atlas(side: int, latent: int, level: int) -> keras.Model:
    """Latents (N, latent) → what the atlas has on this grid and not on the one before, (N, side, side, 1)."""
    return _measured(side, 1, latent, detail_latents(latent, level), f"atlas_{side}")


def _measured(side: int, maps: int, latent: int, moving: int, name: str) -> keras.Model:
    """Latents (N, latent) → a linear function of the first `moving` of them, (N, side, side, maps)."""
    latents = keras.Input((latent,))
    dense = layers.Dense(side**2 * maps, kernel_initializer="zeros", trainable=False, name=f"{name}_dense")
    x = layers.Reshape((side, side, maps), name=f"{name}_reshape")(dense(latents[:, :moving]))
    return keras.Model(latents, x, name=name)
