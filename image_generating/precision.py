"""Which number format the arithmetic uses."""

import contextlib
from pathlib import Path

import keras

from image_generating.devices import accelerators

# Ampere, the first of NVIDIA's that multiplies bfloat16.
_FIRST_WITH_BFLOAT16 = (8, 0)


def choose(precision: str) -> str:
    """Resolves `auto`: `bfloat16` where the processor multiplies it natively, else `float32`.

    On a GPU that is where NVIDIA's compute capability is 8.0 or more, as of A100 and L4. A T4 has 7.5:
    there XLA multiplies bfloat16 as float32, with conversions that make it slower than float32 itself. A GPU
    that names no capability gets `float32`, which is right on all of them. Without a GPU it is a CPU with
    the bf16 extension of AVX-512 or AMX; elsewhere emulated bfloat16 takes about three times as long.
    """
    if precision != "auto":
        return precision
    found = accelerators()
    native = all(_has_bfloat16(device.capability) for device in found) if found else _cpu_has_bfloat16()
    return "bfloat16" if native else "float32"


@contextlib.contextmanager
def dtype_policy(precision: str):
    """Layers built inside compute in `precision`; their weights are float32 all the same."""
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def _has_bfloat16(capability: tuple[int, int] | None) -> bool:
    return capability is not None and capability >= _FIRST_WITH_BFLOAT16


def _cpu_has_bfloat16() -> bool:
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
