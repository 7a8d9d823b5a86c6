"""`generate`, `interpolate` and `gif`, run for real on a tiny generator."""

import keras
import numpy as np
import pytest
from conftest import gray
from PIL import Image

from image_generating.config import GenerateConfig, GifConfig, InterpolateConfig
from image_generating.errors import UserError
from image_generating.figures import save_preview
from image_generating.pictures import run_generate, run_gif, run_interpolate
from image_generating.sampling import latents, load_generator, slerp


def test_the_same_seed_gives_the_same_pictures_at_any_batch_size_and_count(tiny_export, tmp_path):
    for name, options in {"a": {"batch_size": 1}, "b": {"batch_size": 4}, "c": {"count": 7}}.items():
        options = {"count": 5} | options
        run_generate(
            GenerateConfig(model=tiny_export / "generator", output=tmp_path / name, seed=3, **options)
        )
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == [f"result{i}.png" for i in range(5)]
    for index in range(5):
        first = gray(tmp_path / "a" / f"result{index}.png").astype(int)
        assert first.shape == (112, 112)
        for other in "bc":
            assert np.abs(first - gray(tmp_path / other / f"result{index}.png")).max() <= 1
    assert not np.array_equal(gray(tmp_path / "a" / "result0.png"), gray(tmp_path / "a" / "result1.png"))


def test_grid_and_truncation(tiny_export, tmp_path):
    model = tiny_export / "generator"
    run_generate(GenerateConfig(model=model, output=tmp_path, count=4, grid=True, truncation=1e-30))
    assert gray(tmp_path / "grid.png").shape == (2 * 266 + 4, 2 * 266 + 4)
    # All latents are the origin, which has no direction and so no grain either: the same image each time,
    # but for the rounding of a gray level.
    first, last = (gray(tmp_path / f"result{index}.png").astype(int) for index in (0, 3))
    assert np.abs(first - last).max() <= 1


def test_latents_do_not_depend_on_how_many_are_drawn():
    np.testing.assert_array_equal(latents(5, 8, seed=1)[3:], latents(2, 8, seed=1, start=3))
    assert not np.array_equal(latents(1, 8, seed=1), latents(1, 8, seed=2))


def test_slerp_stays_on_the_arc():
    start, end = np.array([2.0, 0.0]), np.array([0.0, 2.0])
    np.testing.assert_allclose(slerp(start, end, 0.5), [np.sqrt(2), np.sqrt(2)])
    np.testing.assert_allclose(slerp(start, end, 0), start)
    np.testing.assert_allclose(slerp(start, end, 1), end, atol=1e-12)
    np.testing.assert_allclose(slerp(start, start, 0.3), start)


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_interpolation_is_a_closed_walk(tiny_export, tmp_path, suffix):
    if suffix == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    path = tmp_path / f"walk{suffix}"
    run_interpolate(
        InterpolateConfig(model=tiny_export / "generator", output=path, stops=2, frames=3, size=112)
    )
    if suffix == ".gif":
        with Image.open(path) as film:
            assert film.n_frames == 6
            assert film.size == (112, 112)
            assert film.info["duration"] == pytest.approx(1000 / 12, abs=10)
    else:
        assert path.read_bytes()[4:8] == b"ftyp"


@pytest.fixture
def run_with_previews(tmp_path):
    random = np.random.default_rng(0)
    for epoch in (0, 5, 100):
        images = random.integers(0, 256, (9, 64, 64), dtype="uint8")
        save_preview(images, tmp_path / "run" / "training_images" / f"image_at_epoch_{epoch:04d}.png")
    return tmp_path / "run"


def test_gif_has_a_captioned_frame_for_each_preview(run_with_previews, tmp_path):
    run_gif(GifConfig(run=run_with_previews, output=tmp_path / "training.gif"))
    with Image.open(tmp_path / "training.gif") as film:
        assert film.n_frames == 3
        width, height = film.size
        assert width == 776
        assert height > 776
        caption = np.asarray(film.convert("L"))[776:]
        assert caption.max() > 200
        assert (caption < 20).mean() > 0.8


def test_gif_shrinks_until_it_fits(run_with_previews, tmp_path):
    run_gif(GifConfig(run=run_with_previews, output=tmp_path / "small.gif", megabytes=0.2))
    assert (tmp_path / "small.gif").stat().st_size <= 200_000
    with pytest.raises(UserError, match="larger --megabytes"):
        run_gif(GifConfig(run=run_with_previews, output=tmp_path / "tiny.gif", megabytes=0.0001))
    assert not (tmp_path / "tiny.gif").exists()


def test_bad_input_is_refused_in_one_sentence(tiny_export, tmp_path):
    model = tiny_export / "generator"
    with pytest.raises(UserError, match="no exported generator"):
        run_generate(GenerateConfig(model=tmp_path, output=tmp_path / "x"))
    with pytest.raises(UserError, match="is not a generator"):
        run_generate(GenerateConfig(model=tiny_export / "discriminator", output=tmp_path / "x"))
    with pytest.raises(UserError, match="--count"):
        run_generate(GenerateConfig(model=model, output=tmp_path / "x", count=0))
    with pytest.raises(UserError, match=r"\.gif or \.mp4"):
        run_interpolate(InterpolateConfig(model=model, output=tmp_path / "walk.avi"))
    with pytest.raises(UserError, match="no previews"):
        run_gif(GifConfig(run=tmp_path, output=tmp_path / "x.gif"))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_model_is_named(tiny_export, tmp_path):
    folder = tmp_path / "generator"
    folder.mkdir()
    for name in ("config.json", "metadata.json"):
        (folder / name).write_bytes((tiny_export / "generator" / name).read_bytes())
    (folder / "model.weights.h5").write_bytes(b"not a file of weights")
    with pytest.raises(UserError, match="cannot be loaded"):
        load_generator(folder)
    assert isinstance(load_generator(tiny_export / "generator"), keras.Sequential)
