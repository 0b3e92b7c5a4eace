"""Folders of empty files, and what a search says of those it leaves out."""

from collections.abc import Iterable
from pathlib import Path

from unbake.convert.sets import Skipped


def tree(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return root


def reasons(skipped: Iterable[Skipped]) -> dict[str, str]:
    return {one.path: one.reason for one in skipped}
