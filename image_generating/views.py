"""What the discriminator is shown in a step: pairs of real and generated images, or windows of them."""

import dataclasses
from typing import Any

import keras
from keras import ops

from image_generating.networks import judges
from image_generating.networks.grids import grids

# Side of a window on the last grid before the full resolution, and the rim of it that is cut off again,
# because the generator's last stage sees nothing beyond it.
_WINDOW = 40
_RIM = 4


@dataclasses.dataclass(frozen=True)
class View:
    """Real and generated images as one judge sees them.

    Attributes:
        judge: images → logits.
        reals: (N, H, H, 1), images with black -1 and white 1, or their detail.
        fakes: the same shape.
        whole: whether the images are shown whole and not by windows.
    """

    judge: keras.Model
    reals: Any
    fakes: Any
    whole: bool = True


def views(gan, latents, reals) -> list[View]:
    """Generates images and pairs them with real ones.

    At the full resolution of a `residual` network images are not made whole: the generator's last stage
    and the judge of patches see one window, at the same random place in all images of a step, and the
    judge of the whole sees the image on the last grid.

    Args:
        gan: the `GAN`.
        latents: (N, latent).
        reals: (N, R, R, 1), black -1, white 1.
    """
    network = gan.recipe.network
    if network.preset == "classic":
        return [View(gan.discriminator, reals, gan.generator(latents, training=True))]
    whole = judges.judge(gan.discriminator, "whole")
    if gan.resolution < grids(network.resolution)[-1]:
        return [View(whole, reals, gan.generator(latents, training=True))]
    *trunk, synthesis = gan.generator.layers
    grid = latents
    for layer in trunk:
        grid = layer(grid)
    reduced = ops.average_pool(reals, judges.REDUCTION)
    return [View(whole, reduced, grid[..., :1]), _window(gan, synthesis, grid, reals)]


def _window(gan, synthesis, grid, reals) -> View:
    side = min(_WINDOW, grid.shape[1])
    top, left = (keras.random.randint((), 0, grid.shape[1] - side + 1, seed=gan.random) for _ in range(2))
    # Texture moves the last stage alone: it pulled at the anatomy that the stages before it had learned.
    fakes = synthesis(ops.stop_gradient(_crop(grid, top, left, side)))
    scale = judges.REDUCTION
    rim = scale * _RIM
    shown = _crop(reals, scale * top + rim, scale * left + rim, scale * side - 2 * rim)
    detail, patches = (judges.judge(gan.discriminator, name) for name in ("detail", "patches"))
    return View(patches, detail(shown), detail(fakes[:, rim:-rim, rim:-rim]), whole=False)


def _crop(images, top, left, side: int):
    steps = ops.arange(side, dtype="int32")
    return ops.take(ops.take(images, top + steps, axis=1), left + steps, axis=2)
