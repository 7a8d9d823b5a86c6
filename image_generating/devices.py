"""What Keras' backend computes on beside the CPU."""

import dataclasses

import keras


@dataclasses.dataclass(frozen=True)
class Device:
    """A GPU, or another device that is not the CPU.

    Attributes:
        kind: `gpu`, `tpu`, …
        name: such as `Tesla T4`.
        capability: NVIDIA's compute capability, such as (7, 5); None of other makers' devices.
    """

    kind: str
    name: str
    capability: tuple[int, int] | None = None


def accelerators() -> list[Device]:
    """The devices beside the CPU that the backend may use; usually one GPU or none."""
    return _of_jax() if keras.config.backend() == "jax" else _of_tensorflow()


def has_gpu() -> bool:
    """Whether the backend computes on a GPU."""
    return any(device.kind == "gpu" for device in accelerators())


def _of_tensorflow() -> list[Device]:
    import tensorflow as tf

    found = [device for device in tf.config.get_visible_devices() if device.device_type != "CPU"]
    devices = []
    for device in found:
        # It has each of these for some devices only.
        details = tf.config.experimental.get_device_details(device)
        kind = device.device_type.lower()
        capability = details.get("compute_capability")
        devices.append(Device(kind, details.get("device_name", kind.upper()), capability))
    return devices


def _of_jax() -> list[Device]:
    import jax

    # All devices, as JAX refuses to list those of a kind that is not there.
    found = [device for device in jax.local_devices() if device.platform != "cpu"]
    kinds = {"cuda": "gpu", "rocm": "gpu"}
    return [
        Device(kinds.get(device.platform, device.platform), device.device_kind, _capability(device))
        for device in found
    ]


def _capability(device) -> tuple[int, int] | None:
    """JAX has it as text: `7.5` of NVIDIA, something else such as `gfx90a` of others."""
    major, _, minor = str(getattr(device, "compute_capability", "")).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
