"""Loading Keras with its backend: quietly, and with advice when the backend is missing."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from image_generating.errors import UserError, shown

# Those that `train_step/` has a module for.
BACKENDS = ("tensorflow", "jax")


def load() -> None:
    """Imports Keras and the backend that `KERAS_BACKEND` or Keras' own settings name.

    Raises:
        UserError: if the backend is not installed, or if it is none of `BACKENDS`.
    """
    _choose()
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
    except (AssertionError, AttributeError, TypeError, ValueError) as error:
        raise UserError(
            f"Keras refuses the settings in {shown(_settings())}: mend or remove that file."
        ) from error
    # What the networks depend on, whatever a user's file of settings says.
    keras.config.set_floatx("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
    keras.config.set_dtype_policy("float32")
    for name in ("set_max_epochs", "set_max_steps_per_epoch"):
        # Newer versions of Keras can cut `fit` short.
        getattr(keras.config, name, lambda none: None)(None)
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        # For the same reason; TensorFlow reads no variable of the environment for it.
        tf.config.experimental.enable_tensor_float_32_execution(False)


def _choose() -> None:
    """Sets `KERAS_BACKEND`, which Keras prefers to its file, to a backend that this program has steps for."""
    asked = os.environ.get("KERAS_BACKEND", "").strip()
    by = "KERAS_BACKEND"
    if not asked:
        asked, by = _backend_of_settings(), shown(_settings())
    if asked.lower() not in BACKENDS:
        raise UserError(
            f"{by} names the backend {asked!r}, which this program has no training step for: set "
            f"KERAS_BACKEND to {' or '.join(BACKENDS)}."
        )
    os.environ["KERAS_BACKEND"] = asked.lower()


def _settings() -> Path:
    """Where Keras keeps a user's settings."""
    home = os.environ.get("KERAS_HOME")
    if home:
        return Path(home) / "keras.json"
    base = os.path.expanduser("~")
    return Path(base if os.access(base, os.W_OK) else "/tmp", ".keras", "keras.json")


def _backend_of_settings() -> str:
    try:
        return str(json.loads(_settings().read_text(encoding="utf-8")).get("backend") or BACKENDS[0])
    except (OSError, ValueError, AttributeError):
        # Keras does without a file that it cannot read.
        return BACKENDS[0]


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
