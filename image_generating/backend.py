"""Loading Keras with its backend: quietly, and with advice when the backend is missing."""

import contextlib
import os
from collections.abc import Iterator

from image_generating.errors import UserError


def load() -> None:
    """Imports Keras and the backend that `KERAS_BACKEND` or Keras' own settings name.

    Raises:
        UserError: if the backend is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Else a GPU rounds float32 to ten bits, which costs the detail that judges are shown amplified.
    os.environ.setdefault("JAX_DEFAULT_MATMUL_PRECISION", "float32")
    try:
        with _native_stderr_dropped():
            import keras
    except ModuleNotFoundError as error:
        raise UserError(
            f"Keras' backend {error.name} is not installed: pip install tensorflow (or tensorflow-cpu), "
            "or install jax and set KERAS_BACKEND=jax."
        ) from error
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        # For the same reason; TensorFlow reads no variable of the environment for it.
        tf.config.experimental.enable_tensor_float_32_execution(False)


@contextlib.contextmanager
def _native_stderr_dropped() -> Iterator[None]:
    """Drops what C++ writes to stderr: TensorFlow greets before any setting of its own can stop it."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
