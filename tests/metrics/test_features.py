import numpy as np
import pytest
from scenes import scenes

from image_generating.metrics import extractors, features


class Counting:
    """Mean and deviation, and how many images were asked for."""

    name, dimension = "counting", 2

    def __init__(self):
        self.images = 0

    def __call__(self, images):
        self.images += len(images)
        return np.stack([images.mean(axis=(1, 2)), images.std(axis=(1, 2))], axis=1).astype(np.float32)


@pytest.fixture
def observe(tmp_path):
    return lambda batches, total, extractor, **more: features.observe(
        batches, total, extractor, cache=tmp_path, label="test", **more
    )


def test_any_batches_give_what_one_array_gives(observe):
    images = scenes(130, 16)
    pieces = [images[:1], images[1:60], images[60:61], images[61:]]

    whole, streamed = observe(images, 130, Counting()), observe(iter(pieces), 130, Counting())

    np.testing.assert_array_equal(whole.features, Counting()(images))
    for name in ("features", "spectra", "total_spectra", "kept"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(streamed, name))
    assert len(whole) == 130
    assert whole.spectra.shape == (130, 8)


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "shape", "nan"])
def test_damaged_features_in_the_cache_are_computed_anew(observe, tmp_path, damage):
    images = scenes(60, 16)
    right = observe(images, 60, Counting()).features
    for path in (tmp_path / "features").iterdir():
        whole = path.read_bytes()
        if damage in ("shape", "nan"):
            stored = np.load(path)
            np.save(path, stored[:-1] if damage == "shape" else stored * np.nan)
        else:
            path.write_bytes({"cut": whole[:-9], "empty": b"", "text": b"\x93NUMPY no"}[damage])
    extractor = Counting()
    np.testing.assert_array_equal(observe(images, 60, extractor).features, right)
    assert extractor.images == 60
    np.testing.assert_array_equal(observe(images, 60, extractor).features, right)
    assert extractor.images == 60


def test_features_are_cached_by_content_and_extractor(observe):
    images, extractor = scenes(60, 16), Counting()
    observe(images, 60, extractor)
    assert extractor.images == 60

    again = observe(images.copy(), 60, extractor)
    assert extractor.images == 60
    np.testing.assert_array_equal(again.features, extractor(images))

    extractor.images = 0
    observe(255 - images, 60, extractor)
    assert extractor.images == 60
    extractor.name = "other"
    observe(images, 60, extractor)
    assert extractor.images == 120


def test_a_random_sample_is_kept(observe):
    images = scenes(100, 16)

    kept = observe(images, 100, Counting(), seed=1).kept

    assert len(kept) == features.KEPT
    rows = [int(np.flatnonzero((images == one).all(axis=(1, 2)))[0]) for one in kept]
    assert rows == sorted(set(rows))
    assert rows != list(range(features.KEPT))


def test_chunks_are_watched_with_their_features(observe):
    seen = []
    images = scenes(70, 16)

    observe(images, 70, Counting(), watch=lambda *chunk: seen.append(chunk))

    assert [len(one) for one, _ in seen] == [features.CHUNK, 70 - features.CHUNK]
    np.testing.assert_array_equal(np.concatenate([one for one, _ in seen]), images)


def test_a_mapped_array_is_read(observe, tmp_path):
    np.save(tmp_path / "images.npy", scenes(5, 32))

    seen = observe(np.load(tmp_path / "images.npy", mmap_mode="r"), 5, extractors.get("tiny"))

    assert seen.features.shape == (5, 64)
    assert type(seen.kept) is np.ndarray
