"""The default generator: an atlas of the chest, bent and painted, and refined by residual branches.

It is an active appearance model (Cootes, Edwards and Taylor 2001, "Active Appearance Models") that goes
on learning. In the frame of an **atlas**, where every chest has its ribs at the same places, it makes the
gray values; it **bends** them into the shape of a body; there it refines the image. Shape and gray values
are at first linear functions of the latent, the principal components of aligned training images
(`appearance.py`), so that before the first step it makes sharp if ghostly chests of different people.

**Channel 0 of every grid is the image at that grid**, and each stage adds to it a residual branch whose
last convolution starts at zero. So a generator of a lower resolution is contained in a larger one: keep
the weights, add stages, and the new image is at first the old one enlarged, with the atlas' detail of the
new grid. That is what lets training grow (Karras et al. 2018, "Progressive Growing of GANs") with nothing
to fade in. Branches follow R3GAN (Huang et al. 2024, "The GAN is dead; long live the GAN!"): no
normalization layers, a leaky ReLU between two convolutions, the last of them zero at first.
"""

import keras
from keras import layers, ops

from image_generating.config import NetworkConfig
from image_generating.networks.bending import bending
from image_generating.networks.blocks import conv, enlarge, pass_channels_through, zero_conv
from image_generating.networks.grids import grids
from image_generating.networks.synthesis import REDUCTION, grain, synthesis

# A dense layer to 25×25 maps is most of the generator's parameters: 32 maps, widened by a 1×1 convolution.
_LATENT_MAPS = 32
# Adam moves all weights of the mapping's last layer at once; whole, that is a pixel of shape every step.
_MAPPING_SCALE = 0.1
_SLOPE = 0.2


def generator(config: NetworkConfig, resolution: int) -> keras.Sequential:
    """Latents (N, latent) → images (N, resolution, resolution, 1).

    Two networks: `anatomy` makes the image on the last grid, `synthesis` the full resolution from it.
    Below the full resolution there is the first only.
    """
    full = grids(config.resolution)[-1]
    network = keras.Sequential([keras.Input((config.latent,))], name="generator")
    network.add(_anatomy(config, min(resolution, full // REDUCTION), with_grain=resolution == full))
    if resolution == full:
        network.add(synthesis(full, config.synthesis_width))
    return network


def detail_latents(latent: int, level: int) -> int:
    """How many of the latents, the first, move the atlas' image at a level: all at the base and the next."""
    # A quarter as many at each level from there, so that these have as many weights each.
    return min(latent, max(1, latent * 4 // 4**level))


def _anatomy(config: NetworkConfig, resolution: int, with_grain: bool) -> keras.Model:
    """Latents (N, latent) → images (N, resolution, resolution, 1), with grain (…, 1 + GRAIN_MAPS)."""
    sides = grids(config.resolution)
    base, bent_at = sides[0], min(sides[1], sides[-1] // REDUCTION)
    latents = keras.Input((config.latent,))
    beyond = _mapping(base, config.latent, config.mapping_width)(latents)
    shape = _measured(base, 2, config.latent, config.latent, "shape")(latents)
    shape = layers.Add(name="shape_add", dtype="float32")([shape, beyond[..., :2]])
    maps = layers.Dense(base**2 * _LATENT_MAPS, name="base_dense")(latents)
    maps = layers.Reshape((base, base, _LATENT_MAPS), name="base_reshape")(maps)
    channels = config.generator_widths[0]
    widen = layers.Conv2D(channels - 1, 1, name="base_widen")
    image = layers.Add(name="base_add")([_atlas(base, config.latent, 0)(latents), beyond[..., 2:]])
    x = _refine(base, channels)(layers.Concatenate(name="base_grid")([image, widen(maps)]))
    for level, (side, width) in enumerate(zip(sides, config.generator_widths, strict=False)):
        if side > resolution:
            break
        if level:
            detail = _atlas(side, config.latent, level)(latents)
            if side > bent_at:
                detail = bending(base, side, 1)([detail, shape])
            x, channels = _up_stage(side, channels, width)([x, detail]), width
        if side == bent_at:
            x = bending(base, side, channels)([x, shape])
    image = x[..., :1]
    if with_grain:
        noise = grain(base, resolution, config.latent)(latents)
        image = layers.Concatenate(name="image_and_grain")([image, noise])
    return keras.Model(latents, image, name="anatomy")


def _mapping(base: int, latent: int, width: int) -> keras.Model:
    """Latents (N, latent) → what shape and image hold beyond a linear function of them, at first nothing.

    All else that is not linear is local. The two layers before are a mapping network (Karras et al. 2019,
    "StyleGAN").

    Returns:
        A model with outputs (N, base, base, 3): shape, then gray values.
    """
    x = latents = keras.Input((latent,))
    for number in range(2):
        x = layers.Dense(width, kernel_initializer="he_normal", name=f"mapping_dense_{number}")(x)
        x = layers.LeakyReLU(_SLOPE, name=f"mapping_relu_{number}")(x)
    last = layers.Dense(base**2 * 3, use_bias=False, kernel_initializer="zeros", name="mapping_maps")
    x = layers.Reshape((base, base, 3), name="mapping_reshape")(last(x))
    return keras.Model(latents, layers.Rescaling(_MAPPING_SCALE, name="mapping_scale")(x), name="mapping")


def _atlas(side: int, latent: int, level: int) -> keras.Model:
    """Latents (N, latent) → what the atlas has on this grid and not on the one before, (N, side, side, 1)."""
    return _measured(side, 1, latent, detail_latents(latent, level), f"atlas_{side}")


def _measured(side: int, maps: int, latent: int, moving: int, name: str) -> keras.Model:
    """Latents (N, latent) → a linear function of the first `moving` of them, (N, side, side, maps).

    It is measured and not trained: steps of Adam are as long for each weight, and those that belong to one
    pixel each would wander away from what was measured into a fixed pattern of noise.
    """
    latents = keras.Input((latent,))
    dense = layers.Dense(
        side**2 * maps, kernel_initializer="zeros", trainable=False, dtype="float32", name=f"{name}_dense"
    )
    x = layers.Reshape((side, side, maps), name=f"{name}_reshape")(dense(latents[:, :moving]))
    return keras.Model(latents, x, name=name)


def _refine(side: int, channels: int) -> keras.Model:
    """Adds a residual branch to a grid of (side, side, channels)."""
    x = keras.Input((side, side, channels))
    return keras.Model(x, _add_branch(x, channels, f"refine_{side}"), name=f"refine_{side}")


def _up_stage(side: int, channels: int, width: int) -> keras.Model:
    """(side/2, side/2, channels) and detail (side, side, 1) of the image → (side, side, width)."""
    name = f"up_{side}"
    x, detail = keras.Input((side // 2, side // 2, channels)), keras.Input((side, side, 1))
    projection = layers.Conv2D(width, 1, use_bias=False, name=f"{name}_skip")
    # The projection is four times cheaper before the enlargement.
    enlarged = enlarge(f"{name}_enlarge")(projection(x))
    enlarged = layers.Add(name=f"{name}_detail")([enlarged, _as_channel_0(detail, width)])
    stage = keras.Model([x, detail], _add_branch(enlarged, width, name), name=name)
    pass_channels_through(projection)
    return stage


def _as_channel_0(image, channels: int):
    return ops.pad(image, [(0, 0), (0, 0), (0, 0), (0, channels - 1)])


def _add_branch(x, channels: int, name: str):
    branch = conv(channels, 3, f"{name}_conv")(x)
    branch = layers.LeakyReLU(_SLOPE, name=f"{name}_relu")(branch)
    branch = zero_conv(channels, f"{name}_residual")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])
