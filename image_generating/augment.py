"""Differentiable augmentation that is safe for radiographs.

Both real and generated images are augmented before the discriminator sees them (Zhao et al. 2020,
"Differentiable Augmentation for Data-Efficient GAN Training"; Karras et al. 2020, "Training Generative
Adversarial Networks with Limited Data"). There are no flips (the heart has a side, the R marker a
direction), no quarter turns and no inversion: those would be learned as anatomy.
"""

import keras
from keras import ops


def augment(images, recipe, seed: keras.random.SeedGenerator):
    """Changes brightness and contrast of each image, and the position of all of them.

    The position is drawn once a step for the whole batch: real and generated images are then compared
    under the same view, and shared row and column indices make the shift as cheap as a copy. It moves by
    whole pixels, as resampling would blur the detail that the discriminator is to judge.

    Args:
        images: (N, R, R, 1), black -1, white 1.
        recipe: a `Recipe`; its `brightness`, `contrast` and `shift` are the largest changes.
        seed: where the random numbers come from.

    Returns:
        Images of the same shape; gray values may leave [-1, 1], as clipping would hide a gradient.
    """
    per_image = (ops.shape(images)[0], 1, 1, 1)
    if recipe.shift:
        for axis in (1, 2):
            images = _shift(images, axis, _uniform((), recipe.shift, seed))
    if recipe.contrast:
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        images = mean + (images - mean) * ops.exp(_uniform(per_image, recipe.contrast, seed))
    if recipe.brightness:
        images = images + _uniform(per_image, recipe.brightness, seed)
    return images


def _uniform(shape, largest: float, seed):
    return keras.random.uniform(shape, -largest, largest, seed=seed)


def _shift(images, axis: int, share):
    """Moves images along one axis by a share of their side, mirrored at the borders."""
    side = images.shape[axis]
    pixels = ops.cast(ops.round(share * side), "int32")
    # Mirroring: a triangle wave of period 2(side − 1).
    position = ops.mod(ops.arange(side, dtype="int32") + pixels + (side - 1), 2 * (side - 1))
    return ops.take(images, ops.abs(position - (side - 1)), axis)
