"""Joins structure of one run with texture of another, as a run that can be exported.

    python experiments/join.py --structure RUN --texture RUN --output RUN

Neither stage knows of the other, so that of several trainings of texture the best can be taken.
"""

import argparse
import dataclasses
import shutil
from pathlib import Path

from image_generating import backend

backend.load()

from image_generating import states
from image_generating.runs import Run


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--structure", required=True, type=Path, help="folder of a run")
    parser.add_argument("--texture", required=True, type=Path, help="folder of a run of the same preset")
    parser.add_argument("--output", required=True, type=Path, help="folder for the joined run")
    options = parser.parse_args()
    structure, texture = (
        states.load_newest(Run(folder).checkpoints) for folder in (options.structure, options.texture)
    )
    for folder, state in ((options.structure, structure), (options.texture, texture)):
        if state is None:
            parser.error(f"{folder} has no checkpoint; name the --output of a training")
    of_texture = {name: array for name, array in texture.arrays.items() if _is_of_texture(name)}
    joined = dataclasses.replace(structure, arrays=structure.arrays | of_texture)
    states.save(Run(options.output).checkpoints, joined)
    for measured in (Run(options.structure).settings, Run(options.structure).spectra):
        shutil.copy(measured, options.output)


def _is_of_texture(name: str) -> bool:
    network, _, variable = name.partition("/")
    return network != "optimizer" and variable.startswith(("synthesis_", "texture_"))


if __name__ == "__main__":
    main()
