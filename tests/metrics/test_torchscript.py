import io
import os
import pickle
import zipfile

import numpy as np
import pytest
from torchscript_archive import Index

from image_generating.errors import UserError
from image_generating.metrics import torchscript


def test_reads_tensors_by_their_path(tmp_path):
    index = Index()
    index.module(
        "net",
        training=lambda: index.number(0),
        conv=lambda: index.module(
            "net.conv",
            weight=lambda: index.tensor("0", (2, 1, 3), (3, 7, 1)),
            bias=lambda: index.tensor("1", (2,), (1,), offset=1),
        ),
        scale=lambda: index.tensor("1", (), (), count=3),
    )
    path = index.archive(tmp_path / "net.pt", _0=range(6), _1=[5, 6, 7])

    tensors = torchscript.read(path)

    assert sorted(tensors) == ["conv.bias", "conv.weight", "scale"]
    np.testing.assert_array_equal(tensors["conv.weight"], np.arange(6, dtype=np.float32).reshape(2, 1, 3))
    np.testing.assert_array_equal(tensors["conv.bias"], [6, 7])
    assert tensors["scale"] == 5
    assert tensors["conv.bias"].dtype == np.float32


def test_reads_an_open_file(tmp_path):
    index = Index()
    index.module("net", weight=lambda: index.tensor("0", (1,), (1,)))
    path = index.archive(tmp_path / "net.pt", _0=[4])

    assert torchscript.read(io.BytesIO(path.read_bytes())) == {"weight": 4}


class RunsACommand:
    def __reduce__(self):
        return os.system, ("touch hacked",)


class OpensAFile:
    def __reduce__(self):
        return open, ("hacked", "w")


@pytest.mark.parametrize("malice", [RunsACommand(), OpensAFile(), [np.float64(1)]])
def test_refuses_to_call_anything_else(tmp_path, monkeypatch, malice):
    monkeypatch.chdir(tmp_path)
    index = Index()
    index.code = pickle.dumps(malice, protocol=2)[:-1]
    index.archive(tmp_path / "net.pt")

    with pytest.raises(UserError, match=r"net.pt cannot be read .* asks for (posix|nt|io|_io|numpy)"):
        torchscript.read("net.pt")

    assert os.listdir(tmp_path) == ["net.pt"]


@pytest.mark.parametrize("name", ["load", "nn.Module", "HalfStorage", "FloatStorage.__init__"])
def test_refuses_the_rest_of_torch(tmp_path, name):
    index = Index()
    index.module("net", weight=lambda: index.name("torch", name))

    with pytest.raises(UserError, match=f"asks for torch.{name}"):
        torchscript.read(index.archive(tmp_path / "net.pt"))


@pytest.mark.parametrize(
    ("tensor", "reason"),
    [
        ({"key": "0", "shape": (2, 3), "strides": (1, 2)}, "not stored contiguously"),
        ({"key": "0", "shape": (7,), "strides": (1,)}, "buffer"),
        ({"key": "0", "shape": (6,), "strides": (1,), "offset": 3, "count": 6}, "reshape"),
        ({"key": "8", "shape": (6,), "strides": (1,)}, "net/data/8"),
        ({"key": "../../secret", "shape": (6,), "strides": (1,)}, "secret"),
    ],
)
def test_refuses_tensors_that_do_not_fit_their_storage(tmp_path, tensor, reason):
    index = Index()
    index.module("net", weight=lambda: index.tensor(**tensor))

    with pytest.raises(UserError, match=reason):
        torchscript.read(index.archive(tmp_path / "net.pt", _0=range(6)))


def test_refuses_what_is_no_archive(tmp_path):
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(UserError, match=r"text.pt cannot be read"):
        torchscript.read(tmp_path / "text.pt")

    with zipfile.ZipFile(tmp_path / "other.pt", "w") as file:
        file.writestr("readme", "hello")
    with pytest.raises(UserError, match=r"other.pt is not a TorchScript archive"):
        torchscript.read(tmp_path / "other.pt")

    index = Index()
    index.number(1)
    with pytest.raises(UserError, match="holds no module"):
        torchscript.read(index.archive(tmp_path / "number.pt"))

    with pytest.raises(UserError, match=r"missing.pt cannot be read .* No such file"):
        torchscript.read(tmp_path / "missing.pt")
