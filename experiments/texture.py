"""Trains the texture stage of exported networks anew and alone, as a run that can be exported.

    python experiments/texture.py --models models --train DIR --kimg 16 --output RUN
    image-generating export --run RUN --output models

The stage knows nothing of the others, so that it can be trained in minutes when they are done. What trains
it is the last phase of the usual training.
"""

import argparse
from pathlib import Path

from trial import changed

from image_generating import backend

backend.load()

from image_generating import training
from image_generating.config import RECIPES, TrainConfig
from image_generating.networks.grids import REDUCTION


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
    config = TrainConfig(
        data=options.train,
        output=options.output,
        pretrained=options.models,
        kimg=options.kimg,
        seed=options.seed,
    )
    training.train(config, recipe)


if __name__ == "__main__":
    main()
