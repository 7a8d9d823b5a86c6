"""What the discriminator is shown in a step: pairs of real and generated images, or windows of them."""

import dataclasses
from typing import Any

import keras
from keras import ops

from image_generating.networks.grids import REDUCTION
from image_generating.networks.judges import judge
from image_generating.networks.synthesis import RIM

# Sides of windows on the last grid, for the judge of structure and for that of texture.
_STRUCTURE_WINDOW, _TEXTURE_WINDOW = 96, 42
# On the last grid: the generator's stage there runs at a quarter of it.
_STRIDE = 4


@dataclasses.dataclass(frozen=True)
class View:
    """Real and generated images as one judge sees them.

    Attributes:
        judge: images → logits.
        reals: (N, H, H, C), images with black -1 and white 1, and beside them their detail.
        fakes: the same shape.
        whole: whether the images are shown whole and not by windows.
    """

    judge: keras.Model
    reals: Any
    fakes: Any
    whole: bool = True


def views(gan, latents, reals) -> list[View]:
    """Generates images and pairs them with real ones.

    Images of a `residual` network are not made whole. One window of each, at the same random place in all
    images of a step, is made on the last grid, and at the full resolution a second one of texture.

    Args:
        gan: the `GAN`.
        latents: (N, latent).
        reals: (N, R, R, 1), black -1, white 1.
    """
    network = gan.recipe.network
    if network.preset == "classic":
        return [View(gan.discriminator, reals, gan.generator(latents, training=True))]
    anatomy, structure, *synthesis = gan.generator.layers
    known = anatomy(latents)
    if not synthesis:
        return [_structure(gan, structure, known, reals)]
    reduced = ops.average_pool(reals, REDUCTION)
    grain = known[..., 3:]
    return [_structure(gan, structure, known, reduced), _texture(gan, synthesis[0], reals, reduced, grain)]


def _structure(gan, stage, known, reals) -> View:
    """A window of what the stage makes of the anatomy, beside one of radiographs."""
    side = min(_STRUCTURE_WINDOW, reals.shape[1])
    top, left = (_STRIDE * place for place in _places(gan, (reals.shape[1] - side) // _STRIDE))
    fakes = stage(_crop(known, top, left, side))[..., :1]
    return _window(gan, "structure", _crop(reals, top, left, side), fakes)


def _texture(gan, stage, reals, reduced, grain) -> View:
    """A window of radiographs, beside what the stage makes of it reduced to the last grid.

    The two differ in texture alone (Denton et al. 2015, "LAPGAN").
    """
    side = min(_TEXTURE_WINDOW, grain.shape[1])
    top, left = _places(gan, grain.shape[1] - side)
    fakes = stage(_crop(ops.concatenate([reduced, grain], axis=-1), top, left, side))
    rim = REDUCTION * RIM
    shown = _crop(reals, REDUCTION * top + rim, REDUCTION * left + rim, REDUCTION * side - 2 * rim)
    return _window(gan, "texture", shown, fakes[:, rim:-rim, rim:-rim])


def _window(gan, name: str, reals, fakes) -> View:
    detail, places = judge(gan.discriminator, name)
    return View(places, detail(reals), detail(fakes), whole=False)


def _places(gan, last: int) -> tuple:
    """Two random numbers from 0 to `last`, for the window's top and left."""
    return tuple(keras.random.randint((), 0, last + 1, seed=gan.random) for _ in range(2))


def _crop(images, top, left, side: int):
    steps = ops.arange(side, dtype="int32")
    return ops.take(ops.take(images, top + steps, axis=1), left + steps, axis=2)
