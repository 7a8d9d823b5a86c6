"""Trains the texture stage of a run anew and alone, and writes a checkpoint of the run with it.

    python experiments/texture.py --run RUN --train DIR --kimg 16 --output FOLDER
    image-generating export --run RUN --checkpoint FOLDER/step_….npz

The stage knows nothing of the others, so that it can be trained in minutes when they are done.
"""

import argparse
import dataclasses
import sys
from pathlib import Path

import numpy as np
from trial import FULL, changed

from image_generating import appearance, checkpoint, data, precision
from image_generating.config import DataConfig
from image_generating.data.batches import Aligned, Batches
from image_generating.gan import GAN
from image_generating.runs import Run
from image_generating.views import views

_BATCH = 4
_STEPS = 75


class TextureGAN(GAN):
    """A GAN of which the last stage and its judge are trained, and nothing else."""

    def __init__(self, recipe, number_format: str):
        super().__init__(recipe, _BATCH, precision=number_format)
        for layer in self.generator.layers[:-1]:
            layer.trainable = False
        self.discriminator.get_layer("judges").get_layer("structure").trainable = False

    def losses_of(self, batch: dict):
        return self._judge(views(self, batch)[-1])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, type=Path, help="folder of a residual run of 800 px")
    parser.add_argument("--train", required=True, help="folder of its training images")
    parser.add_argument("--kimg", type=float, default=16.0, help="train for so many thousand images")
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change the recipe")
    parser.add_argument("--output", required=True, type=Path, help="folder for the checkpoint")
    options = parser.parse_args()
    run = Run(options.run)
    whole = checkpoint.load_newest(run.checkpoints)
    recipe = changed(run.recipe, options.set)
    images = data.load(DataConfig(data=options.train, resolution=FULL))
    gan = TextureGAN(recipe, precision.choose("auto"))
    gan.compile()
    measured = appearance.appearance(run.appearance, images, recipe.network)
    aligned = Aligned(appearance.aligned(len(images)), measured.latents, measured.markers, FULL // 4)
    gan.fit(
        Batches(images, _BATCH, FULL, seed=0, aligned=aligned),
        epochs=round(options.kimg * 1000 / _BATCH / _STEPS),
        steps_per_epoch=_STEPS,
        shuffle=False,
        verbose=0,
    )
    print(f"{int(gan.images_seen.value)} images", file=sys.stderr)
    arrays = dict(whole.arrays)
    for name, variable in gan.state().items():
        if name.split("/")[0] in ("generator", "averaged", "discriminator") and (
            "/synthesis_" in name or "/texture_" in name
        ):
            arrays[name] = np.array(variable.value)
    print(checkpoint.save(options.output, dataclasses.replace(whole, arrays=arrays)))


if __name__ == "__main__":
    main()
