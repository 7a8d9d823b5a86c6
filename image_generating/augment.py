"""Differentiable augmentation that is safe for radiographs.

Both real and generated images are augmented before the discriminator sees them (Zhao et al. 2020,
"Differentiable Augmentation for Data-Efficient GAN Training"; Karras et al. 2020, "Training Generative
Adversarial Networks with Limited Data"). There are no flips (the heart has a side, the R marker a
direction), no quarter turns and no inversion: those would be learned as anatomy.
"""

import keras
from keras import ops


def augment(images, recipe, seed: keras.random.SeedGenerator):
    """Changes brightness and contrast of each image, and size and position of all of them.

    Size and position are drawn once a step for the whole batch: real and generated images are then
    compared under the same view, and shared row and column indices make the resampling as cheap as a
    copy, where a warp of each image would cost more than the networks.

    Args:
        images: (N, R, R, 1), black -1, white 1.
        recipe: a `Recipe`; its `brightness`, `contrast`, `zoom` and `shift` are the largest changes.
        seed: where the random numbers come from.

    Returns:
        Images of the same shape; gray values may leave [-1, 1], as clipping would hide a gradient.
    """
    per_image = (ops.shape(images)[0], 1, 1, 1)
    if recipe.zoom or recipe.shift:
        scale = ops.exp(_uniform((), recipe.zoom, seed))
        for axis in (1, 2):
            images = _resample(images, axis, scale, _uniform((), recipe.shift, seed))
    if recipe.contrast:
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        images = mean + (images - mean) * ops.exp(_uniform(per_image, recipe.contrast, seed))
    if recipe.brightness:
        images = images + _uniform(per_image, recipe.brightness, seed)
    return images


def _uniform(shape, largest: float, seed):
    return keras.random.uniform(shape, -largest, largest, seed=seed)


def _resample(images, axis: int, scale, shift):
    """Linear interpolation along one axis about its middle, mirrored at the borders."""
    side = images.shape[axis]
    middle = (side - 1) / 2
    position = middle + (ops.arange(side, dtype="float32") - middle) * scale + shift * side
    # Mirroring: a triangle wave of period 2(side − 1).
    position = ops.abs(ops.mod(position + (side - 1), 2 * (side - 1)) - (side - 1))
    lower = ops.minimum(ops.cast(position, "int32"), side - 2)
    weight = position - ops.cast(lower, "float32")
    weight = ops.reshape(weight, [side if i == axis else 1 for i in range(4)])
    return ops.take(images, lower, axis) * (1 - weight) + ops.take(images, lower + 1, axis) * weight
