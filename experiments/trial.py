"""One trial of a recipe: train at one resolution for some minutes, measure, append a line to a table.

    python experiments/trial.py --train DIR --validation DIR --resolution 200 --minutes 10 \
        --set learning_rate=5e-4 --set penalty_gamma=0.1 --name faster

Trials are compared at equal wall-clock time, alone on the machine, or with --kimg at equal numbers of
images. Everything is measured at the trial's resolution on 500 generated images of the averaged
generator; docs/recipe.md says what came of it.
"""

import argparse
import ast
import dataclasses
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np

from image_generating import backend

backend.load()

from image_generating import checkpoint, data, states, training
from image_generating.config import RECIPES, DataConfig, TrainConfig
from image_generating.data import cache
from image_generating.figures import save_preview
from image_generating.gan import GAN
from image_generating.metrics import extractors, features, measures
from image_generating.sampling import latents

FULL = 800
IMAGES = 500


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", required=True, help="folder of training images")
    parser.add_argument("--validation", required=True, help="folder of other real images")
    parser.add_argument(
        "--resolution", type=int, default=200, choices=[200, 800], help="200: structure alone"
    )
    bound = parser.add_mutually_exclusive_group(required=True)
    bound.add_argument("--minutes", type=float)
    bound.add_argument("--kimg", type=float, help="train for so many thousand images")
    parser.add_argument("--batch-size", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", action="append", default=[], metavar="FIELD=VALUE", help="change the recipe")
    parser.add_argument("--appearance", type=Path, help="appearance.npz of a run, which saves aligning anew")
    parser.add_argument("--name", required=True)
    parser.add_argument("--pictures", type=Path, help="PNG file for twelve generated images")
    parser.add_argument("--table", type=Path, default=Path("experiments/trials.jsonl"))
    options = parser.parse_args()
    recipe = changed(RECIPES["residual"], options.set).replace(growth=((FULL // options.resolution, 1.0),))
    with tempfile.TemporaryDirectory() as folder:
        if options.appearance:
            (Path(folder) / "run").mkdir()
            shutil.copy(options.appearance, Path(folder) / "run" / "appearance.npz")
        config = TrainConfig(
            data=options.train,
            output=Path(folder) / "run",
            minutes=options.minutes,
            kimg=options.kimg,
            batch_size=options.batch_size,
            seed=options.seed,
        )
        state = states.load_newest(training.train(config, recipe, progress=False).checkpoints)
    gan = GAN(recipe, options.batch_size, options.resolution)
    gan.compile()
    checkpoint.restore(gan, state)
    row = {
        "name": options.name,
        "changes": options.set,
        "resolution": options.resolution,
        "minutes": state.seconds / 60,
        "batch_size": options.batch_size,
        "seed": options.seed,
        "kimg": int(state.arrays["gan/images_seen"]) / 1000,
    }
    row["images_per_second"] = row["kimg"] * 1000 / state.seconds
    images = generated(gan.averaged)
    if options.pictures:
        save_preview(images[:12], options.pictures)
    row |= quality(images, options.validation)
    print(json.dumps(row))
    with open(options.table, "a") as table:
        table.write(json.dumps(row) + "\n")


def changed(recipe, settings: list[str]):
    """The recipe with some fields changed, each given as FIELD=VALUE; `network.` fields are its networks'."""
    for setting in settings:
        field, _, text = setting.partition("=")
        value = ast.literal_eval(text)
        if field.startswith("network."):
            network = dataclasses.replace(recipe.network, **{field.removeprefix("network."): value})
            recipe = recipe.replace(network=network)
        else:
            recipe = recipe.replace(**{field: value})
    return recipe


def generated(generator) -> np.ndarray:
    """Images of a network, uint8 (500, R, R)."""
    z = latents(IMAGES, generator.input_shape[-1], seed=0)
    batches = [generator.predict_on_batch(z[start : start + 10]) for start in range(0, IMAGES, 10)]
    images = np.concatenate([np.asarray(batch) for batch in batches])[..., 0]
    return np.rint(np.clip(images * 127.5 + 127.5, 0, 255)).astype("uint8")


def quality(images: np.ndarray, validation: str) -> dict[str, float]:
    """KID, precision, recall and spectrum of images (N, R, R) against the validation images, at R."""
    extractor, folder = extractors.get("inception"), cache.default_root()
    dataset = data.load(DataConfig(data=validation, resolution=FULL))
    real = dataset.reduced(np.arange(len(dataset)), images.shape[1])

    def observe(images, label):
        return features.observe(images, len(images), extractor, cache=folder, label=label)

    numbers = measures.likeness(
        observe(images, "generated"), observe(real, "validation"), size=50, seed=0, kid_size=300
    )
    return {key: float(getattr(value, "value", "nan")) for key, value in numbers.items()}


if __name__ == "__main__":
    main()
