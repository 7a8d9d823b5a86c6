"""One uint8 file of prepared images per content and settings, mapped into memory.

A cache entry is a folder `<resolution>px-<fit>-<key>` with `images.npy`, uint8 `(N, R, R)`, and
`record.json`: the settings and, for every file looked at, its name, its digest and why it was skipped,
if it was. The key is made of the settings and the digests of the images asked for, so a moved or renamed
folder finds its entry again and a changed one does not.

An entry appears under its name only when it is whole. Runs that prepare the same images at the same
time each work for themselves; the first to finish publishes and the others take what it published.
"""

import contextlib
import dataclasses
import errno
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from image_generating import files
from image_generating.data.dataset import Dataset
from image_generating.data.source import Changed, Source, Unusable
from image_generating.errors import UserError, shown

FORMAT = 1  # raise it when prepared pixels change, so that older entries are not used
FEWEST = 2  # a single image has nothing to be told apart from
ATTEMPTS = 3
ABANDONED = 3600  # seconds
MOST_NAMED = 10  # of the skipped files
# Found by its name, which is made of what it holds; an entry that is not whole is made again.
ENTRY = files.FolderKind("prepared images", frozenset(["images.npy", "record.json"]), lambda folder: True)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What, beside the content, decides the prepared pixels."""

    resolution: int
    fit: str


def default_root() -> Path:
    """The cache folder for those who name none."""
    root = os.environ.get("XDG_CACHE_HOME")
    if not root:
        try:
            root = Path.home() / ".cache"
        except RuntimeError:
            # A user without a home, as in some containers.
            root = Path(tempfile.gettempdir()) / f"cache-{os.getuid()}"
    return Path(root) / "image_generating"


def prepare(sources: Sequence[Source], wanted: int, settings: Settings, root: Path, strict: bool) -> Dataset:
    """Opens the entry of the first `wanted` usable sources, and makes it first if need be.

    Args:
        sources: candidates in order of preference.
        wanted: how many images to take; fewer are taken when fewer can be used.
        settings: resolution and fit.
        root: the cache folder.
        strict: stop at the first source that cannot be used.

    Raises:
        UserError: fewer than two images can be used, or one cannot and `strict` is set, or the disk
            is full, or the cache folder cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(root, error) from error
    # Threads, since Pillow decodes and resizes outside the interpreter lock and since TensorFlow does
    # not survive a fork.
    with ThreadPoolExecutor(cores()) as pool:
        for _ in range(ATTEMPTS):
            # A file that vanishes while it is being prepared is found missing by the next attempt.
            with contextlib.suppress(Changed):
                return _prepare(pool, sources, wanted, settings, root, strict)
    raise UserError("The images keep changing while they are being prepared: wait until that is over.")


def _prepare(pool, sources, wanted, settings, root, strict) -> Dataset:
    skipped = []

    def skip(name: str, reason: str) -> None:
        if strict:
            raise _refusal(name, reason)
        # Names may hold control characters, and reasons the names of others; these are for people to read.
        skipped.append((shown(name), shown(reason)))

    candidates = _distinct(pool, sources, wanted, skip)
    chosen = list(itertools.islice(candidates, wanted))
    location = root / f"{settings.resolution}px-{settings.fit}-{_key(settings, [d for _, d in chosen])}"
    stored = _stored(location)
    if stored:
        # Unusable files were replaced by further ones; these must still be the same.
        chosen += itertools.islice(candidates, len(stored.files) - len(chosen))
        if [digest for _, digest in chosen] != [file["digest"] for file in stored.files]:
            stored = None
    if stored:
        # Not the record's names, as the files may have been renamed since.
        looked_at = [source.name for source, _ in chosen]
    else:
        stored = _publish(location, pool, chosen, candidates, wanted, settings, skipped, strict)
        looked_at = [file["name"] for file in stored.files]
    names = []
    for name, file in zip(looked_at, stored.files, strict=True):
        if file["skipped"]:
            skip(name, file["skipped"])
        else:
            names.append(name)
    return Dataset(stored.images, tuple(names), tuple(skipped), stored.key)


def _distinct(pool, sources, wanted, skip) -> Iterator[tuple[Source, str]]:
    """Each readable source with its digest, but only the first of equal ones."""

    def digest(source):
        try:
            return source.digest()
        except FileNotFoundError:
            return Unusable("vanished after the folder was listed")
        except Unusable as reason:
            return reason
        except OSError as error:
            return Unusable(f"cannot be read ({error.strerror})")

    seen = {}
    with tqdm(total=wanted, desc="Reading", unit="img", delay=1, leave=False) as progress:
        for source, found in _in_order(pool, digest, sources):
            if isinstance(found, Unusable):
                skip(source.name, str(found))
            elif found in seen:
                skip(source.name, f"the same content as {seen[found]}")
            else:
                seen[found] = source.name
                progress.update()
                if len(seen) == wanted:
                    progress.close()
                yield source, found


def _publish(location, pool, chosen, candidates, wanted, settings, skipped, strict) -> "_Stored":
    """Makes the entry of `chosen`, with `candidates` in place of those that cannot be used."""
    _remove_abandoned(location.parent)
    room, free = wanted * settings.resolution**2, shutil.disk_usage(location.parent).free
    full = UserError(
        f"The prepared images need {room / 1e9:.2f} GB and {location.parent} has {free / 1e9:.2f} GB free:"
        " make room, take fewer --images, or choose another folder with --cache."
    )
    if free < room:
        raise full
    try:
        with files.replacing_folder(location, ENTRY) as folder:
            folder.mkdir()
            _write(folder, pool, chosen, candidates, wanted, settings, skipped, strict)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise full from error
        if not location.is_dir():  # else another run was first to publish it
            raise _unwritable(location.parent, error) from error
    stored = _stored(location)
    if not stored:
        raise Changed(location.name)  # another run is publishing it right now
    return stored


def _remove_abandoned(root: Path) -> None:
    """Removes what killed runs were writing: unpublished folders in which nothing happens any more."""
    for scratch in root.glob(".*px-*"):
        with contextlib.suppress(OSError):  # another run may be removing or publishing it
            if time.time() - max(path.stat().st_mtime for path in [scratch, *scratch.rglob("*")]) > ABANDONED:
                shutil.rmtree(scratch)


def _write(folder, pool, chosen, candidates, wanted, settings, skipped, strict) -> None:
    def pixels(candidate):
        source, digest = candidate
        try:
            return source.pixels(digest, settings.resolution, settings.fit)
        except Unusable as error:
            return error

    looked_at, count = [], 0
    with (
        open(folder / "images.npy", "wb") as out,
        tqdm(total=wanted, desc="Preparing", unit="img") as progress,
    ):
        _write_header(out, wanted, settings.resolution)
        while chosen:
            for (source, digest), result in _in_order(pool, pixels, chosen):
                reason = str(result) if isinstance(result, Unusable) else None
                looked_at.append({"name": source.name, "digest": digest, "skipped": reason})
                if reason and strict:
                    raise _refusal(source.name, reason)
                if not reason:
                    # Plain writes, since a full disk kills the process that writes through a map.
                    out.write(np.ascontiguousarray(result).data)
                    count += 1
                    progress.update()
            chosen = list(itertools.islice(candidates, wanted - count))
        out.seek(0)
        _write_header(out, count, settings.resolution)
    if count < FEWEST:
        reasons = [*skipped, *((file["name"], file["skipped"]) for file in looked_at if file["skipped"])]
        raise UserError(
            f"There must be at least {FEWEST} images and {count} can be used:"
            " add images, or repair those that were skipped."
            + "".join(f"\n  {shown(name)}: {shown(reason)}" for name, reason in reasons[:MOST_NAMED])
        )
    record = {
        "settings": {"format": FORMAT, **dataclasses.asdict(settings)},
        "key": _key(settings, [file["digest"] for file in looked_at]),
        "files": looked_at,
    }
    (folder / "record.json").write_text(json.dumps(record, indent=1) + "\n")


@dataclasses.dataclass(frozen=True)
class _Stored:
    """A whole cache entry: the images, and what `record.json` says of them."""

    images: np.memmap
    files: list[dict[str, Any]]
    key: str


def _stored(location: Path) -> _Stored | None:
    """The entry if it is there and whole."""
    try:
        record = json.loads((location / "record.json").read_text())
        images = np.load(location / "images.npy", mmap_mode="r")  # fails if the file is too short
        for file in record["files"]:
            if not isinstance(file["name"], str) or not isinstance(file["digest"], str):
                return None
        usable = sum(not file["skipped"] for file in record["files"])
        side = record["settings"]["resolution"]
        if (images.shape, images.dtype) != ((usable, side, side), np.uint8):
            return None
        return _Stored(images, record["files"], record["key"])
    except Exception:  # A damaged file makes the readers of JSON and of arrays raise whatever comes first.
        return None


def _refusal(name: str, reason: str) -> UserError:
    return UserError(
        f"{shown(name)}: {shown(reason)}. Remove or repair it, or run without --strict to skip such files."
    )


def _unwritable(root: Path, error: OSError) -> UserError:
    return UserError(
        f"Cannot write the cache folder {shown(root)} ({error.strerror}): choose another with --cache."
    )


def _key(settings: Settings, digests: Iterable[str]) -> str:
    text = json.dumps([FORMAT, dataclasses.astuple(settings), list(digests)])
    return hashlib.blake2b(text.encode(), digest_size=10).hexdigest()


def _write_header(out, count: int, resolution: int) -> None:
    """The .npy header; its length does not depend on `count`, so it can be written over."""
    shape = (count, resolution, resolution)
    np.lib.format.write_array_header_1_0(out, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _in_order(pool, function: Callable, items: Iterable) -> Iterator[tuple[Any, Any]]:
    """Each item with its result, in order, computed only a few items ahead to bound the memory."""
    pending = deque()
    try:
        for item in items:
            pending.append((item, pool.submit(function, item)))
            if len(pending) > 2 * cores():
                yield _result(pending.popleft())
        while pending:
            yield _result(pending.popleft())
    finally:
        for _, future in pending:
            future.cancel()


def _result(submitted):
    item, future = submitted
    return item, future.result()


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
