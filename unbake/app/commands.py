"""Settings as the command line of each action: what is run, and what is shown to a person."""

import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from unbake.app.state import Commands, Settings
from unbake.decoding import decode_json
from unbake.errors import UsageError


def read_settings(body: bytes) -> Settings:
    """The settings in a request; UsageError where they are none, or their paths are not absolute."""
    try:
        settings = decode_json(body, Settings)
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected settings, got {error}; load the page again.") from error
    if not settings.sources:
        raise UsageError("Expected a mod to convert, got none; choose a folder first.")
    for path in (*settings.sources, settings.out, *settings.plugins):
        check_whole(path)
    if settings.profile is not None and (not settings.profile or "\0" in settings.profile):
        raise UsageError(f"Expected the name of a profile, got {settings.profile!r}; choose it again.")
    return settings


def read_paths(body: bytes) -> list[str]:
    """The paths of mods in a request; UsageError where they are none, or not absolute."""
    try:
        paths = decode_json(body, list[str])
    except msgspec.DecodeError as error:
        raise UsageError(f"Expected paths, got {error}; load the page again.") from error
    if not paths:
        raise UsageError("Expected a mod, got none; choose a folder first.")
    for path in paths:
        check_whole(path)
    return paths


def check_whole(path: str) -> None:
    """UsageError where a path is not absolute, or none that a system takes."""
    if "\0" in path or not Path(path).is_absolute():
        raise UsageError(
            f"Expected a whole path, such as {Path.home() / 'mods'}, got {path!r}; choose it again."
        )


def convert_arguments(settings: Settings) -> list[str]:
    """The arguments of `unbake` that convert.

    >>> convert_arguments(Settings(("/mod",), "/out", max_size=512))
    ['convert', '/mod', '/out', '--max-size', '512']
    """
    given = ["convert", *settings.sources, settings.out]
    for option in ("preset", "max_size", "brightness", "evidence"):
        value = getattr(settings, option)
        if value != _default(option):
            given += [f"--{option.replace('_', '-')}", str(value)]
    for path in settings.plugins:
        given += ["--plugins", path]
    if settings.profile is not None:
        given += ["--profile", settings.profile]
    if settings.whole_game:
        given.append("--whole-game")
    return given


def look_arguments(settings: Settings) -> list[str]:
    """The arguments of `unbake` that tell what would be converted."""
    return [*convert_arguments(settings), "--dry-run"]


def zip_arguments(settings: Settings) -> list[str]:
    """The arguments of `unbake` that zip the result."""
    return ["zip", settings.out]


def commands(settings: Settings) -> Commands:
    """The command line of each action."""
    return Commands(
        *map(shown, (look_arguments(settings), convert_arguments(settings), zip_arguments(settings)))
    )


def shown(arguments: Iterable[str]) -> str:
    """A command as a person would type it on this system."""
    line = ["unbake", *arguments]
    return subprocess.list2cmdline(line) if sys.platform == "win32" else shlex.join(line)


def _default(option: str) -> object:
    return getattr(Settings(), option)
