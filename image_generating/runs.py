"""The folder of a run: where things are in it, and what it was started with."""

import dataclasses
import json
from pathlib import Path

from image_generating.config import NetworkConfig, Recipe
from image_generating.errors import UserError


@dataclasses.dataclass(frozen=True)
class Run:
    """The folder of a run, and where things are in it."""

    folder: Path

    @property
    def settings(self) -> Path:
        return self.folder / "run.json"

    @property
    def appearance(self) -> Path:
        return self.folder / "appearance.npz"

    @property
    def spectra(self) -> Path:
        return self.folder / "spectra.npz"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def milestones(self) -> Path:
        return self.folder / "milestones"

    @property
    def previews(self) -> Path:
        return self.folder / "training_images"

    @property
    def history(self) -> Path:
        return self.folder / "history.csv"

    @property
    def curves(self) -> Path:
        return self.folder / "curves.png"

    @property
    def recipe(self) -> Recipe:
        """The recipe of the run.

        Raises:
            UserError: if the folder holds no run.
        """
        if not self.settings.exists():
            raise UserError(
                f"{self.folder} holds no run: no {self.settings.name}. Name the --output of a training."
            )
        stored = json.loads(self.settings.read_text())["recipe"]
        return Recipe(**stored | {"network": NetworkConfig(**stored["network"])})
