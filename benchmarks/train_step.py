"""Training and generating speed and peak memory of `residual` or `wide` and of `classic`, side by side.

    python benchmarks/train_step.py [--preset wide] [--resolution 800] [--batch-size 8] [--precision float32]
        [--rounds 3]

Each network runs in a process of its own, so that its peak memory is its own, and the two take turns,
so that whatever else the machine does meets both. Figures are medians; the ratio is the point. A step of
`residual` or `wide` here trains structure and texture at once, on a window of each image for each; training
does one after the other, and either alone is faster.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", choices=["residual", "wide"], default="residual")
    parser.add_argument("--resolution", type=int, default=800)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--steps", type=int, default=5, help="timed steps in each round")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each network")
    parser.add_argument("--only", choices=["residual", "wide", "classic"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.only, options)))
        return
    results = {preset: [] for preset in (options.preset, "classic")}
    for _ in range(options.rounds):
        for preset, rounds in results.items():
            rounds.append(_measure_apart(preset))
    medians = {
        preset: {name: statistics.median(each[name] for each in rounds) for name in rounds[0]}
        for preset, rounds in results.items()
    }
    print(
        f"{options.resolution} px, batch {options.batch_size}, {options.precision}; "
        f"medians of {options.rounds}"
    )
    labels = {
        "images_per_second": "training, images/s",
        "peak_gib": "peak memory of training, GiB",
        "generation_cpu_ms": "generating, ms of CPU time per image",
        "generation_ms": "generating, ms per image",
        "generator_parameters": "generator, million parameters",
    }
    print(f"{'':40}{options.preset:>10}{'classic':>10}{'ratio':>8}")
    for name, label in labels.items():
        first, second = medians[options.preset][name], medians["classic"][name]
        print(f"{label:40}{first:10.2f}{second:10.2f}{first / second:8.2f}")


def _measure_apart(preset: str) -> dict[str, float]:
    command = [sys.executable, __file__, *sys.argv[1:], "--only", preset]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])


def measure(preset: str, options: argparse.Namespace) -> dict[str, float]:
    """Trains a few steps on random images and generates a few batches."""
    from image_generating import backend

    backend.load()
    import keras
    import numpy as np

    from image_generating.config import RECIPES
    from image_generating.data import Dataset
    from image_generating.data.batches import Batches
    from image_generating.data.sections import in_sections
    from image_generating.gan import GAN
    from image_generating.networks.grids import REDUCTION
    from image_generating.sampling import latents

    class Clock(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.ends = []

        def on_train_batch_end(self, batch, logs=None):
            self.ends.append(time.perf_counter())

    recipe = RECIPES[preset]
    recipe = recipe.replace(network=recipe.network.replace(resolution=options.resolution), growth=((1, 1.0),))
    z = latents(options.batch_size, recipe.network.latent, seed=0)
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (options.batch_size, *2 * [options.resolution]), dtype="uint8")
    dataset = Dataset(images, names=(), skipped=(), key="random")
    places = random.random((options.batch_size, 2), dtype="float32")
    side = options.resolution // REDUCTION
    aligned = in_sections(dataset, range(options.batch_size), z, places, side, recipe.sections, seed=0)
    batches = Batches(dataset, options.batch_size, options.resolution, seed=0, aligned=aligned)
    gan = GAN(recipe, options.batch_size, precision=options.precision)
    gan.compile()
    clock = Clock()
    # The first two steps trace, compile and warm up.
    gan.fit(batches, steps_per_epoch=options.steps + 2, callbacks=[clock], verbose=0)
    seconds = [after - before for before, after in zip(clock.ends[1:], clock.ends[2:], strict=False)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    walls, cpus = [], []
    for _ in range(5):
        wall, cpu = time.perf_counter(), time.process_time()
        gan.averaged.predict_on_batch(z)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return {
        "images_per_second": options.batch_size / statistics.median(seconds),
        "peak_gib": peak,
        "generation_ms": 1000 * statistics.median(walls[1:]) / options.batch_size,
        "generation_cpu_ms": 1000 * statistics.median(cpus[1:]) / options.batch_size,
        "generator_parameters": gan.generator.count_params() / 1e6,
    }


if __name__ == "__main__":
    main()
