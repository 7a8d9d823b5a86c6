"""After training: both stages are made as strong at every fineness as the training images."""

import dataclasses
from pathlib import Path

import keras
import numpy as np

from image_generating import archive
from image_generating.damage import Damaged
from image_generating.metrics import spectrum
from image_generating.networks.equalizer import set_gains
from image_generating.networks.grids import REDUCTION
from image_generating.sampling import latents

# Their mean spectrum is certain to a tenth of a decibel, and takes some seconds.
_IMAGES = 100
_BATCH = 10


@dataclasses.dataclass(frozen=True)
class Spectra:
    """Typical power of the training images in dB, as `metrics.spectrum.radial` measures it.

    Attributes:
        reduced: (R/8,), of images reduced to the last grid.
        full: (R/2,).
    """

    reduced: np.ndarray
    full: np.ndarray


def measure(dataset) -> Spectra:
    """Measures the spectra of 100 images of a `Dataset`, evenly spread."""
    side = dataset.images.shape[1]
    chosen = np.linspace(0, len(dataset) - 1, min(len(dataset), _IMAGES)).astype(int)
    return Spectra(*(_typical(dataset.reduced(chosen, r)) for r in (side // REDUCTION, side)))


def save(path: Path, spectra: Spectra) -> None:
    """Writes spectra to a file that ends in .npz."""
    archive.write(path, dataclasses.asdict(spectra))


def load(path: Path, side: int) -> Spectra:
    """Reads what `save` wrote.

    Args:
        path: the file.
        side: R of the images.

    Raises:
        FileNotFoundError: if there is no such file.
        Damaged: if it holds something else than spectra of such images.
        UserError: if a newer version wrote it.
    """
    remedy = "The run's `train` command, given again, measures it anew."
    spectra = archive.read_as(Spectra, path, remedy)
    for name, length in (("reduced", side // REDUCTION // 2), ("full", side // 2)):
        if getattr(spectra, name).shape != (length,):
            raise Damaged(path, f"{name} is not of images of {side} px", remedy)
    return spectra


def calibrate(generator: keras.Sequential, wanted: Spectra) -> None:
    """Sets the equalizers of a trained `residual` generator, by the mean spectra of 100 of its images.

    Args:
        generator: of the full resolution; whatever its equalizers were set to is forgotten.
        wanted: of its training images.
    """
    anatomy, structure, synthesis = generator.layers[:3]
    z = latents(_IMAGES, generator.input_shape[-1], seed=0)
    shown = [anatomy]
    # In this order, as texture is drawn from what structure has drawn.
    for stage, power in ((structure, wanted.reduced), (synthesis, wanted.full)):
        equalizer = stage.get_layer(f"{stage.name}_equalizer")
        set_gains(equalizer, np.zeros(len(power)))
        shown.append(stage)
        set_gains(equalizer, power - _typical(_made(shown, z)))


def _made(stages, z: np.ndarray) -> np.ndarray:
    """What stages make of latents (N, latent), uint8 (N, r, r)."""
    batches = []
    for start in range(0, len(z), _BATCH):
        x = z[start : start + _BATCH]
        for stage in stages:
            x = stage(x)
        batches.append(np.rint(np.clip(np.asarray(x)[..., 0] * 127.5 + 127.5, 0, 255)).astype("uint8"))
    return np.concatenate(batches)


def _typical(images: np.ndarray) -> np.ndarray:
    return np.mean([spectrum.radial(image)[0] for image in images], axis=0)
