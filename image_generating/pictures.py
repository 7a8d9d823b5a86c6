"""The commands `generate`, `interpolate` and `gif`: pictures and films from networks and runs."""

import collections
import importlib.util
import math
import re
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from image_generating import previews, provenance
from image_generating.config import GenerateConfig, GifConfig, InterpolateConfig
from image_generating.errors import UserError, shown
from image_generating.figures import caption, save_gif, save_mp4, tile
from image_generating.files import check_file, check_folder, replacing
from image_generating.sampling import default_batch_size, generate, latents, load_generator, render, slerp

_MOST_IN_GRID = 100
_GRID_SIDE = 266
_GIF_SECONDS = 12.0
_SMALLEST_GIF_SIDE = 64
_LAST_SECONDS = 2.0
_PICTURE = re.compile(r"result\d+\.png|grid\.png")


def run_generate(config: GenerateConfig) -> None:
    """Writes `result0.png` … and, if asked, `grid.png`."""
    check_folder(config.output)
    _refuse_older_pictures(config)
    generator = load_generator(config.model)
    # As PNG a radiograph takes less than a byte a pixel.
    check_folder(config.output, room=config.count * math.prod(generator.output_shape[1:]))
    config.output.mkdir(parents=True, exist_ok=True)
    tiles = []
    with tqdm(total=config.count, unit="img") as bar:
        for batch in generate(generator, config.count, config.seed, config.batch_size, config.truncation):
            for image in batch:
                with replacing(config.output / f"result{bar.n}.png") as temporary:
                    Image.fromarray(image).save(temporary)
                if config.grid and bar.n < _MOST_IN_GRID:
                    tiles.append(
                        np.asarray(
                            Image.fromarray(image).resize((_GRID_SIDE, _GRID_SIDE), Image.Resampling.LANCZOS)
                        )
                    )
                bar.update()
    if config.grid:
        with replacing(config.output / "grid.png") as temporary:
            tile(np.stack(tiles)).save(temporary, pnginfo=provenance.mark())
    print(f"{config.count} pictures in {shown(config.output)}")


def _refuse_older_pictures(config: GenerateConfig) -> None:
    """Pictures of another call must not be taken for those of this one, nor be removed."""
    written = {f"result{index}.png" for index in range(config.count)} | (
        {"grid.png"} if config.grid else set()
    )
    if not config.output.exists():
        return
    older = sorted(
        (path.name for path in config.output.iterdir() if _PICTURE.fullmatch(path.name)),
        key=lambda name: (len(name), name),
    )
    if others := [name for name in older if name not in written]:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        raise UserError(
            f"{shown(config.output)} holds {others[0]}{more} of another call, with which the new pictures "
            "would be mixed up: name another --output, or move them away."
        )


def run_interpolate(config: InterpolateConfig) -> None:
    """Writes a closed walk through the latent space."""
    # Less than a byte a pixel in either format.
    _check_film(config.output, config.stops * config.frames * config.size**2)
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
    if _is_mp4(config.output):
        save_mp4(frames, config.output, config.fps)
    else:
        save_gif(frames, config.output, config.fps)
    print(f"{len(frames)} frames in {shown(config.output)}")


def _check_film(path: Path, room: int = 0) -> None:
    """Refuses, before any work, a film that cannot be written."""
    if path.suffix.lower() not in (".gif", ".mp4"):
        raise UserError(f"{shown(path)} must end in .gif or .mp4.")
    if _is_mp4(path) and importlib.util.find_spec("imageio_ffmpeg") is None:
        raise UserError("Writing MP4 needs a package: pip install 'image-generating[video]'; or name a .gif.")
    check_file(path, room)


def _is_mp4(path: Path) -> bool:
    return path.suffix.lower() == ".mp4"


def run_gif(config: GifConfig) -> None:
    """Writes the GIF of a training, captioned with the epoch, below a size."""
    _check_film(config.output)
    frames = preview_frames(config.run)
    fps = max(2.0, min(12.0, len(frames) / _GIF_SECONDS))
    limit, side = config.megabytes * 1e6, frames[0].width
    with replacing(config.output) as temporary:
        while True:
            size = (side, round(side * frames[0].height / frames[0].width))
            resized = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
            if _is_mp4(config.output):
                save_mp4(resized, temporary, fps, last_seconds=_LAST_SECONDS)
            else:
                save_gif(resized, temporary, fps, last_seconds=_LAST_SECONDS)
            written = temporary.stat().st_size
            if written <= limit:
                break
            # Bytes go with the area; a little less than that, so that the loop ends.
            side = int(0.95 * side * math.sqrt(limit / written))
            if side < _SMALLEST_GIF_SIDE:
                raise UserError(
                    f"{_frames(frames)} do not fit in {config.megabytes} MB; give a larger --megabytes."
                )
    print(
        f"{_frames(frames)} of {size[0]}×{size[1]} at {fps:.0f} per second "
        f"in {shown(config.output)} ({written / 1e6:.1f} MB)"
    )


def _frames(frames: list) -> str:
    return "1 frame" if len(frames) == 1 else f"{len(frames)} frames"


def preview_frames(run: Path) -> list[Image.Image]:
    """The captioned previews of a run in the order of its steps.

    Raises:
        UserError: if the run has none, or if one is damaged.
    """
    folder = Path(run) / "training_images"
    paths = previews.found(folder)
    if not paths:
        raise UserError(f"{shown(run)} has no previews in training_images/. Name the --output of a training.")
    frames = []
    for epoch, _, path in paths:
        try:
            with Image.open(path) as picture:
                frames.append(caption(picture.convert("L"), f"epoch {epoch}"))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise UserError(
                f"The preview {shown(path)} cannot be read ({error}): remove it, and the film is made of the "
                "others."
            ) from error
    sizes = collections.Counter(frame.size for frame in frames)
    if len(sizes) > 1:
        usual = max(sizes, key=sizes.get)
        odd = next(path for (*_, path), frame in zip(paths, frames, strict=True) if frame.size != usual)
        raise UserError(f"The preview {shown(odd)} has another size than the others: remove it.")
    return frames
