"""What each number is called, what it says, and how it is written."""

import dataclasses
from typing import Literal

from image_generating.metrics import numerals
from image_generating.metrics.estimate import Estimate, Incomputable


@dataclasses.dataclass(frozen=True)
class Metric:
    """One row of the table.

    Attributes:
        key: its name in metrics.json.
        name: its name for people.
        question: which of the three questions it helps to answer.
        better: how it is read: which way is better, or that it should be as for real images.
        meaning: one sentence for a reader who never heard of it.
        digits: after the decimal point.
        scale: what the value is multiplied by to be shown.
        unit: shown after the value.
    """

    key: str
    name: str
    question: Literal["fidelity", "diversity", "privacy"]
    better: str
    meaning: str
    digits: int = 2
    scale: float = 1
    unit: str = ""

    def show(self, value: float) -> str:
        """The value as text."""
        return numerals.fixed(value * self.scale, self.digits)

    def span(self, estimate: Estimate) -> str:
        """Its range as text."""
        return f"{self.show(estimate.low)} to {self.show(estimate.high)}"

    def cell(self, number: Estimate | Incomputable) -> str:
        """The number with its range, or that there is none."""
        if isinstance(number, Incomputable):
            return "cannot be computed"
        span = f" ({self.span(number)})" if number.low is not None else ""
        return f"{self.show(number.value)}{self.unit}{span}"


METRICS = (
    Metric(
        "kid",
        "KID ×10³",
        "fidelity",
        "lower",
        "Distance between what a vision network sees in both sets. 0 means no difference; chance can make it "
        "slightly negative.",
        1,
        1000,
    ),
    Metric(
        "fid",
        "FID",
        "fidelity",
        "lower",
        "The best-known distance. With few images it is large even between real ones: compare it with the "
        "value beside it, never with values made from other numbers of images.",
        1,
    ),
    Metric(
        "precision",
        "Precision",
        "fidelity",
        "as for real",
        "Share of the images that lie where real images lie.",
    ),
    Metric(
        "density",
        "Density",
        "fidelity",
        "as for real",
        "How densely real images surround each image: about 1 for real ones, 0 far away from them.",
    ),
    Metric(
        "auc",
        "Told apart (AUC)",
        "fidelity",
        "as for real",
        "How well a simple classifier separates them from real ones: 0.5 is guessing, 1 is always right.",
    ),
    Metric(
        "spectrum_db",
        "Texture error",
        "fidelity",
        "lower",
        "How much the strength of structures differs from real images, averaged from coarse to fine.",
        2,
        unit=" dB",
    ),
    Metric(
        "fine_db",
        "Fine detail",
        "fidelity",
        "as for real",
        "Strength of the finest structures against real images: below 0 is blur, above 0 is noise.",
        2,
        unit=" dB",
    ),
    Metric(
        "grid_db",
        "Grid pattern",
        "fidelity",
        "as for real",
        "The strongest regular fine pattern, such as a network's pixel grid, beyond that of real images.",
        2,
        unit=" dB",
    ),
    Metric(
        "recall",
        "Recall",
        "diversity",
        "as for real",
        "Share of the real images that lie where generated images lie.",
    ),
    Metric(
        "coverage",
        "Coverage",
        "diversity",
        "as for real",
        "Share of the real images that have a generated image close by.",
    ),
    Metric(
        "ms_ssim",
        "Likeness within the set",
        "diversity",
        "as for real",
        "Mean similarity (MS-SSIM) of two images of the set: higher means that they repeat each other.",
    ),
    Metric(
        "near_copies",
        "Near copies",
        "privacy",
        "as for real",
        "Share of the images less than half as far from a training image as unseen real images usually are.",
        1,
        100,
        " %",
    ),
    Metric(
        "copying",
        "Copying test C_T",
        "privacy",
        "as for real",
        "Are they closer to training images than unseen real images are? Around 0 is no; below −3 is strong "
        "evidence of copying; far above 0 means far from all real images.",
        1,
    ),
    Metric(
        "authenticity",
        "Authenticity",
        "privacy",
        "as for real",
        "Share of the images farther from their training image than that one is from its own neighbor: 0 for "
        "copies.",
    ),
    Metric(
        "neighbor_ratio",
        "Neighbor ratio",
        "privacy",
        "as for real",
        "Distance to the closest training image over the distance to the closest unseen image: 0 for copies.",
    ),
)
