"""How surely the same picture is found in two sets: python benchmarks/near_copies.py --data FOLDER.

Every image of the folder is altered in each way and looked for among all of them, as `evaluate` does it.
Prints, for each way, how many copies were found and how similar the least similar one is; then which were
taken for another file, and the pairs of files that are most similar to each other.
"""

import argparse
import io
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from image_generating.data import cache, decode, folder
from image_generating.metrics import duplicates
from image_generating.metrics.duplicates import Fingerprints

SIDE = 800
# Similarities of so many pairs of different files, the most alike at 32 pixels, are printed.
CLOSEST = 2000


def encoded(image: Image.Image, form: str, **options) -> Image.Image:
    file = io.BytesIO()
    image.save(file, form, **options)
    return Image.open(file)


def resized(image: Image.Image, width: float, height: float, how=Image.Resampling.BICUBIC) -> Image.Image:
    return image.resize((round(width), round(height)), how)


def mapped(image: Image.Image, curve: Callable[[float], float]) -> Image.Image:
    return image.point([min(255, max(0, round(curve(value)))) for value in range(256)])


def cropped(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop(
        (round(left * width), round(top * height), round((1 - right) * width), round((1 - bottom) * height))
    )


WAYS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "PNG": lambda i: i,
    "JPEG, quality 95": lambda i: encoded(i, "JPEG", quality=95),
    "JPEG, quality 60": lambda i: encoded(i, "JPEG", quality=60),
    "JPEG, quality 30": lambda i: encoded(i, "JPEG", quality=30),
    "0.9 times the size": lambda i: resized(i, 0.9 * i.width, 0.9 * i.height),
    "1.1 times the size": lambda i: resized(i, 1.1 * i.width, 1.1 * i.height),
    "400 × 400 pixels": lambda i: resized(i, 400, 400),
    "short side 200 pixels, bilinear": lambda i: resized(
        i, 200 * i.width / min(i.size), 200 * i.height / min(i.size), Image.Resampling.BILINEAR
    ),
    "brightness −40": lambda i: mapped(i, lambda v: v - 40),
    "brightness −20": lambda i: mapped(i, lambda v: v - 20),
    "brightness +20": lambda i: mapped(i, lambda v: v + 20),
    "brightness +40": lambda i: mapped(i, lambda v: v + 40),
    "contrast 0.6": lambda i: mapped(i, lambda v: 128 + 0.6 * (v - 128)),
    "contrast 1.4": lambda i: mapped(i, lambda v: 128 + 1.4 * (v - 128)),
    "gamma 0.6": lambda i: mapped(i, lambda v: 255 * (v / 255) ** 0.6),
    "gamma 1.6": lambda i: mapped(i, lambda v: 255 * (v / 255) ** 1.6),
    "1 % cut off at each border": lambda i: cropped(i, 0.01, 0.01, 0.01, 0.01),
    "2 % cut off at each border": lambda i: cropped(i, 0.02, 0.02, 0.02, 0.02),
    "2 % cut off left and above": lambda i: cropped(i, 0.02, 0.02, 0, 0),
    "2 % cut off, 400 pixels, +20, quality 50": lambda i: encoded(
        mapped(resized(cropped(i, 0.02, 0, 0, 0.02), 400, 400), lambda v: v + 20), "JPEG", quality=50
    ),
}


def square(image: Image.Image) -> np.ndarray:
    """As `evaluate` reads a file with this picture."""
    file = io.BytesIO()
    # An altered JPEG was decoded already; without compression this takes little time.
    image.save(file, "PNG", compress_level=0)
    return decode.square(file, SIDE, "stretch")


def prints(path: Path) -> Fingerprints:
    """Of the image as it is, and altered in each way."""
    with open(path, "rb") as file:
        original = decode.square(file, SIDE, "stretch")
    with Image.open(path) as opened:
        image = opened.convert("L")
    return Fingerprints.of(np.stack([original, *(square(way(image)) for way in WAYS.values())]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of real images")
    files = folder.search(parser.parse_args().data)[0]
    with ProcessPoolExecutor(cache.cores()) as pool:
        made = list(pool.map(prints, [file.path for file in files], chunksize=8))
    coarse = np.stack([p.coarse for p in made], axis=1)
    reduced = np.stack([p.reduced for p in made], axis=1)
    known = Fingerprints(coarse[0], reduced[0])
    digests = [file.digest() for file in files]

    pairs: dict[tuple[int, int], float] = {}
    print(f"{'altered':42s} found of {len(files)}  least similar")
    for row, name in enumerate(WAYS, 1):
        matches = duplicates.find(Fingerprints(coarse[row], reduced[row]), known)
        right = [m.similarity for m in matches if digests[m.number] == digests[m.known]]
        pairs |= {(m.number, m.known): m.similarity for m in matches if digests[m.number] != digests[m.known]}
        print(f"{name:42s} {len(right):12d}  {min(right, default=0):13.3f}")

    print(f"\nAltered copies taken for another file: {len(pairs)}")
    for (one, other), similarity in pairs.items():
        print(f"  {files[one].name} {files[other].name} {similarity:.3f}")

    first, second = np.triu_indices(len(files), 1)
    similar = (known.coarse @ known.coarse.T)[first, second]
    order = np.argsort(-similar, kind="stable")[:CLOSEST]
    measured = sorted(
        (
            (duplicates.similarity(known.reduced[first[pair]], known.reduced[second[pair]]), pair)
            for pair in order
        ),
        reverse=True,
    )
    print(
        f"\nOf {len(first)} pairs, {int((similar > duplicates.CANDIDATE).sum())} were compared finely "
        f"(above {duplicates.CANDIDATE}); the most similar of the first {len(order)}:"
    )
    for value, pair in measured[:8]:
        one, other = first[pair], second[pair]
        what = "the same content" if digests[one] == digests[other] else "different"
        print(f"  {value:.3f}  {what}  {files[one].name}  {files[other].name}")


if __name__ == "__main__":
    main()
