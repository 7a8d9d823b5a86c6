"""Downloading from a stub of Kaggle on this machine."""

import contextlib
import http.server
import io
import json
import shutil
import threading
import zipfile

import numpy as np
import pytest

pytest.importorskip("kagglesdk")

from image_generating import data
from image_generating.config import DataConfig, DownloadConfig
from image_generating.data import kaggle, remote
from image_generating.errors import UserError


def jpeg(index):
    """A small JPEG; noise, so that it does not compress."""
    from PIL import Image

    file = io.BytesIO()
    noise = np.random.default_rng(index).integers(0, 256, (60, 80), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()


FILES = {
    f"{split}/{label}/{label[0]}-{index:04d}.jpeg": jpeg(index)
    for index, (split, label) in enumerate(
        [(split, label) for split in ("train", "val", "test") for label in ("NORMAL", "PNEUMONIA")] * 4
    )
}
NORMAL = {name for name in FILES if "/NORMAL/" in name}


def make_archive():
    """Laid out like the real one: nested copy, macOS leftovers, and here also paths that mean harm."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            archive.writestr(f"chest_xray/__MACOSX/chest_xray/{name}", b"resource fork")
            archive.writestr(f"chest_xray/chest_xray/{name}", content)
        for evil in ("../../train/NORMAL/../evil.jpeg", "/train/NORMAL/..jpeg", "a/train/NORMAL/b/evil.jpeg"):
            archive.writestr(evil, b"harm")
        for name, content in FILES.items():
            archive.writestr(f"chest_xray/{name}", content)
            folder, _, file_name = name.rpartition("/")
            archive.writestr(f"chest_xray/{folder}/._{file_name}", b"resource fork")
        archive.writestr("chest_xray/train/.DS_Store", b"leftover")
    return file.getvalue()


class Stub(http.server.BaseHTTPRequestHandler):
    """Kaggle's address for the download, and the storage that it redirects to."""

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.requests.append((self.path, json.loads(self.rfile.read(length))))
        self.server.authorizations.append(self.headers.get("Authorization"))
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        self.send_response(302)
        self.send_header("Location", "/storage/archive.zip?signature=1")
        self.end_headers()

    def do_GET(self):
        archive, server = self.server.archive, self.server
        start = 0
        if server.ranges and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(archive) - 1}/{len(archive)}")
        else:
            self.send_response(200)
        server.starts.append(start)
        if server.ranges:
            self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(archive) - start))
        self.end_headers()
        length = len(archive) - start
        if start:
            length = min(length, server.breaks.pop() if server.breaks else length, server.budget)
            server.budget -= length
        with contextlib.suppress(ConnectionError):  # the client has what it wants
            self.wfile.write(archive[start : start + length])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    server = http.server.ThreadingHTTPServer(("localhost", 0), Stub)
    server.archive, server.ranges, server.status = make_archive(), True, 200
    server.requests, server.authorizations, server.starts = [], [], []
    server.breaks = []  # bytes sent before the connection breaks, the last for the first range, and so on
    server.budget = 1 << 40  # bytes sent in all ranges together
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    # The client's own test address has a fixed port, which another test run may have taken.
    address = f"http://localhost:{server.server_port}"
    monkeypatch.setattr("kagglesdk.kaggle_http_client.get_endpoint", lambda env: address)
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "TEST")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(remote.time, "sleep", lambda _: None)
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def output(tmp_path):
    return tmp_path / "data" / "chest_xray"


def download(output, subset="normal"):
    return kaggle.download(DownloadConfig(output=output, subset=subset))


def assert_holds(output, names):
    """All of `names` with the right content, the record, and nothing else."""
    found = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert found == set(names) | {"source.json"}
    assert all((output / name).read_bytes() == FILES[name] for name in names)


@pytest.mark.parametrize("ranges", [True, False])
def test_the_normal_subset(server, output, ranges):
    server.ranges = ranges
    assert download(output) == output
    assert_holds(output, NORMAL)
    ((path, request),) = server.requests
    assert path.endswith("/datasets.DatasetApiService/DownloadDataset")
    assert request["datasetVersionNumber"] == 2
    assert (request["ownerSlug"], request["datasetSlug"]) == ("paultimothymooney", "chest-xray-pneumonia")
    assert server.authorizations == [None]
    record = json.loads((output / "source.json").read_text())
    assert record["license"] == "CC BY 4.0"
    assert record["source"].endswith("chest-xray-pneumonia/versions/2")


def test_everything(server, output):
    download(output, "all")
    assert_holds(output, FILES)


def test_a_complete_download_asks_nothing(server, output):
    download(output)
    server.status = 500
    download(output)
    assert len(server.requests) == 1


def test_the_larger_subset_keeps_what_is_there(server, output):
    download(output)
    before = (output / sorted(NORMAL)[0]).stat().st_mtime_ns
    download(output, "all")
    assert_holds(output, FILES)
    assert (output / sorted(NORMAL)[0]).stat().st_mtime_ns == before
    download(output)
    assert_holds(output, FILES)


def test_a_missing_or_short_file_is_fetched_again(server, output):
    download(output)
    missing, short = sorted(NORMAL)[:2]
    (output / missing).unlink()
    (output / short).write_bytes(b"short")
    download(output)
    assert_holds(output, NORMAL)


def test_files_of_the_users_are_not_replaced(server, output):
    mine = output / min(NORMAL)
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    with pytest.raises(UserError, match=r"would be replaced"):
        download(output)
    assert [path.read_bytes() for path in output.rglob("*") if path.is_file()] == [b"mine"]


def test_another_source_json_is_not_replaced(server, output):
    output.mkdir(parents=True)
    (output / "source.json").write_text("mine")
    with pytest.raises(UserError, match=r"source\.json is not the list"):
        download(output)
    assert (output / "source.json").read_text() == "mine"


def test_only_the_wanted_part_of_the_archive_is_read(server, output, monkeypatch):
    monkeypatch.setattr(remote, "SKIP", 100)
    monkeypatch.setattr(remote, "BUFFER", 1000)
    filler = io.BytesIO()
    with zipfile.ZipFile(filler, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("large", bytes(30_000_000))
        for name, content in FILES.items():
            archive.writestr(f"chest_xray/{name}", content)
    server.archive = filler.getvalue()
    download(output)
    assert_holds(output, NORMAL)
    assert server.starts[0] == 0  # the request that finds the address; its body is not read
    assert min(server.starts[1:]) > 30_000_000
    assert len(server.starts) > len(NORMAL)


def test_broken_connections_are_taken_up(server, output):
    server.breaks = [5000, 0, 20000, 7000, 0, 0, 1, 10]
    download(output)
    assert_holds(output, NORMAL)
    assert server.breaks == []


def test_a_lasting_break_keeps_what_is_whole_and_the_next_run_continues(server, output, monkeypatch):
    monkeypatch.setattr(remote, "BUFFER", 1000)
    server.budget = 70_000
    with pytest.raises(UserError, match=r"No connection to Kaggle .*finished files are kept"):
        download(output)
    kept = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
    assert kept
    assert kept < NORMAL
    assert all((output / name).read_bytes() == FILES[name] for name in kept)
    server.budget = 1 << 40
    server.starts.clear()
    download(output)
    assert_holds(output, NORMAL)


def test_a_damaged_archive(server, output):
    name = sorted(NORMAL)[-1]
    with zipfile.ZipFile(io.BytesIO(server.archive)) as archive:
        position = archive.getinfo(f"chest_xray/{name}").header_offset + 300
    server.archive = server.archive[:position] + bytes(100) + server.archive[position + 100 :]
    with pytest.raises(UserError, match="arrived damaged"):
        download(output)
    assert not (output / name).exists()
    assert not (output / "source.json").exists()


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "refuses access: renew or remove the credentials"),
        (403, "refuses access"),
        (404, "no longer has this version"),
        (429, "too many requests from here: wait an hour"),
        (503, "has a problem .*try later"),
    ],
)
def test_refusals_are_one_sentence_with_a_way_out(server, output, status, message):
    server.status = status
    with pytest.raises(UserError, match=f"{message}.* Or download https://www.kaggle.com/datasets/"):
        download(output)
    assert not list(output.rglob("*.jpeg"))


def test_no_network(output, monkeypatch, server):
    monkeypatch.setattr("kagglesdk.kaggle_http_client.get_endpoint", lambda env: "http://localhost:9")
    with pytest.raises(UserError, match=r"No connection to Kaggle .*check the network"):
        download(output)


def test_another_archive_than_expected(server, output):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "words")
    server.archive = file.getvalue()
    with pytest.raises(UserError, match="none of the expected images"):
        download(output)
    server.archive = b"<html>Please sign in</html>"
    with pytest.raises(UserError, match="arrived damaged"):
        download(output)


def test_a_full_disk(server, output, monkeypatch):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(UserError, match="make room"):
        download(output)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(UserError, match=r"Cannot write the images to .*: the disk is full"):
        download(output)
    assert not list(output.rglob("*.jpeg"))


def test_credentials_are_sent_if_there_are_any(server, output, monkeypatch):
    monkeypatch.setenv("KAGGLE_USERNAME", "someone")
    monkeypatch.setenv("KAGGLE_KEY", "secret")
    download(output)
    assert server.authorizations[0].startswith("Basic ")


def test_without_the_client_the_remedy_is_named(output, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kagglesdk.kaggle_client", None)
    with pytest.raises(UserError, match=r"pip install 'image-generating\[kaggle\]'"):
        download(output)


def test_run_says_where_the_images_are(server, output, capsys):
    kaggle.run(DownloadConfig(output=output))
    said = capsys.readouterr().out
    assert f"4 images in {output / 'train' / 'NORMAL'}" in said
    assert "CC BY 4.0" in said
    assert f"image-generating train --data {output / 'train' / 'NORMAL'}" in said


def test_kaggle_as_data(server, tmp_path):
    config = DataConfig(data="kaggle", resolution=16, cache=tmp_path / "cache")
    dataset = data.load(config)
    assert set(dataset.names) == {name.rpartition("/")[2] for name in NORMAL if name.startswith("train/")}
    data.load(config)
    assert len(server.requests) == 1
