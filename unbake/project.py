"""The plan's project folders and the reports that data preparation leaves in them; before `sources`."""

import json
from collections.abc import Mapping
from pathlib import Path

from unbake.errors import UsageError
from unbake.files import write_atomic

TREE: tuple[str, ...] = (
    "data/MatSynth",
    "data/Skyrim",
    "data/duplicates",
    "data/reports",
    "checkpoints",
    "train_logs",
)
"""Folders of a project, below its root (PLAN.md, "Directory Layout")."""


def lay_out(root: Path) -> list[str]:
    """Make the folders of a project that are missing; which ones were made. What is there stays as it is.

    Errors: UsageError where a file stands in the way.

    >>> lay_out(Path("project"))[:2]                     # doctest: +SKIP
    ['data/MatSynth', 'data/Skyrim']
    """
    made = []
    for folder in TREE:
        place = root / folder
        if not place.is_dir():
            try:
                place.mkdir(parents=True)
            except OSError as error:
                raise UsageError(
                    f"Expected to make the folder {place}, got: {error.strerror}; choose another ROOT."
                ) from error
            made.append(folder)
    return made


def write_report(root: Path, verb: str, content: Mapping[str, object]) -> Path:
    """Leave what a step of preparation found in ROOT/data/reports/<verb>.json; where it lies.

    content: all that JSON can hold. The report of an earlier run is replaced. Errors: FileError.
    """
    path = root / "data" / "reports" / f"{verb}.json"
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return path
