"""The chest X-ray set of Kermany, Zhang and Goldbaum (2018), from Kaggle.

The service packs the whole set into one archive of about 2.3 GB, in which a nested copy and macOS
leftovers double everything, and it refuses further requests after some hundred single files. So
kagglesdk (the client inside the `kaggle` package) is asked once, with the credentials if there are any,
for the address of the archive; then the wanted members are read out of it in ranges. Where the
server has no ranges, the whole archive is fetched to a temporary file.
"""

import contextlib
import errno
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from image_generating import files
from image_generating.config import DownloadConfig
from image_generating.data import remote
from image_generating.errors import UserError, shown

OWNER, NAME, VERSION = "paultimothymooney", "chest-xray-pneumonia", 2
PAGE = f"https://www.kaggle.com/datasets/{OWNER}/{NAME}/versions/{VERSION}"
LICENSE = "CC BY 4.0"
CITATION = (
    "Kermany, Zhang, Goldbaum (2018): Labeled Optical Coherence Tomography (OCT) and Chest X-Ray Images for"
    " Classification, Mendeley Data, V2, doi:10.17632/rscbjbr9sj.2"
)
TRAINING = "train/NORMAL"
RECORD = "source.json"
# Matches the nested copy too, but no name that could leave the output folder.
MEMBER = re.compile(r"(?:.*/)?((?:train|val|test)/(?:NORMAL|PNEUMONIA)/\w[\w.-]*\.jpe?g)", re.ASCII)


def run(config: DownloadConfig) -> None:
    """Downloads and prints where the images are."""
    output = download(config)
    for folder in sorted(output.glob("*/*/")):
        print(f"{len(list(folder.iterdir())):5d} images in {shown(folder)}")
    print(f"License: {LICENSE}. Please cite: {CITATION}.")
    print(f"Train on them with: image-generating train --data {shown(output / TRAINING)} --output runs/chest")


def download(config: DownloadConfig) -> Path:
    """Fetches what is missing and returns `config.output`.

    The images lie below it as `train/NORMAL/*.jpeg`, also `val` and `test` and, of subset "all",
    `PNEUMONIA`. Each file appears when it is whole, so that a broken download continues with the next
    one; `source.json` appears when all are there, and without it nothing is taken for complete.

    Raises:
        UserError: no client, no connection, no access, a damaged archive, or no room.
    """
    output = Path(config.output)
    files.check_folder(output)
    record = _record(output)
    if record is None and os.path.lexists(output / RECORD):
        raise UserError(
            f"{shown(output / RECORD)} is not the list that this program keeps of the images: name another "
            "--output, or move it away."
        )
    if record and _is_complete(output, config.subset, record):
        return output
    try:
        output.mkdir(parents=True, exist_ok=True)
        with _failures_explained(), _archive(output) as archive, zipfile.ZipFile(archive) as members:
            _extract(members, config.subset, output, set(record["files"]) if record else set())
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise UserError(f"Cannot write the images to {output}: {reason}.") from error
    return output


def _record(output: Path) -> dict | None:
    """What a download before left in `source.json`; None if there is nothing, or nothing of ours."""
    try:
        record = json.loads((output / RECORD).read_text())
        whole = record["source"] == PAGE and record["subset"] in ("all", "normal")
        return record if whole and isinstance(record["files"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_complete(output: Path, subset: str, record: dict) -> bool:
    return record["subset"] in ("all", subset) and all(
        (output / name).is_file() and (output / name).stat().st_size == size
        for name, size in record["files"].items()
    )


@contextlib.contextmanager
def _archive(output: Path) -> Iterator[BinaryIO]:
    """The archive as a seekable file."""
    print(f"asking Kaggle for {OWNER}/{NAME}, version {VERSION}", file=sys.stderr)
    with _request() as response:
        size = int(response.headers.get("Content-Length", 0))
        if response.headers.get("Accept-Ranges") == "bytes" and size:
            response.close()
            with remote.open(response.url, size) as file:
                yield file
            return
        with tempfile.TemporaryFile(dir=output) as file, _progress(size or None, "Fetching") as progress:
            for chunk in response.iter_content(1 << 20):
                file.write(chunk)
                progress.update(len(chunk))
            yield file


def _request():
    """The response that starts to deliver the archive."""
    try:
        # kagglesdk and not kaggle: importing that signs in, and its API ends the process without credentials.
        from kagglesdk.datasets.types.dataset_api_service import ApiDownloadDatasetRequest
        from kagglesdk.kaggle_client import KaggleClient
    except ImportError:
        raise UserError(
            f"Downloading needs the kaggle package: pip install 'image-generating[kaggle]'. {_by_hand()}"
        ) from None
    request = ApiDownloadDatasetRequest()
    request.owner_slug, request.dataset_slug, request.dataset_version_number = OWNER, NAME, VERSION
    # The client finds tokens and kaggle.json itself, but not this older pair of variables.
    user, key = os.environ.get("KAGGLE_USERNAME"), os.environ.get("KAGGLE_KEY")
    with KaggleClient(username=user, password=key) as client:
        return client.datasets.dataset_api_client.download_dataset(request)


@contextlib.contextmanager
def _failures_explained() -> Iterator[None]:
    """Turns what the client, the server and the archive raise into one sentence."""
    try:
        import requests
        import urllib3
    except ImportError:
        yield  # the client is missing too, and _request says so
        return
    kept = "Run the same command again to continue: finished files are kept."
    try:
        yield
    except requests.HTTPError as error:
        status = error.response.status_code
        # The client leaves the connection of a refused download open.
        error.response.close()
        if status in (401, 403):
            cause = "Kaggle refuses access: renew or remove the credentials (~/.kaggle, KAGGLE_* variables)."
        elif status == 404:
            cause = "Kaggle no longer has this version of the data set."
        elif status == 429:
            cause = f"Kaggle has had too many requests from here: wait an hour. {kept}"
        else:
            cause = f"Kaggle has a problem ({error}): try later. {kept}"
        raise UserError(f"{cause} {_by_hand()}") from error
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise UserError(
            f"No connection to Kaggle ({type(error).__name__}): check the network. {kept} {_by_hand()}"
        ) from error
    except (zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"The archive arrived damaged ({error}). {kept} {_by_hand()}") from error


def _by_hand() -> str:
    return f"Or download {PAGE} in a browser, unpack it and pass its chest_xray/{TRAINING} as --data."


def _extract(archive: zipfile.ZipFile, subset: str, output: Path, ours: set[str]) -> None:
    """Writes the wanted members that are not there yet, then the record; replaces only what is in `ours`."""
    members = _wanted(archive, subset)
    missing = {
        name: member
        for name, member in members.items()
        if not (output / name).is_file() or (output / name).stat().st_size != member.file_size
    }
    if others := [name for name in missing if os.path.lexists(output / name) and name not in ours]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UserError(
            f"{shown(output / others[0])}{more} would be replaced, and differ from the images of that name: "
            "name another --output, or move them away."
        )
    needed = sum(member.file_size for member in missing.values())
    free = shutil.disk_usage(output).free
    if free < needed:
        raise UserError(
            f"The images need {needed / 1e9:.2f} GB; {output} has {free / 1e9:.2f} GB free: make room."
        )
    with _progress(needed, "Downloading") as progress:
        # In the order of the archive, so that neighbors come in one request.
        for name, member in sorted(missing.items(), key=lambda item: item[1].header_offset):
            with files.replacing(output / name) as temporary, archive.open(member) as source:
                with open(temporary, "wb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)  # checks the sum at the end
                progress.update(member.file_size)
    record = {
        "source": PAGE,
        "license": LICENSE,
        "citation": CITATION,
        "subset": subset,
        "files": {name: member.file_size for name, member in sorted(members.items())},
    }
    with files.replacing(output / RECORD) as temporary:
        temporary.write_text(json.dumps(record, indent=1) + "\n")


def _wanted(archive: zipfile.ZipFile, subset: str) -> dict[str, zipfile.ZipInfo]:
    """The members of the subset by their path below the output folder."""
    members = {}
    # The least nested comes last and stays.
    for member in sorted(archive.infolist(), key=lambda member: -member.filename.count("/")):
        match = MEMBER.fullmatch(member.filename)
        if match and "__MACOSX" not in member.filename and (subset == "all" or "/NORMAL/" in match[1]):
            members[match[1]] = member
    if not members:
        raise UserError(f"The archive from Kaggle holds none of the expected images. {_by_hand()}")
    return members


def _progress(size: int | None, what: str) -> tqdm:
    return tqdm(total=size, desc=what, unit="B", unit_scale=True)
