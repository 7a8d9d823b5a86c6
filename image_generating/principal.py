"""A generator's first guess: the principal components of the training images.

Before the first step the base grid already makes images whose mean and covariance are those of the
training images reduced to it (Turk and Pentland 1991, "Eigenfaces for Recognition"), so that adversarial
training starts from blurred chests of different people and not from noise.
"""

import numpy as np

from image_generating.networks.residual import LATENT_MAPS

# More change little, and take time to reduce.
_MOST_IMAGES = 2000


def initialize(generator, dataset) -> None:
    """Sets the base layer of a `residual` generator so that latents are coordinates along the components.

    Args:
        generator: latents (N, latent) → images, new; its other stages add nothing yet.
        dataset: a `Dataset`; of more than 2 000 images that many, evenly spread, are used.
    """
    anatomy = generator.get_layer("anatomy")
    dense, side = anatomy.get_layer("base_dense"), anatomy.get_layer("base_reshape").target_shape[0]
    mean, components = principal_components(_reduced(dataset, side), generator.input_shape[-1])
    kernel, bias = (np.array(weights) for weights in dense.get_weights())
    # The image is map 0 of the base grid.
    kernel.reshape(-1, side * side, LATENT_MAPS)[..., 0] = components
    bias.reshape(-1, LATENT_MAPS)[:, 0] = mean
    dense.set_weights([kernel, bias])


def principal_components(images: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scaled principal components of images.

    Args:
        images: float (N, P), one image a row.
        count: how many components; those beyond the number of images are zero.

    Returns:
        The mean, float32 (P,), and the components, float32 (count, P), each as long as its standard
        deviation, so that mean + z @ components with standard normal z has the images' covariance.
    """
    mean = images.mean(axis=0)
    _, lengths, directions = np.linalg.svd(images - mean, full_matrices=False)
    components = np.zeros((count, images.shape[1]), np.float32)
    found = (lengths[:, None] * directions)[:count] / np.sqrt(len(images))
    components[: len(found)] = found
    return mean.astype(np.float32), components


def _reduced(dataset, side: int) -> np.ndarray:
    chosen = np.linspace(0, len(dataset) - 1, min(len(dataset), _MOST_IMAGES)).astype(int)
    images = dataset.reduced(chosen, side)
    return images.reshape(len(images), -1) / 127.5 - 1
