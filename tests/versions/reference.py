"""Stores what a pair of networks makes of fixed latents, for `load.py` to compare with.

    python tests/versions/reference.py models tests/versions/reference.json

The latents are stored with it, so that no version of a random generator matters. Made anew only when the
committed networks change.
"""

import json
import statistics
import sys
from pathlib import Path

import keras
import numpy as np
from load import load_model, outputs, sampled

_COUNT = 3
# Images are stored at so many pixels by so many.
_GRID = 20


def latents(size: int) -> list[list[float]]:
    """Normal quantiles of an irrational number's multiples, which fill the unit interval evenly."""
    normal = statistics.NormalDist()
    golden = (5**0.5 - 1) / 2
    values = [round(normal.inv_cdf(golden * (index + 1) % 1), 3) for index in range(_COUNT * size)]
    return [values[size * number : size * (number + 1)] for number in range(_COUNT)]


def store(folder: Path, path: Path) -> None:
    """Writes the reference of the generator and the discriminator in a folder."""
    size = keras.saving.load_model(folder / "generator").input_shape[-1]
    inputs = latents(size)
    images, logits = outputs(load_model, folder, np.array(inputs, "float32"))
    step = images.shape[1] // _GRID
    reference = {
        "made_with": f"Keras {keras.__version__} on {keras.config.backend()}",
        "latents": inputs,
        "step": step,
        "pixels": _nine_digits(sampled(images, step)),
        "logits": _nine_digits(logits),
    }
    path.write_text(json.dumps(reference) + "\n")


def _nine_digits(values: np.ndarray) -> list:
    """Nested lists of numbers with the digits that tell all float32 apart."""
    return json.loads(json.dumps(values.tolist()), parse_float=lambda text: float(f"{float(text):.9g}"))


if __name__ == "__main__":
    store(Path(sys.argv[1]), Path(sys.argv[2]))
