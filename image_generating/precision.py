"""Which number format the arithmetic uses."""

import contextlib
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


def _cpu_has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
