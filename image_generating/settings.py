"""`run.json`: written when a run begins, and checked, completed or written anew when it goes on."""

import dataclasses
import hashlib
import json
import secrets
import sys
from pathlib import Path

from image_generating import states
from image_generating.config import Recipe, TrainConfig
from image_generating.damage import Damaged, set_aside
from image_generating.errors import UserError, shown
from image_generating.files import replacing
from image_generating.runs import Run, Settings

_FLAGS = {
    "data_key": "the images (--data, --images, --fit)",
    "recipe": "--preset, --resolution, --pretrained or the recipe",
}
_MOST_NAMED = 3


def check_folder(run: Run) -> None:
    """Makes sure, before anything is done, that a folder may be trained in: it is a run's, new, or empty.

    Raises:
        UserError: if it is something else, or the run of a newer version.
    """
    if run.folder.exists() and not run.folder.is_dir():
        raise UserError(f"{run.folder} is a file. Name a folder as --output.")
    if run.settings.exists():
        try:
            run.stored  # noqa: B018
        except Damaged:
            return  # `keep_settings` writes it anew, if it can.
    # What is hidden is nobody's work, and what was measured in the same images may be brought along.
    measured = (run.appearance.name, run.spectra.name)
    names = sorted(
        path.name
        for path in (run.folder.iterdir() if run.folder.exists() else ())
        if not path.name.startswith(".") and path.name not in measured
    )
    if not names or run.settings.exists() or states.identifiers(run):
        return
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    raise UserError(
        f"{run.folder} is no run and holds {', '.join(names[:_MOST_NAMED])}{more}. "
        "Name a new or an empty folder as --output."
    )


def keep_settings(run: Run, config: TrainConfig, recipe: Recipe, data_key: str) -> None:
    """Writes the run's settings, or checks that an existing run was started with the same ones.

    Bounds, precision and logging may change between sessions; what the weights depend on may not.

    Raises:
        UserError: if the run was started with other settings, or if its `run.json` is lost and none of its
            checkpoints says that it was started with these.
    """
    given = Settings(recipe, data_key, config.batch_size, config.seed)
    stored = damage = None
    try:
        stored = run.stored if run.settings.exists() else None
    except Damaged as error:
        damage = error
    if stored:
        _compare(run, stored, given)
        if stored.run:
            return
    # An identifier ends with the digest of the settings, so that checkpoints tell what they were made with.
    digest = _digest(given)
    identifier = next((found for found in states.identifiers(run) if found.endswith(digest)), None)
    if not stored and not identifier and states.begun(run):
        what = damage.what if damage else f"{run.settings} is missing."
        raise UserError(
            f"{what} The command that the run was started with writes it anew, and none of the run's "
            "checkpoints says that this is the one. Give that one, or name another --output to start anew."
        )
    if damage:
        aside = set_aside(run.settings)
        print(shown(f"{damage.what} It is now {aside.name}, and written anew."), file=sys.stderr)
    _write(run.settings, dataclasses.replace(given, run=identifier or f"{secrets.token_hex(8)}-{digest}"))


def _compare(run: Run, stored: Settings, given: Settings) -> None:
    before, now = _json(stored), _json(given)
    different = [
        _FLAGS.get(name, "--" + name.replace("_", "-"))
        for name in now
        if name != "run" and before[name] != now[name]
    ]
    if different:
        raise UserError(
            f"{run.folder} was started with another setting of {', '.join(different)}. "
            "Use the same to continue it, or another --output."
        )


def _json(settings: Settings) -> dict:
    """As it is once it was written: lists in place of tuples."""
    return json.loads(json.dumps(dataclasses.asdict(settings)))


def _digest(settings: Settings) -> str:
    text = json.dumps(_json(dataclasses.replace(settings, run=None)), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _write(path: Path, settings: Settings) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(_json(settings), indent=2) + "\n", encoding="utf-8")
