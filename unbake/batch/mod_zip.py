"""The result of a conversion as one zip for a mod manager, without the files that only unbake needs."""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from unbake.batch.journal import HIDDEN, STEM
from unbake.errors import FileError, UsageError
from unbake.export.rules import RULES
from unbake.files import clear_drafts, is_draft, write_file_atomic
from unbake.report import pictures
from unbake.report.listing import REPORT
from unbake.report.page import PAGE
from unbake.report.view import VIEW

OURS: Final = frozenset({HIDDEN, pictures.FOLDER, REPORT, PAGE, VIEW, RULES})
"""Names at the top of OUT of what later runs and a person read, but no game."""

LEVEL: Final = 1
"""zlib's: block-compressed textures hardly get smaller with more."""


def zip_mod(
    out: Path, target: Path | None = None, progress: Callable[[int, int], None] = lambda done, n: None
) -> Path:
    """Zip the mod in `out`, whole or not at all; returns the path of the zip, `<out>.zip` where `target` is None.

    progress: called with (files done, files in all). UsageError where `out` is no conversion; FileError where a file
    cannot be read or written.
    """
    target = target or out.resolve().with_name(f"{out.resolve().name}.zip")
    if not (out / REPORT).is_file() and not any(out.glob(f"{STEM}*.jsonl")):
        raise UsageError(f"Expected a conversion in '{out}', got none; name the OUT of unbake convert.")
    files = sorted(files_of_mod(out))
    if target.resolve().is_relative_to(out.resolve()):
        raise UsageError(f"Expected a zip outside of '{out}', got '{target}'; choose another place.")
    clear_drafts(target.parent, of=target.name)
    try:
        with write_file_atomic(target) as draft, zipfile.ZipFile(draft, "x", zipfile.ZIP_DEFLATED) as archive:
            for done, name in enumerate(files, 1):
                archive.write(out / name, name, compresslevel=LEVEL)
                progress(done, len(files))
    except (ValueError, zipfile.LargeZipFile) as error:  # a date before 1980
        raise FileError(f"Expected files that a zip can hold, got: {error}; copy them anew.") from error
    return target


def files_of_mod(out: Path) -> Iterator[str]:
    """Paths below OUT, with /, of the files that a game or its tools read."""
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        first = name.split("/")[0]
        if first in OURS or first.startswith(STEM) or is_draft(path.name):
            continue
        if path.is_file() and not path.is_symlink():
            yield name
