"""An evaluation as files: metrics.json, figures, and a page for people who are not statisticians."""

import datetime
import importlib.metadata
import json
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import image_generating
from image_generating import provenance
from image_generating.config import EvaluateConfig
from image_generating.files import FolderKind
from image_generating.metrics import charts, neighbors, page
from image_generating.metrics.catalogue import METRICS
from image_generating.metrics.controls import CONTROLS
from image_generating.metrics.estimate import Incomputable
from image_generating.metrics.findings import QUESTIONS, Finding
from image_generating.metrics.measures import Numbers

if TYPE_CHECKING:
    from image_generating.metrics.evaluate import Evaluation

RECORD, PAGE, FIGURES = "metrics.json", "report.html", "figures"


def _is_report(folder: Path) -> bool:
    try:
        facts = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {"extractor", "generated_count", "equal_size_count"} <= facts.keys()
    except (OSError, ValueError, AttributeError):
        return False


_DRAWN = [f"{FIGURES}/{name}.png" for name in ("samples", "spectra", "closeness", "closest")]
REPORT = FolderKind("report", frozenset([RECORD, PAGE, FIGURES, *_DRAWN]), _is_report)


def write(
    evaluation: "Evaluation",
    config: EvaluateConfig,
    warnings: Sequence[str],
    notes: Sequence[str],
    folder: Path,
):
    """Writes metrics.json, report.html and figures/*.png.

    Args:
        evaluation: what was measured.
        config: the settings it was measured with.
        warnings: sentences without which the numbers would be misread.
        notes: sentences about the images that a reader should know.
        folder: made by this function.
    """
    (folder / FIGURES).mkdir(parents=True)
    made = {
        "samples": charts.samples(evaluation.generated, evaluation.heldout),
        "spectra": charts.spectra(evaluation.generated, evaluation.train, evaluation.heldout),
        "closeness": charts.closeness(evaluation.generated, evaluation.train, evaluation.heldout),
        "closest": charts.closest(evaluation.closest, evaluation.train_images, _captions(evaluation)),
    }
    figures = {}
    for name, figure in made.items():
        path = folder / FIGURES / f"{name}.png"
        figure.savefig(path, metadata=provenance.COMPOSED)
        figures[name] = path.read_bytes()
    facts = record(evaluation, config)
    # NaN is no JSON, and a number that is missing must say why instead.
    (folder / RECORD).write_text(json.dumps(facts, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / PAGE).write_text(page.render(evaluation, facts, warnings, notes, figures), encoding="utf-8")


def record(evaluation: "Evaluation", config: EvaluateConfig) -> dict[str, str | int | float | bool | None]:
    """The evaluation as one flat record; a missing number is null, and `…_missing` says why.

    Numbers of real images begin with `floor_`, those of a known failure with `control_` and its name.
    """
    facts = {
        "made": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "version": image_generating.__version__,
        "python": platform.python_version(),
        **{
            f"{package}_version": importlib.metadata.version(package)
            for package in ("numpy", "scipy", "keras")
        },
        "backend": _backend(),
        "extractor": evaluation.extractor,
        "model": config.model and str(config.model),
        "images": config.images and str(config.images),
        "train": str(config.train),
        "heldout": str(config.heldout),
        "resolution": evaluation.train_images.shape[1],
        "fit": config.fit,
        "seed": config.seed,
        "generated_count": len(evaluation.generated),
        "train_count": len(evaluation.train),
        "heldout_count": len(evaluation.heldout),
        "equal_size_count": evaluation.size,
        **{
            f"copies_of_{name.replace('-', '')}_count": len(matches)
            for name, matches in evaluation.copies.items()
        },
    }
    for step, seconds in evaluation.seconds.items():
        facts[f"seconds_{step.replace(' ', '_').replace('-', '')}"] = round(seconds, 1)
    facts |= _flags(evaluation.found) | _flat(evaluation.numbers) | _flat(evaluation.floor, "floor_")
    for key, (numbers, found) in evaluation.controls.items():
        prefix = f"control_{key}_"
        facts |= _flags(found, prefix) | _flat(numbers, prefix)
    return facts


def table(evaluation: "Evaluation") -> str:
    """The numbers as text for a terminal."""
    rows = [("", "these images", "real images")]
    for metric in METRICS:
        cells = [metric.cell(numbers[metric.key]) for numbers in (evaluation.numbers, evaluation.floor)]
        rows.append((metric.name, *cells))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    missing = {f"{m.name}: {r}" for m in METRICS if isinstance(r := evaluation.numbers[m.key], Incomputable)}
    lines += ["", *sorted(missing)] if missing else []
    lines += ["", *(f"{finding.flag}: {finding.evidence}" for finding in evaluation.found)]
    for control in CONTROLS:
        if control.key in evaluation.controls:
            flags = {finding.flag: None for finding in evaluation.controls[control.key][1]}
            verdict = "recognized" if control.flag in flags else "MISSED"
            lines.append(f"control: {control.name}: {verdict} ({', '.join(flags) or 'nothing found'})")
    return "\n".join(line.rstrip() for line in lines)


def _captions(evaluation: "Evaluation") -> list[str]:
    """For each of the closest pairs, its distance and where that stands among real images."""
    real = neighbors.nearest(evaluation.heldout.features, evaluation.train.features)[0][:, 0]
    return [
        f"distance {pair.distance:.3g} = {pair.distance / np.median(real):.2f} × usual;\n"
        f"{(real <= pair.distance).mean():.0%} of unseen real images are closer"
        for pair in evaluation.closest
    ]


def _flat(numbers: Numbers, prefix: str = "") -> dict[str, float | str | None]:
    flat = {}
    for key, number in numbers.items():
        name = prefix + key
        if isinstance(number, Incomputable):
            flat |= {name: None, f"{name}_missing": str(number)}
            continue
        flat[name] = number.value
        if number.low is not None:
            flat |= {f"{name}_low": number.low, f"{name}_high": number.high}
    return flat


def _flags(found: Sequence[Finding], prefix: str = "") -> dict[str, bool]:
    raised = {finding.flag for finding in found}
    return {f"{prefix}flag_{flag}": flag in raised for flags in QUESTIONS.values() for flag in flags}


def _backend() -> str | None:
    # Not imported for its name alone: without a network nothing needs it, and it takes seconds.
    keras = sys.modules.get("keras")
    return keras and keras.backend.backend()
