"""The files of a run's states: the newest, the one before, and the JSON beside them with their hashes.

    A0_last.safetensors      the newest state
    A0_last.1.safetensors    the one before
    A0_last.json             SHA-256 of these and of the one before them, epoch and step
    A0_last.damaged          a newest state that was damaged and passed over

The JSON is replaced before the states are, and names the old hashes as well, so that a kill between any two of the
three renames leaves states that it vouches for.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.files import clear_drafts, write_atomic, write_file_atomic
from unbake.models.weights import sha256_of

KEPT = 3
"""Hashes in the JSON: of the two states that are kept, and of the one that the next rename replaces."""


class _State(msgspec.Struct, frozen=True):
    """A state that was written."""

    sha256: str
    epoch: int = 0
    step: int = 0


class _States(msgspec.Struct, frozen=True):
    """Contents of the JSON: the newest first."""

    states: tuple[_State, ...]


def older(path: Path) -> Path:
    """The state before the newest, which is in `path`.

    >>> older(Path("A0_last.safetensors")).name
    'A0_last.1.safetensors'
    """
    return path.with_suffix(f".1{path.suffix}")


def is_begun(path: Path) -> bool:
    """Whether a run left a state: the newest in `path`, or the one before."""
    return path.is_file() or older(path).is_file()


@contextmanager
def replace_state(path: Path, about: Mapping[str, int]) -> Iterator[Path]:
    """A draft to write a new state into; at the block's end it is the newest, and that one is the one before.

    about: its epoch and step. When the block raises, nothing is changed. Errors: FileError.
    """
    with write_file_atomic(path) as draft:
        yield draft
        before = _recorded(path)
        if not before and path.is_file():  # of before there was a JSON
            before = (_State(sha256_of(path)),)
        _record(path, (_State(sha256_of(draft), **about), *before)[:KEPT])
        _keep(path)


def check_sound(place: Path, path: Path) -> None:
    """FileError unless the state in `place` is as it was written; `path` is the newest one's place.

    A state without a JSON beside it, of before there was one, is taken as it is.
    """
    if not path.with_suffix(".json").is_file():
        return
    known = {state.sha256 for state in _recorded(path)}
    if known and sha256_of(place) not in known:
        raise FileError(f"{place.name} is not as it was written (its SHA-256 is not in {path.stem}.json)")


def set_aside(path: Path) -> None:
    """Take a damaged newest state out of the way, and put the one before in its place. Errors: FileError."""
    try:
        with suppress(FileNotFoundError):
            path.replace(path.with_suffix(".damaged"))
        older(path).replace(path)
    except OSError as error:
        raise FileError(
            f"{path} cannot be replaced ({error.strerror or error}); check space and rights."
        ) from error


def settle(path: Path) -> None:
    """Take the hashes of states that a kill kept from appearing out of the JSON, before a run goes on."""
    recorded = _recorded(path)
    there = {sha256_of(place) for place in (path, older(path)) if place.is_file()}
    kept = tuple(state for state in recorded if state.sha256 in there)
    if kept != recorded:
        _record(path, kept)


def forget(path: Path) -> None:
    """Remove the states of an earlier run, before another begins from its first step."""
    for place in (path.with_suffix(".json"), older(path), path):
        place.unlink(missing_ok=True)


def clear_state_drafts(path: Path) -> None:
    """Remove what a killed run had begun to write of its states."""
    older(path).with_suffix(".link").unlink(missing_ok=True)
    for name in (path.name, path.with_suffix(".json").name):
        clear_drafts(path.parent, of=name)


def _recorded(path: Path) -> tuple[_State, ...]:
    """The states that the JSON names; none where it is missing or damaged."""
    try:
        return decode_json(path.with_suffix(".json").read_bytes(), _States).states
    except (OSError, msgspec.DecodeError):
        return ()


def _record(path: Path, states: tuple[_State, ...]) -> None:
    write_atomic(
        path.with_suffix(".json"), msgspec.json.format(msgspec.json.encode(_States(states)), indent=1)
    )


def _keep(path: Path) -> None:
    """Make the newest state the one before, without a moment in which there is none."""
    if not path.is_file():
        return
    draft = older(path).with_suffix(".link")
    try:
        draft.unlink(missing_ok=True)
        os.link(path, draft)
        draft.replace(older(path))
    except OSError:  # a file system without links: for a moment the one before is all there is
        path.replace(older(path))
