"""Which number format `auto` means, on either backend."""

import os
import subprocess
import sys

import pytest

_CHILD = "from image_generating import precision; print(precision.choose('auto'))"


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_auto_is_decided_without_a_gpu_too(backend):
    pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    child = subprocess.run(
        [sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() in ("bfloat16", "float32")
