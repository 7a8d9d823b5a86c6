"""The program `image-generating`: a sub-command for each settings class, and nothing else."""

import argparse
import dataclasses
import importlib
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Union, get_args, get_origin

from image_generating import __version__, backend, config
from image_generating.errors import UserError

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
        Exit status: 0, or 2 after input that cannot be used, or 130 after Ctrl-C.
    """
    parsed = vars(_parser().parse_args(arguments))
    settings, function = COMMANDS[parsed.pop("command")]
    try:
        command = settings(**parsed)
        backend.load()
        module, name = function.split(":")
        getattr(importlib.import_module(module), name)(command)
    except UserError as error:
        print(f"image-generating: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("image-generating: interrupted.", file=sys.stderr)
        return 130
    return 0


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
    text = field.metadata["help"]
    if not required and field.default is not None and field.type is not bool:
        text += f" (default: {field.default})"
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
        options["type"] = kind
        options["metavar"] = {Path: "PATH", int: "N", float: "X"}.get(kind, "TEXT")
    command.add_argument(f"--{field.name.replace('_', '-')}", **options)


def _without_none(kind):
    if get_origin(kind) in (Union, types.UnionType):
        return next(k for k in get_args(kind) if k is not type(None))
    return kind
