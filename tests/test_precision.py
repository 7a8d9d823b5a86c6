"""Which number format `auto` means, on either backend."""

import importlib
import os
import subprocess
import sys
import types

import keras
import pytest
import tensorflow as tf

from image_generating import precision

_CHILD = "from image_generating import precision; print(precision.choose('auto'))"


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_auto_is_decided_without_a_gpu_too(backend):
    pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    child = subprocess.run(
        [sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True, check=True
    )
    assert child.stdout.strip() in ("bfloat16", "float32")


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_line_says_what_computes(backend):
    pytest.importorskip(backend)
    code = "from image_generating import precision; print(precision.describe('float32'))"
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    child = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    version = importlib.import_module(backend).__version__
    machine = f"{os.cpu_count()} CPU cores; {backend} {version}, Keras {keras.__version__}"
    expected = f"{machine}; float32" + (", XLA" if backend == "jax" else "")
    assert child.stdout.strip() == expected, child.stderr


def test_a_line_names_the_gpus(monkeypatch):
    gpus = [types.SimpleNamespace(name=f"/physical_device:GPU:{index}") for index in range(2)]
    details = iter([{"device_name": "Tesla T4", "compute_capability": (7, 5)}, {}])
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0", "gpu:1"])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: gpus)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: next(details))
    said = precision.describe("float32")
    assert said.startswith("Tesla T4, /physical_device:GPU:1; tensorflow ")
    assert said.endswith("; float32, XLA")
