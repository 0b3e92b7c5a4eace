"""Reserves OUT for one run, or for the shards of one: never two that do not know of each other."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unbake.batch.journal import HIDDEN
from unbake.locks import held

BRIEFLY_S = 5.0
"""Seconds that a shard waits for another that only looks whether the whole is being converted."""


@contextmanager
def reserved(out: Path, shard: tuple[int, int] | None = None) -> Iterator[None]:
    """Hold OUT, or a shard's part of it, inside the block.

    UnbakeError where another run holds it, which is named; FileError where OUT cannot be written in.
    """
    folder = out / HIDDEN
    whole = folder / "run.lock"
    own = whole if shard is None else folder / f"run.{shard[0]}-of-{shard[1]}.lock"
    with held(own, "converts"):
        for other in folder.glob("run.*-of-*.lock") if shard is None else folder.glob(whole.name):
            with held(other, "converts", wait_s=0.0 if shard is None else BRIEFLY_S):
                if shard is None:
                    _remove(other)
        try:
            yield
        finally:
            _remove(own)


def _remove(lock: Path) -> None:
    """Remove a lock that is held: nobody waits for it, and OUT is somebody's mod."""
    with suppress(OSError):  # Windows keeps what is open
        lock.unlink()
