"""Locks across processes that say who holds them; a run takes one on what it writes to, before anything else."""

import contextlib
import math
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
from filelock import FileLock, Timeout

from unbake.decoding import decode_json
from unbake.errors import FileError, UnbakeError
from unbake.files import write_atomic

DYING_S = 10.0
"""Seconds to wait for a lock whose holder is no more: its child processes may still be about to end."""


class Holder(msgspec.Struct, frozen=True):
    """A process that holds a lock. since: UTC, ISO 8601 to the second. doing: a few words that follow "a process"."""

    pid: int
    host: str
    since: str
    doing: str = ""


@contextmanager
def held(path: Path, doing: str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock in the file `path` inside the block; the system lets go of it when the process dies.

    Missing folders are made, so that a place that cannot be written to is told here: FileError. doing: for who comes
    second, as in "trains A0". wait_s: seconds to wait while another holds it, math.inf for as long as that is; then
    UnbakeError, which names the other's process, host and start. Beside the lock lies `<name>.json` with its `Holder`.
    """
    about = path.with_name(f"{path.name}.json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():  # whose lock would be another file
            raise OSError(f"{path.name} is a link")
        lock = FileLock(path)
        lock.acquire(timeout=-1 if math.isinf(wait_s) else max(wait_s, _patience(about)))
    except Timeout:
        raise _busy(path, read_holder(about)) from None
    except OSError as error:
        raise FileError(
            f"Expected to write in {path.parent}, got: {error.strerror or error}; check space and rights, or choose "
            "another folder."
        ) from error
    try:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        holder = Holder(os.getpid(), socket.gethostname(), now, doing)
        write_atomic(about, msgspec.json.encode(holder), durable=False)
        yield
    finally:
        with contextlib.suppress(OSError):
            about.unlink()
        lock.release()


def read_holder(about: Path) -> Holder | None:
    """The holder that a file beside a lock names; None where there is none that can be read."""
    try:
        return decode_json(about.read_bytes(), Holder)
    except (OSError, msgspec.DecodeError):
        return None


def _patience(about: Path) -> float:
    """Seconds to try for a lock: none, but where its holder was a process of this machine that is no more."""
    holder = read_holder(about)
    gone = holder and holder.host == socket.gethostname() and not psutil.pid_exists(holder.pid)
    return DYING_S if gone else 0.0


def _busy(path: Path, holder: Holder | None) -> UnbakeError:
    who = "another process holds it"
    if holder:
        who = f"process {holder.pid} on {holder.host} {holder.doing} there since {holder.since}"
    place = path.parent.parent if path.parent.name.startswith(".") else path.parent
    return UnbakeError(
        f"Expected {place} to be free, but {who}; wait until it has ended, or stop it, and try again."
    )
