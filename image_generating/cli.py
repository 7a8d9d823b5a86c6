"""The program `image-generating`: a sub-command for each settings class, and nothing else."""

import argparse
import contextlib
import dataclasses
import importlib
import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Union, get_args, get_origin

from image_generating import __version__, backend, config
from image_generating.errors import UserError, sentence, shown

# Name → settings, and the function that takes them. Modules are imported when their command runs.
COMMANDS = {
    "data": (config.DownloadConfig, "image_generating.data.kaggle:run"),
    "train": (config.TrainConfig, "image_generating.training:run"),
    "generate": (config.GenerateConfig, "image_generating.pictures:run_generate"),
    "interpolate": (config.InterpolateConfig, "image_generating.pictures:run_interpolate"),
    "gif": (config.GifConfig, "image_generating.pictures:run_gif"),
    "evaluate": (config.EvaluateConfig, "image_generating.metrics.evaluate:run"),
    "export": (config.ExportConfig, "image_generating.export:run"),
    "summary": (config.SummaryConfig, "image_generating.summary:run"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command.

    Args:
        arguments: default: those of the process.

    Returns:
        Exit status: 0; 1 after what the system refused, such as writing to a full disk; 2 after input that
        cannot be used; 130 after Ctrl-C; 141 if nobody reads the output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A letter that the terminal does not know must not end an hour's work.
            stream.reconfigure(errors="backslashreplace")
    try:
        status = _run(arguments)
        # Here, where a full disk can still be said.
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        _drop(sys.stdout)
        return 141
    except OSError as error:
        _drop(sys.stdout)
        return _say(sentence(error), 1)


def _run(arguments: Sequence[str] | None) -> int:
    parsed = vars(_parser().parse_args(arguments))
    settings, function = COMMANDS[parsed.pop("command")]
    try:
        command = settings(**parsed)
        backend.load()
        module, name = function.split(":")
        getattr(importlib.import_module(module), name)(command)
    except UserError as error:
        return _say("\n".join(shown(line) for line in str(error).splitlines()), 2)
    except KeyboardInterrupt:
        return _say("interrupted.", 130)
    return 0


def _say(text: str, status: int) -> int:
    with contextlib.suppress(OSError):
        print(f"image-generating: {text}", file=sys.stderr)
    return status


def _drop(stream) -> None:
    """Lets go what could not be written, or Python tries again at its end, and complains."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="image-generating",
        description="Train a GAN on a few hundred chest radiographs and measure what it makes.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (settings, _) in COMMANDS.items():
        text = settings.__doc__.strip()
        command = commands.add_parser(name, help=text.splitlines()[0], description=text)
        for field in dataclasses.fields(settings):
            _add_flag(command, field)
    return parser


def _add_flag(command: argparse.ArgumentParser, field: dataclasses.Field) -> None:
    """A flag made from a field: its name, type, choices, default and help."""
    required = field.default is dataclasses.MISSING
    notes = []
    if not required and field.default is not None and field.type is not bool:
        notes.append(f"default: {field.default}")
    if bounds := field.metadata["bounds"]:
        notes.append(str(bounds))
    text = field.metadata["help"] + (f" ({'; '.join(notes)})" if notes else "")
    # A percent sign is a format directive to argparse.
    options = {"dest": field.name, "help": text.replace("%", "%%"), "required": required}
    if not required:
        options["default"] = field.default
    kind = _without_none(field.type)
    if kind is bool:
        options["action"] = argparse.BooleanOptionalAction if field.default else "store_true"
    elif get_origin(kind) is Literal:
        options["choices"] = get_args(kind)
    else:
        options["type"] = _path if kind is Path else kind
        options["metavar"] = {Path: "PATH", int: "N", float: "X"}.get(kind, "TEXT")
    command.add_argument(f"--{field.name.replace('_', '-')}", **options)


def _path(text: str) -> Path:
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty name; name a file or a folder")
    return Path(text)


def _without_none(kind):
    if get_origin(kind) in (Union, types.UnionType):
        return next(k for k in get_args(kind) if k is not type(None))
    return kind
