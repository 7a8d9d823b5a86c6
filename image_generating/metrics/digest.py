"""One name for a set of numbers."""

import hashlib
from collections.abc import Iterable

import numpy as np


def of_arrays(arrays: Iterable[np.ndarray]) -> str:
    """The sha256, in hexadecimal, of arrays with their shapes and types in the order given."""
    sha256 = hashlib.sha256()
    for array in arrays:
        # Byte order is part of `dtype.str`, so that equal digests mean equal numbers.
        sha256.update(f"{array.dtype.str}{array.shape}".encode())
        sha256.update(np.ascontiguousarray(array))
    return sha256.hexdigest()
