"""How fast a folder of images is prepared: python benchmarks/prepare_data.py --data DIR.

Prints images per second, medians of several runs, of
- decoding alone: the pixels of each file on as many threads, thrown away;
- decoding, conversion to gray and resizing on as many threads, thrown away;
- preparing cold: the same with digests, progress bar and the cache file;
- opening warm: the digests and the mapped cache file.
"""

import argparse
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from PIL import Image

from image_generating import data
from image_generating.config import DataConfig
from image_generating.data import cache, decode, folder


def decode_only(image):
    with Image.open(image.path) as opened:
        opened.load()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder of JPEG, PNG, TIFF or BMP images")
    parser.add_argument("--resolution", type=int, default=800, help="side in pixels (default: 800)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each (default: 5)")
    arguments = parser.parse_args()
    images = folder.find(arguments.data)
    threads = cache.cores()
    repeats, resolution = arguments.repeats, arguments.resolution
    print(f"{len(images)} images to {resolution} px on {threads} threads, median of {repeats}")

    def square(image):
        with open(image.path, "rb") as file:
            decode.square(file, resolution, "stretch")

    def load(root):
        data.load(DataConfig(data=arguments.data, resolution=resolution, cache=Path(root)))

    def cold():
        with tempfile.TemporaryDirectory() as root:
            load(root)

    with ThreadPoolExecutor(threads) as pool, tempfile.TemporaryDirectory() as root:
        load(root)
        ways = {
            "decoding alone": lambda: list(pool.map(decode_only, images)),
            "decoding and resizing": lambda: list(pool.map(square, images)),
            "preparing cold": cold,
            "opening warm": lambda: load(root),
        }
        seconds = {name: [] for name in ways}
        # The ways take turns, so that other work on the machine disturbs all of them alike.
        for _ in range(repeats):
            for name, way in ways.items():
                start = time.perf_counter()
                way()
                seconds[name].append(time.perf_counter() - start)
    for name, times in seconds.items():
        median = statistics.median(times)
        speed = f"{len(images) / median:8.0f} images/s"
        print(f"{name:22s} {speed} {median:6.2f} s   ({min(times):.2f}–{max(times):.2f})")


if __name__ == "__main__":
    main()
