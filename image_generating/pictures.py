"""The commands `generate`, `interpolate` and `gif`: pictures and films from networks and runs."""

import math
import re
from pathlib import Path

import imageio.v3 as imageio
import numpy as np
from PIL import Image
from tqdm import tqdm

from image_generating import provenance
from image_generating.config import GenerateConfig, GifConfig, InterpolateConfig
from image_generating.errors import UserError
from image_generating.figures import caption, save_gif, tile
from image_generating.files import replacing
from image_generating.sampling import default_batch_size, generate, latents, load_generator, render, slerp

_MOST_IN_GRID = 100
_GRID_SIDE = 266
_GIF_SECONDS = 12.0
_SMALLEST_GIF_SIDE = 64


def run_generate(config: GenerateConfig) -> None:
    """Writes `result0.png` … and, if asked, `grid.png`."""
    _positive(count=config.count, truncation=config.truncation)
    if config.batch_size is not None:
        _positive(batch_size=config.batch_size)
    generator = load_generator(config.model)
    config.output.mkdir(parents=True, exist_ok=True)
    shown = []
    with tqdm(total=config.count, unit="img") as bar:
        for batch in generate(generator, config.count, config.seed, config.batch_size, config.truncation):
            for image in batch:
                with replacing(config.output / f"result{bar.n}.png") as temporary:
                    Image.fromarray(image).save(temporary)
                if config.grid and bar.n < _MOST_IN_GRID:
                    shown.append(
                        np.asarray(
                            Image.fromarray(image).resize((_GRID_SIDE, _GRID_SIDE), Image.Resampling.LANCZOS)
                        )
                    )
                bar.update()
    if config.grid:
        with replacing(config.output / "grid.png") as temporary:
            tile(np.stack(shown)).save(temporary, pnginfo=provenance.mark())
    print(f"{config.count} pictures in {config.output}")


def run_interpolate(config: InterpolateConfig) -> None:
    """Writes a closed walk through the latent space."""
    _positive(frames=config.frames, size=config.size, fps=config.fps, truncation=config.truncation)
    if config.stops < 2:
        raise UserError(f"--stops must be at least 2, not {config.stops}.")
    if config.output.suffix not in (".gif", ".mp4"):
        raise UserError(f"{config.output} must end in .gif or .mp4.")
    generator = load_generator(config.model)
    corners = latents(config.stops, generator.input_shape[-1], config.seed, truncation=config.truncation)
    walk = [
        slerp(corners[stop], corners[(stop + 1) % config.stops], frame / config.frames)
        for stop in range(config.stops)
        for frame in range(config.frames)
    ]
    frames, batch_size = [], default_batch_size(generator)
    for start in tqdm(range(0, len(walk), batch_size), unit="batch"):
        images = render(generator, np.stack(walk[start : start + batch_size]).astype("float32"))
        frames += [
            Image.fromarray(image).resize((config.size, config.size), Image.Resampling.LANCZOS)
            for image in images
        ]
    if config.output.suffix == ".gif":
        save_gif(frames, config.output, config.fps)
    else:
        _save_mp4(frames, config.output, config.fps)
    print(f"{len(frames)} frames in {config.output}")


def _save_mp4(frames: list[Image.Image], path: Path, fps: int) -> None:
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError as error:
        raise UserError(
            "Writing MP4 needs a package: pip install 'image-generating[video]'; or name a .gif."
        ) from error
    with replacing(path) as temporary:
        imageio.imwrite(
            temporary, np.stack([np.asarray(f.convert("RGB")) for f in frames]), plugin="FFMPEG", fps=fps
        )


def run_gif(config: GifConfig) -> None:
    """Writes the GIF of a training, captioned with the epoch, below a size."""
    _positive(megabytes=config.megabytes)
    frames = preview_frames(config.run)
    fps = max(2.0, min(12.0, len(frames) / _GIF_SECONDS))
    limit, side = config.megabytes * 1e6, frames[0].width
    with replacing(config.output) as temporary:
        while True:
            size = (side, round(side * frames[0].height / frames[0].width))
            save_gif(
                (frame.resize(size, Image.Resampling.LANCZOS) for frame in frames),
                temporary,
                fps,
                last_seconds=2,
            )
            written = temporary.stat().st_size
            if written <= limit:
                break
            # Bytes go with the area; a little less than that, so that the loop ends.
            side = int(0.95 * side * math.sqrt(limit / written))
            if side < _SMALLEST_GIF_SIDE:
                raise UserError(
                    f"{len(frames)} frames do not fit in {config.megabytes} MB; give a larger --megabytes."
                )
    print(
        f"{len(frames)} frames of {size[0]}×{size[1]} at {fps:.0f} per second "
        f"in {config.output} ({written / 1e6:.1f} MB)"
    )


def preview_frames(run: Path) -> list[Image.Image]:
    """The captioned previews of a run in the order of the epochs.

    Raises:
        UserError: if the run has none.
    """
    paths = {
        int(re.search(r"\d+", path.stem)[0]): path
        for path in (Path(run) / "training_images").glob("image_at_epoch_*.png")
    }
    if not paths:
        raise UserError(f"{run} has no previews in training_images/. Name the --output of a training.")
    frames = []
    for epoch, path in sorted(paths.items()):
        with Image.open(path) as picture:
            frames.append(caption(picture.convert("L"), f"epoch {epoch}"))
    return frames


def _positive(**values: float) -> None:
    for name, value in values.items():
        if not value > 0:
            raise UserError(f"--{name.replace('_', '-')} must be greater than 0, not {value}.")
