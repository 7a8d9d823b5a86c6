"""One line about the machine and how it is used, which a notebook prints first."""

import importlib
import subprocess
from collections.abc import Callable

import keras

from image_generating import devices, precision
from image_generating.data.cache import cores

_BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def describe(number_format: str = "auto") -> str:
    """Says what computes, with what and how.

    It never raises: what cannot be found out is replaced by the reason.

    Args:
        number_format: `--precision` of the training.

    Example:
        >>> describe()
        'Tesla T4 (15.0 GiB); TensorFlow 2.20.0, Keras 3.13.2; arithmetic in float32, compiled with XLA'
    """
    questions = (_computes, _versions, lambda: _arithmetic(number_format))
    return "; ".join(_answer(question) for question in questions)


def _answer(question: Callable[[], str]) -> str:
    try:
        return question()
    except Exception as error:  # Broken drivers raise anything, and are why a reader is asked for this line.
        return " ".join(f"unknown ({type(error).__name__}: {error})".split())


def _computes() -> str:
    """Names of the accelerators, with their memory where NVIDIA's program tells it, or the CPU's cores."""
    names = [device.name for device in devices.accelerators()]
    if not names:
        return f"{cores()} CPU cores"
    memory = _memory()
    return ", ".join(f"{name} ({memory[name]:.1f} GiB)" if name in memory else name for name in names)


def _memory() -> dict[str, float]:
    """GiB of memory of each NVIDIA GPU, by its name; neither backend tells what the whole of it is."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        table = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        rows = [line.rsplit(",", 1) for line in table.splitlines()]
        return {name.strip(): float(mebibytes) / 1024 for name, mebibytes in rows}
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}


def _versions() -> str:
    backend = keras.config.backend()
    module = importlib.import_module(backend)
    return f"{_BACKENDS.get(backend, backend)} {module.__version__}, Keras {keras.__version__}"


def _arithmetic(number_format: str) -> str:
    # Asked of Keras, which decides it for each model alike: with TensorFlow it compiles where there is a GPU.
    compiled = "compiled with XLA" if keras.Sequential().jit_compile else "not compiled with XLA"
    return f"arithmetic in {precision.choose(number_format)}, {compiled}"
