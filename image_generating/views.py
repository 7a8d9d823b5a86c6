"""What the discriminator is shown in a step: pairs of real and generated images, or windows of them."""

import dataclasses
from typing import Any

import keras
from keras import ops

from image_generating.networks import judges
from image_generating.networks.grids import grids
from image_generating.networks.synthesis import REDUCTION

# Side of a window on the last grid before the full resolution, and the rim of it that is cut off again,
# because the generator's last stage sees nothing beyond it.
_WINDOW = 42
_RIM = 5


@dataclasses.dataclass(frozen=True)
class View:
    """Real and generated images as one judge sees them.

    Attributes:
        judge: images → logits.
        reals: (N, H, H, C), images with black -1 and white 1, or their detail.
        fakes: the same shape.
        whole: whether the images are shown whole and not by windows.
    """

    judge: keras.Model
    reals: Any
    fakes: Any
    whole: bool = True


def views(gan, latents, reals) -> list[View]:
    """Generates images and pairs them with real ones.

    At the full resolution of a `residual` network images are not made whole. The judge of the whole sees
    them on the last grid. The judge of patches compares one window of each radiograph, at the same random
    place in all images of a step, with what the generator's last stage makes of that window reduced to the
    last grid (Denton et al. 2015, "LAPGAN"): the two differ in texture alone.

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
    anatomy, synthesis = gan.generator.layers
    image_and_grain = anatomy(latents)
    image, grain = image_and_grain[..., :1], ops.stop_gradient(image_and_grain[..., 1:])
    reduced = ops.average_pool(reals, REDUCTION)
    return [View(whole, reduced, image), _window(gan, synthesis, reals, reduced, grain)]


def _window(gan, synthesis, reals, reduced, grain) -> View:
    side = min(_WINDOW, grain.shape[1])
    top, left = (keras.random.randint((), 0, grain.shape[1] - side + 1, seed=gan.random) for _ in range(2))
    fakes = synthesis(_crop(ops.concatenate([reduced, grain], axis=-1), top, left, side))
    rim = REDUCTION * _RIM
    shown = _crop(reals, REDUCTION * top + rim, REDUCTION * left + rim, REDUCTION * side - 2 * rim)
    detail, patches = (judges.judge(gan.discriminator, name) for name in ("detail", "patches"))
    return View(patches, detail(shown), detail(fakes[:, rim:-rim, rim:-rim]), whole=False)


def _crop(images, top, left, side: int):
    steps = ops.arange(side, dtype="int32")
    return ops.take(ops.take(images, top + steps, axis=1), left + steps, axis=2)
