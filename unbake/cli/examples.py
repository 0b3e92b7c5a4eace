"""The sixteen texture sets that come with the package; for verbs that need some."""

from contextlib import AbstractContextManager
from pathlib import Path


def bundled_examples() -> AbstractContextManager[Path]:
    """Their folder, a real one while the block runs, also where the package is an archive."""
    from importlib.resources import as_file, files

    return as_file(files("unbake") / "bundled" / "examples" / "legacy")
