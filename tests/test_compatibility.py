"""A written `config.json` says nothing that Keras 3.4 does not know, and lacks nothing that has an effect."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from image_generating import compatibility
from image_generating.compatibility import KNOWN_KEYS, mend, without_newer_keys
from image_generating.config import RECIPES
from image_generating.errors import UserError
from image_generating.export import export, in_unit_range
from image_generating.networks import build_discriminator, build_generator

_ROOT = Path(__file__).parents[1]
_DENSE = "keras.layers.Dense"


def objects(value) -> list[dict]:
    """Everything in a `config.json` that is an object with a class."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = [value] if isinstance(value, dict) and "class_name" in value else []
    return own + [found for part in parts for found in objects(part)]


def unknown(config: dict, known: dict[str, list[str]]) -> set[str]:
    """Classes that a list does not have, and keys that it does not have for their class."""
    found = set()
    for thing in objects(config):
        name = f"{thing['module']}.{thing['class_name']}" if "module" in thing else thing["class_name"]
        keys = thing["config"] if isinstance(thing["config"], dict) else ()
        found |= {f"{name}: {key}" for key in keys if key not in known.get(name, keys)}
        found |= {name} - known.keys()
    return found


def described(layer: keras.layers.Layer) -> dict:
    return json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_keras_3_4_knows_every_key_of_the_committed_networks(network):
    config = json.loads((_ROOT / "models" / network / "config.json").read_text())
    assert len(objects(config)) > 100
    # Losses and optimizers have keys as well; there are none.
    assert not any(thing.get("compile_config") for thing in objects(config))
    assert unknown(config, KNOWN_KEYS) == set()


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_keras_3_4_knows_every_key_of_an_export(tiny_export, network):
    config = json.loads((tiny_export / network / "config.json").read_text())
    assert unknown(config, KNOWN_KEYS) == set()


@pytest.mark.parametrize("resolution", [64, 100, 800])
@pytest.mark.parametrize("preset", sorted(RECIPES))
def test_keras_3_4_knows_every_key_of_each_preset(preset, resolution):
    recipe = RECIPES[preset].replace(network=RECIPES[preset].network.replace(resolution=resolution))
    for network in in_unit_range(build_generator(recipe.network), build_discriminator(recipe.network)):
        assert unknown(without_newer_keys(described(network)), KNOWN_KEYS) == set()


def test_the_list_says_of_each_class_what_its_keras_writes(tiny_recipe):
    """Made by the installed Keras, the list has every key that this writes."""
    script = _ROOT / "tests" / "versions" / "keras_keys.py"
    made = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True).stdout
    known = json.loads(made)
    assert set(KNOWN_KEYS[_DENSE]) - set(known[_DENSE]) == set()
    untrained = build_generator(tiny_recipe.network), build_discriminator(tiny_recipe.network)
    for network in in_unit_range(*untrained):
        assert unknown(described(network), known) == set()


def test_a_mended_network_is_the_same(tmp_path):
    inputs = keras.Input((4,))
    cut = keras.ops.clip(keras.layers.Dense(3)(inputs), -1.0, 1.0)
    summed = keras.Model(inputs, keras.ops.cumsum(cut, axis=-1))
    network = keras.Sequential([keras.Input((4,)), summed])
    latents = np.random.default_rng(0).standard_normal((5, 4)).astype("float32")
    network.save(tmp_path / "network", zipped=False)
    mend(tmp_path / "network")
    text = (tmp_path / "network" / "config.json").read_text()
    # As Keras writes it: one line, so that a comparison of two versions shows what Keras changed.
    assert "\n" not in text
    assert unknown(json.loads(text), KNOWN_KEYS) == set()
    mended = keras.saving.load_model(tmp_path / "network")
    np.testing.assert_array_equal(mended(latents), network(latents))


def test_a_key_that_a_later_keras_brings_is_left_out_only_at_a_value_without_effect(monkeypatch):
    """For a Keras that does not know `use_bias` and `units` yet, this one is a later Keras."""
    for key, layer in (("use_bias", keras.layers.Dense(2)), ("bias_initializer", keras.layers.Dense(2))):
        monkeypatch.setitem(KNOWN_KEYS, _DENSE, [name for name in KNOWN_KEYS[_DENSE] if name != key])
        before, after = described(layer), without_newer_keys(described(layer))
        assert before["config"].keys() - after["config"].keys() >= {key}
        rebuilt = keras.saving.deserialize_keras_object(after)
        assert described(rebuilt)["config"] == before["config"]
        monkeypatch.undo()


@pytest.mark.parametrize(
    ("key", "layer"),
    [
        ("use_bias", keras.layers.Dense(2, use_bias=False)),
        ("kernel_initializer", keras.layers.Dense(2, kernel_initializer="zeros")),
        ("units", keras.layers.Dense(2)),
        ("name", keras.layers.Dense(2, name="named")),
    ],
)
def test_a_key_with_an_effect_is_refused(monkeypatch, key, layer):
    monkeypatch.setitem(KNOWN_KEYS, _DENSE, [name for name in KNOWN_KEYS[_DENSE] if name != key])
    with pytest.raises(UserError, match=f"Dense has {key}=.*Keras 3.4 does not"):
        without_newer_keys({"layers": [described(layer)]})


def test_an_export_that_keras_3_4_could_not_read_writes_nothing(grown, tmp_path, monkeypatch):
    name = "keras.layers.Rescaling"
    monkeypatch.setitem(compatibility.KNOWN_KEYS, name, [key for key in KNOWN_KEYS[name] if key != "scale"])
    with pytest.raises(UserError, match=r"Rescaling has scale=0\.5"):
        export(grown[0], tmp_path / "models")
    assert list(tmp_path.glob("models/*")) == []
