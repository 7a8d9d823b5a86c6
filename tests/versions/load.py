"""Loads pairs of networks in one way, where the package is not installed, and compares with stored outputs.

    python load.py WAY FOLDER...

Each folder holds `generator`, `discriminator` and `reference.json`, unless `FOLDER=REFERENCE` names another.
The last line of the output is JSON: versions, and the largest differences of the images and of the logits.
It must run with every version that `matrix.py` names, Keras 2 and Python 3.9 included.
"""

import importlib.metadata
import json
import os
import platform
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np


def load_model(folder):
    """Keras alone, on the backend that KERAS_BACKEND names; TensorFlow must not be needed for another."""
    import keras

    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    assert keras.config.backend() == backend
    network = keras.saving.load_model(folder)
    assert backend == "tensorflow" or "tensorflow" not in sys.modules
    return lambda inputs: network.predict(inputs, verbose=0)


def tf_load_model(folder):
    """The line that README begins with."""
    import tensorflow as tf

    network = tf.keras.models.load_model(folder)
    return lambda inputs: network.predict(inputs, verbose=0)


def saved_model(folder):
    """TensorFlow alone. What `load` returns must be kept as long as it is used."""
    import tensorflow as tf

    network = tf.saved_model.load(folder)
    return lambda inputs: network.serve(inputs)


def tfsm_layer(folder):
    """The SavedModel as a layer, for any Keras 3 on TensorFlow."""
    import keras

    return keras.layers.TFSMLayer(folder, call_endpoint="serve")


WAYS = {
    "keras.saving.load_model": load_model,
    "tf.keras.models.load_model": tf_load_model,
    "tf.saved_model.load": saved_model,
    "keras.layers.TFSMLayer": tfsm_layer,
}


def sampled(images, step):
    """Pixels on a grid, half a step from the rim."""
    return images[:, step // 2 :: step, step // 2 :: step, 0]


def outputs(load, folder, latents):
    """Generated images and what the discriminator says of them."""
    images = load(os.path.join(folder, "generator"))(latents)
    return np.asarray(images), np.asarray(load(os.path.join(folder, "discriminator"))(np.asarray(images)))


def differences(load, folder, reference):
    """Largest differences of images and logits from the stored ones."""
    with open(reference) as file:
        stored = json.load(file)
    images, logits = outputs(load, folder, np.array(stored["latents"], "float32"))
    assert images.dtype == logits.dtype == np.float32
    found, wanted = sampled(images, stored["step"]), np.array(stored["pixels"], "float32")
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    assert 0 <= images.min() <= images.max() <= 1
    assert np.all(np.isfinite(logits))
    wanted_logits = np.array(stored["logits"], "float32")
    assert logits.shape == wanted_logits.shape, (logits.shape, wanted_logits.shape)
    return float(np.abs(found - wanted).max()), float(np.abs(logits - wanted_logits).max())


def version(*packages):
    """Version of the first of these packages that is installed."""
    for package in packages:
        try:
            return importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def main():
    """Prints what was found."""
    way, *pairs = sys.argv[1:]
    found = {}
    for pair in pairs:
        folder, _, reference = pair.partition("=")
        reference = reference or os.path.join(folder, "reference.json")
        found[folder] = differences(WAYS[way], folder, reference)
    versions = {
        "Python": platform.python_version(),
        "TensorFlow": version("tensorflow-cpu", "tensorflow"),
        "JAX": version("jax"),
        "torch": version("torch"),
        "Keras": version("keras"),
        "numpy": np.__version__,
    }
    print(json.dumps({"versions": versions, "differences": found}))


if __name__ == "__main__":
    main()
