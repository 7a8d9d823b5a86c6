"""Where a generator loses: each of its trained stages measured apart.

    python experiments/stages.py --model models/generator --train DIR --validation DIR

Structure: what the generator has at a quarter of its resolution, against validation images reduced to that.
Texture: what the last stage makes of training images reduced to that, against validation images. KID of the
whole generator is at most about the sum of the two.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from trial import FULL, quality

from image_generating import backend

backend.load()

import keras

from image_generating import data
from image_generating.config import DataConfig
from image_generating.networks.grain import GRAIN_MAPS
from image_generating.networks.grids import REDUCTION
from image_generating.networks.marker import MARKER_MAPS, spot
from image_generating.networks.structure import KNOWN_MAPS
from image_generating.sampling import latents

_BATCH = 10


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--model", required=True, type=Path, help="folder of an exported residual generator of 800 px"
    )
    parser.add_argument("--train", required=True, help="folder of training images")
    parser.add_argument("--validation", required=True, help="folder of other real images")
    parser.add_argument("--images", type=int, default=300, help="how many images of each stage")
    options = parser.parse_args()
    generator = keras.saving.load_model(options.model)
    real = data.load(DataConfig(data=options.train, resolution=FULL, images=options.images))
    for name, images in (
        ("structure", of_structure(generator, latents(options.images, generator.input_shape[-1], seed=0))),
        ("texture", of_texture(generator, real.reduced(np.arange(len(real)), FULL))),
    ):
        print(name, json.dumps(quality(images, options.validation)))


def of_structure(generator, z: np.ndarray, markers: np.ndarray | None = None) -> np.ndarray:
    """What the generator has of latents (N, latent) before its last stage, uint8 (N, FULL/4, FULL/4).

    Its markers are at the given places (N, 2), or where the latents put them.
    """
    anatomy, structure = generator.layers[:2]

    def made(some, *places):
        known = np.array(anatomy(some))
        if places:
            known[..., KNOWN_MAPS - MARKER_MAPS : KNOWN_MAPS] = spot(*places, known.shape[1])
        return np.asarray(structure(known))[..., 0]

    return _in_batches(made, z) if markers is None else _in_batches(made, z, markers)


def of_texture(generator, reals: np.ndarray) -> np.ndarray:
    """What the last stage makes of images, uint8 (N, FULL, FULL), that are reduced first."""
    stage, random = generator.layers[2], np.random.default_rng(0)

    def restored(some):
        gray = some[..., None].astype("float32") / 127.5 - 1
        reduced = np.asarray(keras.ops.average_pool(gray, REDUCTION, REDUCTION))
        noise = random.standard_normal((*reduced.shape[:-1], GRAIN_MAPS), "float32")
        return np.asarray(stage(np.concatenate([reduced, noise], axis=-1)))[..., 0]

    return _in_batches(restored, reals)


def _in_batches(make, *inputs: np.ndarray) -> np.ndarray:
    """Gray values [-1, 1] of a function of each batch → uint8."""
    starts = range(0, len(inputs[0]), _BATCH)
    batches = [make(*(array[start : start + _BATCH] for array in inputs)) for start in starts]
    return np.rint(np.clip(np.concatenate(batches) * 127.5 + 127.5, 0, 255)).astype("uint8")


if __name__ == "__main__":
    main()
