"""Which number format `auto` means, and the line about the machine, on either backend and on GPUs."""

import os
import subprocess
import sys
import types
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from image_generating import devices, machine, precision
from image_generating.devices import Device

T4 = Device("gpu", "Tesla T4", (7, 5))
L4 = Device("gpu", "NVIDIA L4", (8, 9))

_CHILD = """
from image_generating import backend
backend.load()
import keras
from image_generating import machine, precision
print(precision.choose("auto"))
print(machine.describe())
if keras.config.backend() == "jax":
    import jax
    print(jax.config.jax_default_matmul_precision != "float32")
else:
    import tensorflow as tf
    print(tf.config.experimental.tensor_float_32_execution_enabled())
"""


@pytest.mark.parametrize(
    ("backend", "name", "compiled"),
    [("tensorflow", "TensorFlow", "not compiled with XLA"), ("jax", "JAX", "compiled with XLA")],
)
def test_without_a_gpu_the_cpu_decides(backend, name, compiled):
    module = pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": ""}
    child = subprocess.run(
        [sys.executable, "-c", _CHILD], env=environment, capture_output=True, text=True, check=True
    )
    chosen, line, rounds = child.stdout.splitlines()
    assert chosen in ("bfloat16", "float32")
    cores, versions, arithmetic = line.split("; ")
    assert int(cores.removesuffix(" CPU cores")) > 0
    assert versions == f"{name} {module.__version__}, Keras {keras.__version__}"
    assert arithmetic == f"arithmetic in {chosen}, {compiled}"
    # A GPU of Ampere or later would round float32 to ten bits before it multiplies.
    assert rounds == "False"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([T4], "float32"),
        ([Device("gpu", "Tesla V100-SXM2-16GB", (7, 0))], "float32"),
        ([L4], "bfloat16"),
        ([Device("gpu", "NVIDIA A100-SXM4-40GB", (8, 0))], "bfloat16"),
        ([Device("gpu", "NVIDIA H200", (9, 0))], "bfloat16"),
        ([Device("gpu", "NVIDIA GeForce RTX 5090", (12, 0))], "bfloat16"),
        ([L4, T4], "float32"),
        ([Device("gpu", "AMD Radeon")], "float32"),
    ],
)
def test_a_gpu_decides_by_its_compute_capability(found, expected, monkeypatch):
    monkeypatch.setattr(precision, "accelerators", lambda: found)
    assert precision.choose("auto") == expected
    assert precision.choose("bfloat16") == "bfloat16"
    assert precision.choose("float32") == "float32"


@pytest.mark.parametrize("flags", ["sse2 avx512_bf16", "amx_bf16", "sse2 avx512f"])
def test_without_one_the_processors_flags_decide(flags, monkeypatch):
    monkeypatch.setattr(precision, "accelerators", lambda: [])
    monkeypatch.setattr(Path, "read_text", lambda path: f"flags : {flags}\n")
    assert precision.choose("auto") == ("bfloat16" if "bf16" in flags else "float32")


@pytest.fixture
def tensorflow_gpus(monkeypatch):
    """Gives TensorFlow GPUs of these details, as far as it is asked for them."""

    def give(*details):
        cpu = tf.config.PhysicalDevice("/physical_device:CPU:0", "CPU")
        gpus = {
            tf.config.PhysicalDevice(f"/physical_device:GPU:{number}", "GPU"): each
            for number, each in enumerate(details)
        }
        for name in ("get_visible_devices", "list_physical_devices"):
            monkeypatch.setattr(tf.config, name, lambda *_: [cpu, *gpus])
        monkeypatch.setattr(tf.config.experimental, "get_device_details", gpus.get)

    return give


def test_tensorflow_tells_of_its_gpus(tensorflow_gpus):
    assert devices.accelerators() == []
    assert not devices.has_gpu()
    tensorflow_gpus({"device_name": "Tesla T4", "compute_capability": (7, 5)}, {})
    assert devices.accelerators() == [T4, Device("gpu", "GPU")]
    assert devices.has_gpu()


def test_jax_tells_of_its_gpus(monkeypatch):
    jax = pytest.importorskip("jax")
    found = [
        types.SimpleNamespace(platform=platform, device_kind=kind, **more)
        for platform, kind, more in (
            ("cpu", "cpu", {}),
            ("gpu", "Tesla T4", {"compute_capability": "7.5"}),
            ("cuda", "NVIDIA L4", {"compute_capability": "8.9"}),
            ("rocm", "AMD Instinct", {"compute_capability": "gfx90a"}),
            ("tpu", "TPU v5 lite", {}),
        )
    ]
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    monkeypatch.setattr(jax, "local_devices", lambda: found)
    assert devices.accelerators() == [T4, L4, Device("gpu", "AMD Instinct"), Device("tpu", "TPU v5 lite")]
    assert devices.has_gpu()
    del found[1:4]
    assert not devices.has_gpu()


def test_the_line_names_the_gpu_its_memory_and_that_xla_compiles(tensorflow_gpus, monkeypatch, tmp_path):
    tensorflow_gpus({"device_name": "Tesla T4", "compute_capability": (7, 5)})
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'Quadro, of another maker, 8192'\necho 'Tesla T4, 15360'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    versions = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    expected = f"Tesla T4 (15.0 GiB); {versions}; arithmetic in float32, compiled with XLA"
    assert machine.describe() == expected
    assert machine.describe("bfloat16") == expected.replace("float32", "bfloat16")
    for broken in ("exit 9", "echo 'No devices were found'", "echo 'Tesla T4, [N/A]'"):
        program.write_text(f"#!/bin/sh\n{broken}\n")
        assert machine.describe() == expected.replace(" (15.0 GiB)", "")
    program.unlink()
    assert machine.describe() == expected.replace(" (15.0 GiB)", "")


def test_a_machine_that_fails_is_described_all_the_same(monkeypatch):
    def fail(*_):
        raise RuntimeError("cuInit failed:\n  driver too old")

    monkeypatch.setattr(tf.config, "get_visible_devices", fail)
    unknown = "unknown (RuntimeError: cuInit failed: driver too old)"
    assert (
        machine.describe() == f"{unknown}; TensorFlow {tf.__version__}, Keras {keras.__version__}; {unknown}"
    )
