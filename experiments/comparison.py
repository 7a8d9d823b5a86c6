"""The figure that sets real images, the original project's pictures and this generator's side by side.

    python experiments/comparison.py --real DIR --original DIR --model models/generator \
        --output images/comparison.png

Nothing is chosen: the first three files of each folder in order of their names, pictures 0 to 2 of seed 0.
Left the whole images, right a window of each at full size.
"""

import argparse
from pathlib import Path

from image_generating import backend

backend.load()

import matplotlib.pyplot as plt
import numpy as np

from image_generating import data, sampling
from image_generating.config import DataConfig
from image_generating.files import replacing

COUNT = 3
SIDE = 800
# Upper lung with ribs, clavicle and vessels, where sharpness shows.
TOP, LEFT, WINDOW = 180, 130, 260


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--real", required=True, help="folder of real images")
    parser.add_argument("--original", required=True, help="folder of the original project's pictures")
    parser.add_argument("--model", type=Path, default=Path("models/generator"))
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    generator = sampling.load_generator(options.model)
    rows = {
        "real": _first(options.real),
        "original": _first(options.original),
        "ours": np.concatenate(list(sampling.generate(generator, COUNT, seed=0))),
    }
    with replacing(options.output) as temporary:
        _draw(rows).savefig(temporary, format="png", dpi=100)


def _first(folder: str) -> np.ndarray:
    return np.asarray(data.load(DataConfig(data=folder, resolution=SIDE)).images[:COUNT])


def _draw(rows: dict[str, np.ndarray]):
    # One pixel of a window is one pixel of the figure.
    inches = WINDOW / 100
    figure = plt.figure(figsize=(2 * COUNT * inches + 0.4, len(rows) * inches), facecolor="white")
    width, height = figure.get_size_inches()
    for row, (label, images) in enumerate(rows.items()):
        bottom = 1 - (row + 1) * inches / height
        figure.text(
            0.2 / width,
            bottom + inches / height / 2,
            label,
            rotation=90,
            ha="center",
            va="center",
            fontsize=12,
        )
        windows = images[:, TOP : TOP + WINDOW, LEFT : LEFT + WINDOW]
        for column, picture in enumerate([*images, *windows]):
            place = ((0.4 + column * inches) / width, bottom, inches / width, inches / height)
            axes = figure.add_axes(place)
            axes.imshow(picture, cmap="gray", vmin=0, vmax=255, interpolation="antialiased")
            axes.axis("off")
    return figure


if __name__ == "__main__":
    main()
