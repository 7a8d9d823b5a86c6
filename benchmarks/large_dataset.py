"""A data set larger than memory: python benchmarks/large_dataset.py.

Prepares images for real through the cache, to show that this takes constant memory, then maps a sparse
file of the full size and reads random reduced batches of it, as training does. "own" memory is what the
process holds for itself; "mapped" are pages of the file, which the system takes back when it needs them.
"""

import argparse
import dataclasses
import tempfile
import time
from pathlib import Path

import numpy as np

from image_generating.data import Dataset, cache


@dataclasses.dataclass(frozen=True)
class Noise:
    """A synthetic image."""

    name: str

    def digest(self):
        return self.name

    def pixels(self, digest, resolution, fit):
        rng = np.random.default_rng(int(self.name))
        return np.frombuffer(rng.bytes(resolution**2), np.uint8).reshape(resolution, resolution)


def memory():
    """Resident MB of this process: own, mapped from files, and the peak of both together (Linux)."""
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return [int(lines[name].split()[0]) / 1000 for name in ("RssAnon", "RssFile", "VmHWM")]


def report(what, count, seconds):
    own, mapped, peak = memory()
    print(f"{what}: {count / seconds:.0f} images/s; MB: own {own:.0f}, mapped {mapped:.0f}, peak {peak:.0f}")


def prepare(count, resolution, root):
    sources = [Noise(str(index)) for index in range(count)]
    start = time.perf_counter()
    dataset = cache.prepare(sources, count, cache.Settings(resolution, "stretch"), root, strict=True)
    seconds = time.perf_counter() - start
    report(f"preparing {count} images ({dataset.images.nbytes / 1e9:.1f} GB)", count, seconds)


def read(count, resolution, reduced, batch, batches, root):
    shape = (count, resolution, resolution)
    np.lib.format.open_memmap(root / "sparse.npy", "w+", np.uint8, shape).flush()
    images = np.load(root / "sparse.npy", mmap_mode="r")
    dataset = Dataset(images, (), (), "synthetic")
    rng = np.random.default_rng(0)
    start = time.perf_counter()
    for _ in range(batches):
        dataset.reduced(rng.integers(0, count, batch), reduced)
    seconds = time.perf_counter() - start
    what = (
        f"reading {batches} batches of {batch} at {reduced} px out of {count} ({images.nbytes / 1e9:.1f} GB)"
    )
    report(what, batches * batch, seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=20_000, help="in the large data set (default: 20000)")
    parser.add_argument(
        "--prepared", type=int, default=2000, help="images to prepare for real (default: 2000)"
    )
    parser.add_argument("--resolution", type=int, default=800, help="side in pixels (default: 800)")
    parser.add_argument("--reduced", type=int, default=200, help="side in the batches (default: 200)")
    parser.add_argument("--batch", type=int, default=16, help="images per batch (default: 16)")
    parser.add_argument("--batches", type=int, default=400, help="how many to read (default: 400)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(arguments.prepared, arguments.resolution, root)
        reading = arguments.reduced, arguments.batch, arguments.batches
        read(arguments.images, arguments.resolution, *reading, root)


if __name__ == "__main__":
    main()
