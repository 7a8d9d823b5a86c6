"""Writes inception_reference.json: what torch makes of the TorchScript archive that the weights come from.

Needs torch and Pillow, and nothing of this project: python inception_reference.py default_1.pt
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

# Every 128th feature: some from each of the six branches of the last block.
STEP = 128


def inputs() -> dict[str, np.ndarray]:
    """Gray images that are the same on every machine, for their numbers are whole."""
    noise = np.random.RandomState(0)  # The legacy generator: its numbers never change.
    y, x = np.mgrid[:800, :800]
    chest = 40 + y // 8
    for center in (260, 540):
        chest[(x - center) ** 2 * 4 + (y - 400) ** 2 < 300**2] = 25
    chest += 30 * ((y + (x - 400) ** 2 // 900) % 90 < 25)
    return {
        "black": np.zeros((299, 299), np.uint8),
        "middle": np.full((299, 299), 128, np.uint8),
        "white": np.full((299, 299), 255, np.uint8),
        "noise": noise.randint(0, 256, (299, 299)).astype(np.uint8),
        "chest, resized from 800": chest.astype(np.uint8),
        "noisy chest, resized from 800": (chest + noise.randint(0, 60, chest.shape)).astype(np.uint8),
    }


def main():
    import torch

    network = torch.jit.load(sys.argv[1]).eval()
    reference = {"torch": torch.__version__, "step": STEP}
    for name, image in inputs().items():
        resized = Image.fromarray(image.astype(np.float32)).resize((299, 299), Image.Resampling.BICUBIC)
        gray = torch.tensor(np.array(resized).clip(0, 255))
        with torch.no_grad():
            features = network(((gray - 128) / 128).expand(1, 3, 299, 299))[0].double().numpy()
        reference[name] = {
            "norm": float(np.linalg.norm(features)),
            "sum": float(features.sum()),
            "features": [float(f"{value:.7g}") for value in features[::STEP]],
        }
    Path(__file__).with_suffix(".json").write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
