"""Which number format the arithmetic uses, and on what it runs."""

import contextlib
import importlib
import os
from pathlib import Path

import keras


def choose(precision: str) -> str:
    """Resolves `auto`: `bfloat16` where the processor multiplies it natively, else `float32`.

    Emulated bfloat16 is slower than float32 (about 3 times, on AVX-512 without the bf16 extension).
    """
    if precision != "auto":
        return precision
    return "bfloat16" if has_gpu() or _cpu_has_bfloat16() else "float32"


@contextlib.contextmanager
def dtype_policy(precision: str):
    """Layers built inside compute in `precision`; their weights are float32 all the same."""
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def has_gpu() -> bool:
    """Whether Keras' backend computes on a GPU."""
    # All devices, as JAX refuses to list those of a kind that is not there.
    return any(device.startswith(("gpu", "cuda")) for device in keras.distribution.list_devices())


def describe(precision: str = "auto") -> str:
    """What computes here, in one line that tells a reader of a report what he must know.

    Args:
        precision: as `choose` takes it.

    Returns:
        The devices, the backend and Keras with their versions, the number format, and whether XLA compiles.
    """
    backend = keras.config.backend()
    version = importlib.import_module(backend).__version__
    devices = ", ".join(_gpu_names()) or f"{os.cpu_count()} CPU cores"
    # Keras compiles with XLA by itself where there is a GPU, and JAX always does.
    compiler = ", XLA" if backend == "jax" or has_gpu() else ""
    return f"{devices}; {backend} {version}, Keras {keras.__version__}; {choose(precision)}{compiler}"


def _gpu_names() -> list[str]:
    if not has_gpu():
        return []
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        return [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    import jax

    return [device.device_kind for device in jax.local_devices()]


def _cpu_has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
