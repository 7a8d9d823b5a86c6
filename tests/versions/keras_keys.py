"""Writes which keys of a model's `config.json` the installed Keras reads, one line for each class.

It made `image_generating/keras_3_4_keys.json`, under Keras 3.4, the oldest that opens our exports:

    python -m venv keras-3.4 && keras-3.4/bin/pip install 'keras==3.4.*' jax
    KERAS_BACKEND=jax keras-3.4/bin/python tests/versions/keras_keys.py > image_generating/keras_3_4_keys.json
"""

import importlib
import inspect
import json
import pkgutil

import keras
from keras.src import api_export
from keras.src.ops.operation import Operation
from keras.src.saving.serialization_lib import serialize_keras_object

# What a network without a compiled loss is made of: layers, models and operations; what a layer holds.
_BASES = (
    Operation,
    keras.initializers.Initializer,
    keras.regularizers.Regularizer,
    keras.constraints.Constraint,
    keras.DTypePolicy,
)


def main() -> None:
    """Prints the list."""
    # Not all of `keras.src`: its backends cannot be imported where they are not installed.
    for package in (keras.src.layers, keras.src.models, keras.src.ops):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("_test"):
                importlib.import_module(module.name)
    known = {name(cls): parameters(cls) for base in _BASES for cls in (base, *subclasses(base))}
    for thing in examples():
        written = serialize_keras_object(thing)
        key = ".".join(filter(None, (written.get("module"), written["class_name"])))
        keys = written["config"] if isinstance(written["config"], dict) else ()
        known[key] = known.get(key, set()).union(keys)
    lines = (f"{json.dumps(key)}: {json.dumps(sorted(known[key]))}" for key in sorted(known))
    print("{\n" + ",\n".join(lines) + "\n}")


def examples() -> list:
    """What is not read by a constructor's parameters; what this Keras writes for these, it reads."""
    inputs = keras.Input((2,))
    return [
        keras.KerasTensor((2,)),
        slice(None),
        ...,
        keras.Sequential([inputs, keras.layers.ReLU()]),
        keras.Model(inputs, keras.layers.ReLU()(inputs)),
    ]


def subclasses(cls: type) -> set[type]:
    """All classes of Keras that are derived from one."""
    direct = {derived for derived in cls.__subclasses__() if derived.__module__.startswith("keras.")}
    return direct.union(*map(subclasses, direct))


def name(cls: type) -> str:
    """Module and name of a class, as `config.json` says them."""
    return api_export.get_name_from_symbol(cls) or f"{cls.__module__}.{cls.__name__}"


def parameters(cls: type) -> set[str]:
    """Names that a constructor takes, with those of its base classes as long as it takes any keyword."""
    names = set()
    for base in cls.__mro__:
        if "__init__" in vars(base):
            given = inspect.signature(base.__init__).parameters.values()
            names |= {one.name for one in given if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
            if all(one.kind != one.VAR_KEYWORD for one in given):
                break
    return names - {"self"}


if __name__ == "__main__":
    main()
