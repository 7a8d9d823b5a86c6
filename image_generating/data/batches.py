"""The images of each training step, as a function of the seed and the step's number."""

import keras
import numpy as np

_LONGEST_EPOCH = 50


class Batches(keras.utils.PyDataset):
    """Batches of uint8 images (N, R, R) for `keras.Model.fit`, starting at any step.

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
    """

    def __init__(self, dataset, batch_size: int, resolution: int, seed: int, step: int = 0):
        # Keras' own worker threads run ahead of its epochs; TensorFlow prefetches without them.
        super().__init__(workers=1)
        self.dataset = dataset
        self.batch_size = batch_size
        self.resolution = resolution
        self.seed = seed
        self.step = step

    @property
    def num_batches(self) -> None:
        """Without end, so that Keras never begins anew: index i is step `step + i` throughout `fit`."""
        return None

    @property
    def steps_per_pass(self) -> int:
        """Steps in which every image is shown at least once."""
        return -(-len(self.dataset) // self.batch_size)

    @property
    def steps_per_epoch(self) -> int:
        """Steps in an epoch of `fit`: a pass, or 50 of a longer one. Checkpoints are made between epochs."""
        return min(self.steps_per_pass, _LONGEST_EPOCH)

    def __getitem__(self, index: int) -> tuple[np.ndarray]:
        chosen = self.indices(self.step + index)
        return (self.dataset.reduced(chosen, self.resolution),)

    def indices(self, step: int) -> np.ndarray:
        """Which images step number `step` shows, shape (batch_size,)."""
        pass_number, position = divmod(step, self.steps_per_pass)
        count = len(self.dataset)
        random = np.random.default_rng((self.seed, pass_number))
        needed = self.steps_per_pass * self.batch_size
        order = np.concatenate([random.permutation(count) for _ in range(-(-needed // count))])
        return order[position * self.batch_size :][: self.batch_size]
