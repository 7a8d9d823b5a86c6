"""What the discriminator is shown in a step: pairs of real and generated images, or windows of them."""

import dataclasses
from typing import Any

import keras
from keras import ops

from image_generating.networks import structure, synthesis
from image_generating.networks.bending import sampled
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.networks.grids import REDUCTION
from image_generating.networks.judges import judge
from image_generating.networks.marker import MARKER_MAPS, spot

# Sides of windows on the last grid, for the judge of structure and for that of texture.
_STRUCTURE_WINDOW, _TEXTURE_WINDOW = 96, 32
# On the last grid: the generator's stage there runs at a quarter of it.
_STRIDE = 4


@dataclasses.dataclass(frozen=True)
class View:
    """Real and generated images as one judge sees them.

    Attributes:
        judge: images → logits.
        reals: (N, H, H, C), images with black -1 and white 1, and beside them their detail.
        fakes: the same shape.
        penalty_gamma: strength of the judge's gradient penalty; None: without.
        pixel_weights: weights, in the generator's loss, of the mean difference between the images of a pair
            (pix2pix, Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks"),
            as they are, reduced to half, to a quarter, …
        whole: whether the images are shown whole and not by windows.
    """

    judge: keras.Model
    reals: Any
    fakes: Any
    penalty_gamma: Any = None
    pixel_weights: tuple = ()
    whole: bool = False


def views(gan, batch: dict) -> list[View]:
    """Generates images and pairs them with real ones.

    A `residual` network never makes images of random latents in training. Each of its stages is given what
    is coarse in a radiograph and must add what is missing (LAPGAN, Denton et al. 2015, "Deep Generative
    Image Models using a Laplacian Pyramid of Adversarial Networks"): structure to the anatomy's image of a
    training image's own latent, texture to a training image reduced. So the two images of a pair show one
    patient, at the same random place, and differ in nothing but what the stage is there to draw.

    Args:
        gan: the `GAN`.
        batch: as `data.batches.Batches` makes them, with aligned images for a `residual` network.
    """
    network = gan.recipe.network
    if network.preset == "classic":
        images = _gray(gan, batch["images"], gan.resolution)
        latents = keras.random.normal((gan.batch_size, network.latent), seed=gan.random)
        fakes = gan.generator(latents, training=True)
        return [View(gan.discriminator, images, fakes, gan.recipe.penalty_gamma or None, whole=True)]
    anatomy, drawing, *restoring = gan.generator.layers
    shown = [_structure(gan, anatomy, drawing, batch)] if drawing.trainable else []
    return shown + [_texture(gan, stage, _gray(gan, batch["images"], gan.resolution)) for stage in restoring]


def _structure(gan, anatomy, stage, batch: dict) -> View:
    """A window of what the stage makes of a section of the anatomy, beside one of the radiograph's.

    What the stage cannot change is in both as the anatomy has it.
    """
    latents = ops.reshape(batch["latents"], (gan.batch_size, gan.recipe.network.latent))
    known = _section(anatomy(latents)[..., :-GRAIN_MAPS], ops.reshape(batch["sections"], (-1, 2, 3)))
    # Where the radiograph has its marker, and not where its latent would have put one.
    marker = spot(ops.reshape(batch["markers"], (gan.batch_size, 2)), known.shape[1])
    known = ops.concatenate([known[..., :-MARKER_MAPS], marker], axis=-1)
    image, aligned = known[..., :1], _gray(gan, batch["aligned"], known.shape[1])
    reals = image + structure.fine(aligned - image)
    side = min(_STRUCTURE_WINDOW, reals.shape[1])
    place = [_STRIDE * steps for steps in _places(gan, reals.shape[1] // _STRIDE, side // _STRIDE)]
    fakes = _drawn(gan, stage, structure, known, place, side)
    recipe = gan.recipe
    settled = gan.images_seen.value >= int(1000 * recipe.settled_kimg)
    return View(
        *_judged(gan, "structure", _crop(reals, place, side), fakes),
        penalty_gamma=ops.where(settled, recipe.settled_penalty_gamma, recipe.penalty_gamma),
        pixel_weights=(ops.where(settled, recipe.settled_pixel_weight, recipe.pixel_weight),),
    )


def _texture(gan, stage, reals) -> View:
    """A window of radiographs, beside what the stage makes of it reduced to the last grid."""
    reduced = ops.average_pool(reals, REDUCTION, REDUCTION)
    side = min(_TEXTURE_WINDOW, reduced.shape[1])
    place = _places(gan, reduced.shape[1], side)
    fakes = _drawn(gan, stage, synthesis, reduced, place, side)
    shown = _crop(reals, [REDUCTION * start for start in place], REDUCTION * side)
    return View(
        *_judged(gan, "texture", shown, fakes),
        penalty_gamma=gan.recipe.texture_penalty_gamma,
        pixel_weights=(gan.recipe.texture_pixel_weight, gan.recipe.texture_half_pixel_weight),
    )


def _section(known, section):
    """A section of what is known (N, n, n, C), as `data.sections` has made the radiograph's, (N, 2, 3)."""
    side = known.shape[1]
    steps = (ops.arange(side, dtype="float32") + 0.5) / side - 0.5
    down, right = ops.meshgrid(steps, steps, indexing="ij")
    places = ops.stack([down, right, ops.ones_like(down)], axis=0)
    rows, columns = ((ops.tensordot(section[:, axis], places, axes=1) + 0.5) * side - 0.5 for axis in (0, 1))
    return sampled(known, rows, columns)


def _drawn(gan, stage, module, known, place, side: int):
    """What a stage, which `module` has built, makes of a window of what is known and of new grain."""
    before, after = module.borders(side)
    window = _crop(module.bordered(known), place, before + side + after)
    shape = (*window.shape[:-1], GRAIN_MAPS)
    # New, as that of a training image's latent would name the image.
    window = ops.concatenate([window, keras.random.normal(shape, seed=gan.random)], axis=-1)
    drawn = stage.get_layer(f"{stage.name}_drawing")(window)
    factor = drawn.shape[1] // window.shape[1]
    middle = slice(factor * before, factor * (before + side))
    return drawn[:, middle, middle]


def _judged(gan, name: str, reals, fakes) -> tuple:
    detail, places = judge(gan.discriminator, name)
    return places, detail(reals), detail(fakes)


def _gray(gan, images, side: int):
    """uint8 images of a batch → (N, side, side, 1), black -1, white 1."""
    # `fit` hands over batches of unknown shape.
    images = ops.reshape(images, (gan.batch_size, side, side, 1))
    return ops.cast(images, "float32") / 127.5 - 1


def _places(gan, side: int, window: int) -> list:
    """Random top and left of a window, which is moved inside where it would hang out.

    So the border is shown as often as the very middle. Drawn from where it fits alone, a window would show
    it twenty times less.
    """
    last, most = side - window, window - 1
    starts = [keras.random.randint((), -most, last + most + 1, seed=gan.random) for _ in range(2)]
    return [ops.clip(start, 0, last) for start in starts]


def _crop(images, place, side: int):
    steps = ops.arange(side, dtype="int32")
    for axis, start in enumerate(place, start=1):
        images = ops.take(images, start + steps, axis=axis)
    return images
