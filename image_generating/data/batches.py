"""The images of each training step, as a function of the seed and the step's number."""

import keras
import numpy as np

from image_generating.data.sections import Aligned

_LONGEST_EPOCH = 50


class Batches(keras.utils.PyDataset):
    """Batches for `keras.Model.fit`, starting at any step.

    A batch is a dictionary: `images` are uint8 (N, R, R). With aligned images it has sections of as many
    of them too, as `Aligned.batch` makes them, and `images` only at the data set's own resolution: below,
    nothing else is learned from.

    A pass shows every image in an order drawn from the seed and the pass's number, and is filled up
    with images of a second order so that every batch is full. Nothing is kept between steps, so a
    training that starts at step s sees what an unbroken one sees from there on.

    Give `fit` the attribute `steps_per_epoch`.

    Args:
        dataset: a `Dataset`.
        batch_size: images per step.
        resolution: side of the images handed out, an integer fraction of the data set's.
        seed: of the order.
        step: number of the first step.
        aligned: images of known latents.
    """

    def __init__(
        self,
        dataset,
        batch_size: int,
        resolution: int,
        seed: int,
        step: int = 0,
        aligned: Aligned | None = None,
    ):
        # Keras' own worker threads run ahead of its epochs; TensorFlow prefetches without them.
        super().__init__(workers=1)
        self.dataset = dataset
        self.batch_size = batch_size
        self.resolution = resolution
        self.seed = seed
        self.step = step
        self.aligned = aligned

    @property
    def num_batches(self) -> None:
        """Without end, so that Keras never begins anew: index i is step `step + i` throughout `fit`."""
        return None

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch of `fit`: a pass, or 50 of a longer one. Checkpoints are made between epochs."""
        return min(-(-len(self.dataset) // self.batch_size), _LONGEST_EPOCH)

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        step = self.step + index
        batch = {}
        if not self.aligned or self.resolution == self.dataset.images.shape[1]:
            batch["images"] = self.dataset.reduced(self.indices(step, len(self.dataset)), self.resolution)
        if self.aligned:
            chosen = self.indices(step, len(self.aligned.images))
            batch |= self.aligned.batch(chosen, np.random.default_rng((self.seed, step, 1)))
        return (batch,)

    def indices(self, step: int, count: int) -> np.ndarray:
        """Which of `count` images step number `step` shows, shape (batch_size,)."""
        steps_per_pass = -(-count // self.batch_size)
        pass_number, position = divmod(step, steps_per_pass)
        random = np.random.default_rng((self.seed, pass_number))
        needed = steps_per_pass * self.batch_size
        order = np.concatenate([random.permutation(count) for _ in range(-(-needed // count))])
        return order[position * self.batch_size :][: self.batch_size]
