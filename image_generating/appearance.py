"""A generator's first guess: the shapes and gray values of the aligned training images.

An active appearance model (Cootes, Edwards and Taylor 2001) has the mean and the principal components of
shape and of gray values together; a latent is a point in that space. Put into a new generator, it makes
chests with ribs, heart and diaphragm before the first step, while principal components of images that
are not aligned (Turk and Pentland 1991, "Eigenfaces for Recognition") are blurs.
"""

import dataclasses
import sys
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from image_generating import archive
from image_generating.alignment import Alignment, align
from image_generating.background import deepened
from image_generating.damage import Damaged
from image_generating.errors import shown
from image_generating.markers import find_markers
from image_generating.networks.marker import set_places
from image_generating.networks.residual import anatomy_sides, detail_latents

# More change little, and each takes half a second.
_MOST_IMAGES = 400


@dataclasses.dataclass(frozen=True)
class Appearance:
    """Shape and gray values as linear functions of a latent: row 0 for the latent zero, then one a latent.

    Attributes:
        shapes: float32 (1 + latent, B, B, 2), displacements in pixels of that base grid.
        images: float32 (1 + latent, S, S), gray values in the frame of the atlas, black -1, white 1, and
            lower in the background (`background.py`).
        latents: float32 (A, latent), those of the aligned images, which `aligned` names.
        markers: float32 (A, 2), where these have their side marker, down and right, as shares of the side.
    """

    shapes: np.ndarray
    images: np.ndarray
    latents: np.ndarray
    markers: np.ndarray


def appearance(path: Path, dataset, network, progress: bool = True) -> Appearance:
    """Reads the appearance model of a run, or makes and keeps it first, which takes minutes.

    Args:
        path: file of the run, ending in .npz.
        dataset: a `Dataset`, of which the images that `aligned` names are used.
        network: the `NetworkConfig`.
        progress: whether to show a progress bar on stderr.
    """
    try:
        return read(path, len(aligned(len(dataset))), network)
    except FileNotFoundError:
        pass
    except Damaged as error:
        print(shown(f"{error.what} It is made anew."), file=sys.stderr)
    sides = anatomy_sides(network.resolution)
    images = dataset.reduced(aligned(len(dataset)), sides[-1]).astype(np.float32) / 127.5 - 1

    def track(rounds):
        return tqdm(rounds, "Aligning the images", unit="round", file=sys.stderr, disable=not progress)

    # The finest grid adds nothing but time.
    alignment = align(images, sides[:-1] or sides, track)
    alignment = dataclasses.replace(alignment, images=deepened(alignment.images))
    model = principal_appearance(alignment, network.latent, find_markers(images))
    archive.write(path, dataclasses.asdict(model))
    return read(path, len(images), network)


def read(path: Path, count: int, network) -> Appearance:
    """Reads the appearance model of a run.

    Args:
        path: the file.
        count: how many images were aligned.
        network: the `NetworkConfig`.

    Raises:
        FileNotFoundError: if there is no such file.
        Damaged: if it holds something else than a model of so many images for such networks.
        UserError: if a newer version wrote it.
    """
    model = archive.read_as(Appearance, path, remedy="The run's `train` command makes it anew.")
    sides = anatomy_sides(network.resolution)
    base, side, rows = sides[0], sides[-1], 1 + network.latent
    expected = {
        "shapes": (rows, base, base, 2),
        "images": (rows, side, side),
        "latents": (count, network.latent),
        "markers": (count, 2),
    }
    for name, shape in expected.items():
        if getattr(model, name).shape != shape:
            raise Damaged(path, f"{name} is {getattr(model, name).shape} and not {shape}")
    return model


def aligned(count: int) -> np.ndarray:
    """Which of `count` images are aligned and measured: all, or 400 evenly spread."""
    return np.linspace(0, count - 1, min(count, _MOST_IMAGES)).astype(int)


def principal_appearance(alignment: Alignment, latents: int, markers: np.ndarray) -> Appearance:
    """The joint principal components of shape and gray values.

    Both count as much as the other: their total variances are made equal.

    Args:
        alignment: of the training images.
        latents: how many components; those beyond the number of images are zero.
        markers: of the images, as `find_markers` returns them.
    """
    shapes, images = alignment.displacements, alignment.images
    joint = np.concatenate([_unit_variance(shapes), _unit_variance(images)], axis=1)
    # Of the small matrix of products between images: an image has 100 times as many values.
    _, directions = np.linalg.eigh(joint @ joint.T)
    weights = np.zeros((latents, len(images)), np.float32)
    found = directions[:, ::-1][:, :latents].T
    weights[: len(found)] = found / np.sqrt(len(images))
    return Appearance(
        _mean_and_components(shapes, weights),
        _mean_and_components(images, weights),
        # Directions have unit length.
        weights.T * len(images),
        markers,
    )


def initialize(generator, model: Appearance, gray_spread: float = 1.0) -> None:
    """Sets what a `residual` generator makes of a latent to what the appearance model makes of it.

    Args:
        generator: latents (N, latent) → images; its anatomy is set.
        model: with as many components as the generator has latents.
        gray_spread: factor on the components of the gray values.
    """
    anatomy = generator.get_layer("anatomy")
    set_places(anatomy.get_layer("marker"), model.markers)
    _set_measured(anatomy.get_layer("shape"), model.shapes)
    names = [layer.name for layer in anatomy.layers]
    images = np.concatenate([model.images[:1], gray_spread * model.images[1:]])
    made, side, level = 0.0, model.shapes.shape[1], 0
    while f"atlas_{side}" in names:
        moving = 1 + detail_latents(len(images) - 1, level)
        detail = _reduced(images, side) - made
        detail[moving:] = 0
        _set_measured(anatomy.get_layer(f"atlas_{side}"), detail[:moving])
        enlarged = keras.layers.UpSampling2D(2, interpolation="bilinear")((made + detail)[..., None])
        made, side, level = np.array(enlarged)[..., 0], 2 * side, level + 1


def _set_measured(part, rows: np.ndarray) -> None:
    flat = rows.reshape(len(rows), -1)
    part.get_layer(f"{part.name}_dense").set_weights([flat[1:], flat[0]])


def _unit_variance(values: np.ndarray) -> np.ndarray:
    deviations = (values - values.mean(axis=0)).reshape(len(values), -1)
    # A data set of equal images, or of equal shapes, has none.
    return deviations / max(np.linalg.norm(deviations), 1e-6)


def _mean_and_components(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    mean = values.mean(axis=0)
    return np.concatenate([mean[None], np.tensordot(weights, values - mean, axes=1)]).astype(np.float32)


def _reduced(images: np.ndarray, side: int) -> np.ndarray:
    parts = images.shape[-1] // side
    return images.reshape(len(images), side, parts, side, parts).mean(axis=(2, 4))
