"""Reads the tensors of a TorchScript archive without torch.

Such an archive is a zip: `NAME/data.pkl` is a pickle of the module tree, and each tensor in it points at
`NAME/data/KEY`, the raw little-endian numbers. A pickle may call anything it can import, so this one is
read by an unpickler that knows the five names a network needs and refuses every other.
"""

import collections
import io
import math
import os
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from image_generating.errors import UserError

_STORAGES = {"FloatStorage": np.dtype("<f4")}


def read(archive: str | os.PathLike | IO[bytes]) -> dict[str, np.ndarray]:
    """All tensors of a TorchScript archive by their dotted path in the module.

    Args:
        archive: path or open binary file of what `torch.jit.save` wrote; its tensors must be float32.

    Returns:
        For instance `{"net.layers.conv.weight": array of shape (32, 3, 3, 3), ...}`; read-only arrays.

    Raises:
        UserError: not such an archive, damaged, or its pickle asks for more than tensors.
    """
    name = Path(archive).name if isinstance(archive, str | os.PathLike) else "The TorchScript archive"
    try:
        with zipfile.ZipFile(archive) as file:
            index = [
                entry for entry in file.namelist() if entry.count("/") == 1 and entry.endswith("/data.pkl")
            ]
            if len(index) != 1:
                raise UserError(f"{name} is not a TorchScript archive: it has no single data.pkl.")
            module = _TensorUnpickler(file, index[0].removesuffix(".pkl")).load()
            if not isinstance(module, _Module):
                raise UserError(f"{name} is not a TorchScript archive: its pickle holds no module.")
            return dict(_tensors(module))
    except UserError:
        raise
    # A damaged zip or pickle can raise nearly anything.
    except Exception as error:
        raise UserError(f"{name} cannot be read as a TorchScript archive: {error}") from error


class _Module:
    """Stands for every class of the archive's own `__torch__` namespace: attributes, no code."""


def _tensors(module: _Module, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    for key, value in vars(module).items():
        if isinstance(value, _Module):
            yield from _tensors(value, f"{prefix}{key}.")
        elif isinstance(value, np.ndarray):
            yield prefix + key, value


class _TensorUnpickler(pickle.Unpickler):
    def __init__(self, file: zipfile.ZipFile, folder: str):
        super().__init__(io.BytesIO(file.read(folder + ".pkl")))
        self.file = file
        self.folder = folder

    def find_class(self, module: str, name: str):
        if module == "__torch__" or module.startswith("__torch__."):
            return _Module
        if module == "torch" and name in _STORAGES:
            return name  # Only ever handed back to `persistent_load`.
        allowed = {
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
            ("torch.jit._pickle", "build_intlist"): list,
            ("collections", "OrderedDict"): collections.OrderedDict,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no float32 network needs.")
        return allowed[module, name]

    def persistent_load(self, reference) -> np.ndarray:
        kind, storage, key, _device, count = reference
        if kind != "storage" or storage not in _STORAGES:
            raise pickle.UnpicklingError(f"it refers to a {kind} of type {storage}.")
        return np.frombuffer(self.file.read(f"{self.folder}/{key}"), _STORAGES[storage], count)


def _rebuild_tensor(storage: np.ndarray, offset: int, shape: tuple, strides: tuple, *_) -> np.ndarray:
    contiguous = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    # The stride of an axis of length one means nothing, and torch may store any.
    if any(
        length > 1 and stride != wanted
        for length, stride, wanted in zip(shape, strides, contiguous, strict=True)
    ):
        raise pickle.UnpicklingError(f"a tensor of shape {shape} is not stored contiguously.")
    return storage[offset : offset + math.prod(shape)].reshape(shape)
