"""What an evaluation costs: python benchmarks/evaluate.py [--count 50000 --resolution 64 --extractor tiny].

Prints the seconds of each step for synthetic images, a sixth as many held-out as training ones, the processor
time and the peak memory. The images are made as they are needed, so that the memory is the evaluation's.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from image_generating.metrics import extractors
from image_generating.metrics.evaluate import evaluate


def images(count, side, seed):
    """Random shifts of random ellipses under noise, 50 at a time."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    for start in range(0, count, 50):
        noise = random.normal(0, 4, (side, side))
        batch = []
        for width, height in random.uniform((0.2, 0.3), (0.35, 0.45), (min(50, count - start), 2)):
            inside = ((x - 0.5) / width) ** 2 + ((y - 0.5) / height) ** 2 < 1
            batch.append(160 - 100 * inside + np.roll(noise, random.integers(side, size=2), (0, 1)))
        yield np.clip(batch, 0, 255).astype(np.uint8)


def mapped(count, side, seed, folder):
    """The same, in a file that is mapped."""
    path = folder / f"{seed}.npy"
    array = np.lib.format.open_memmap(path, "w+", np.uint8, (count, side, side))
    for start, batch in zip(range(0, count, 50), images(count, side, seed), strict=True):
        array[start : start + len(batch)] = batch
    return np.load(path, mmap_mode="r")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=300, help="generated images (default: 300)")
    parser.add_argument("--real", type=int, default=300, help="training images (default: 300)")
    parser.add_argument("--resolution", type=int, default=800, help="side in pixels (default: 800)")
    parser.add_argument("--extractor", default="inception", help="network (default: inception)")
    arguments = parser.parse_args()
    count, real, side = arguments.count, arguments.real, arguments.resolution
    extractor = extractors.get(arguments.extractor)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, heldout = mapped(real, side, 1, folder), mapped(max(2, real // 6), side, 2, folder)
        wall, processor = time.perf_counter(), time.process_time()
        result = evaluate(images(count, side, 3), count, train, heldout, extractor, folder=folder)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    for step, seconds in result.seconds.items():
        print(f"{step:12s} {seconds:8.1f} s")
    print(f"{'all':12s} {wall:8.1f} s, {processor:.1f} s of processor time")
    print(f"peak memory  {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:8.2f} GiB")


if __name__ == "__main__":
    main()
