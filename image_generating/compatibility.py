"""Keeps what only newer versions of Keras read out of a saved network's `config.json`.

A Keras that meets a key it does not know refuses to load, and each Keras writes more keys than the one
before, most of them at a value without effect. `keras_3_4_keys.json` lists the keys that Keras 3.4 reads, for
each of its layers, operations and initializers (`tests/versions/keras_keys.py` made it).
"""

import json
from pathlib import Path

import keras

from image_generating.errors import UserError

KNOWN_KEYS: dict[str, list[str]] = json.loads(Path(__file__).with_name("keras_3_4_keys.json").read_text())


def mend(folder: Path) -> None:
    """Removes from a saved network's `config.json` the keys without effect that Keras 3.4 does not know.

    Args:
        folder: holds `config.json`, as `network.save(folder, zipped=False)` writes it.

    Raises:
        UserError: if a key that Keras 3.4 does not know has an effect.
    """
    path = Path(folder) / "config.json"
    path.write_text(json.dumps(without_newer_keys(json.loads(path.read_text()))))


def without_newer_keys(value):
    """A copy of a part of `config.json` without the keys that Keras 3.4 does not know.

    A key has no effect if the installed Keras, given the configuration without it, makes an object that has
    the same key at the same value. A class that Keras 3.4 does not have keeps all its keys.

    Args:
        value: what JSON can say.

    Raises:
        UserError: if such a key has an effect.
    """
    if isinstance(value, list):
        return [without_newer_keys(part) for part in value]
    if not isinstance(value, dict):
        return value
    value = {key: without_newer_keys(part) for key, part in value.items()}
    for key in newer_keys(value):
        if not _said_again(value, key):
            raise UserError(
                f"{value['class_name']} has {key}={value['config'][key]!r}, which Keras 3.4 does not know, "
                f"and which has an effect in Keras {keras.__version__}. Export with an older Keras."
            )
        value = value | {"config": {name: part for name, part in value["config"].items() if name != key}}
    return value


def newer_keys(value: dict) -> list[str]:
    """The keys of one object's configuration that Keras 3.4 does not know.

    Args:
        value: a dictionary of `config.json`; one that does not describe an object has no such keys.
    """
    known = KNOWN_KEYS.get(class_path(value))
    if known is None or not isinstance(value["config"], dict):
        return []
    return [key for key in value["config"] if key not in known]


def class_path(value: dict) -> str | None:
    """Module and name of the class that a dictionary of `config.json` describes; None if there is none."""
    if "class_name" not in value or "config" not in value:
        return None
    return ".".join(filter(None, (value.get("module"), value["class_name"])))


def _said_again(value: dict, key: str) -> bool:
    """Whether the key says only what is so without it."""
    config = dict(value["config"])
    said = config.pop(key)
    if key == "name" and value.get("name") == said:
        # A functional model finds its operations by the name that stands beside their configuration.
        return True
    # Without its inputs and its weights, which would be made.
    described = {name: value.get(name) for name in ("module", "class_name", "registered_name")}
    try:
        made = keras.saving.deserialize_keras_object(described | {"config": config})
    except Exception:  # It cannot be made without the key, and each class says so in its own way.
        return False
    # By way of JSON, because tuples are lists there.
    written = json.loads(json.dumps(keras.saving.serialize_keras_object(made)))
    return key in written["config"] and written["config"][key] == said
