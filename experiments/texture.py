"""Trains the texture stage of exported networks anew and alone, as a run that can be exported.

    python experiments/texture.py --models models --train DIR --kimg 16 --output RUN
    image-generating export --run RUN --output models

The stage knows nothing of the others, so that it can be trained in minutes when they are done. What trains
it is the last phase of the usual training.
"""

import argparse
from pathlib import Path

import numpy as np
from trial import FULL, changed

from image_generating import backend

backend.load()

import keras

from image_generating import checkpoint, training
from image_generating.config import RECIPES, Recipe, TrainConfig
from image_generating.networks import build_discriminator, build_generator
from image_generating.networks.grids import REDUCTION
from image_generating.runs import Run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="exported networks of 800 px")
    parser.add_argument("--train", required=True, help="folder of their training images")
    parser.add_argument(
        "--preset", choices=["residual", "wide"], default="residual", help="that of the networks' training"
    )
    parser.add_argument("--kimg", type=float, default=16.0, help="train for so many thousand images")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change the recipe")
    parser.add_argument("--output", required=True, type=Path, help="folder for the run")
    options = parser.parse_args()
    # No part of the training is for structure.
    recipe = changed(RECIPES[options.preset], options.set).replace(growth=((REDUCTION, 0.0), (1, 1.0)))
    run = Run(options.output)
    if checkpoint.load_newest(run.checkpoints) is None:
        checkpoint.save(run.checkpoints, trained_structure(options.models, recipe))
    config = TrainConfig(data=options.train, output=run.folder, kimg=options.kimg, seed=options.seed)
    training.train(config, recipe)


def trained_structure(models: Path, recipe: Recipe) -> checkpoint.Checkpoint:
    """The beginning of a training of texture: the networks of an export, less what is of texture."""
    generator, discriminator = build_generator(recipe.network), build_discriminator(recipe.network)
    exported = keras.saving.load_model(models / "generator")
    for name in ("anatomy", "structure"):
        generator.get_layer(name).set_weights(exported.get_layer(name).get_weights())
    judges = [
        network.get_layer("judges").get_layer("structure")
        for network in (discriminator, keras.saving.load_model(models / "discriminator"))
    ]
    judges[0].set_weights(judges[1].get_weights())
    parts = {"averaged": generator.layers[:2], "discriminator": judges[:1]}
    arrays = {
        f"{part}/{variable.path}": np.array(variable.value)
        for part, layers in parts.items()
        for layer in layers
        for variable in layer.variables
    }
    counters = {f"gan/{name}": np.int32(0) for name in ("step", "images_seen", "dropped", "drop_streak")}
    return checkpoint.Checkpoint(arrays | counters, FULL // REDUCTION, seconds=0.0, rollbacks=0)


if __name__ == "__main__":
    main()
