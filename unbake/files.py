"""Files on disk: every writer of the package ends here, and every path that a file names is joined here.

The discipline of all writers: what is written goes to a draft beside its target, the draft's bytes are forced to the
disk (fsync), one rename puts it in place, and on POSIX the folder is forced to the disk too, so that the rename
outlives a power cut. A reader, or a run after a kill, finds the old content or the new, never a part. What a killed
run leaves is a draft by its name alone, which `clear_drafts` removes. Two kinds of files need no force: those that can
be made again (`durable=False`: thumbnails, the file that says who holds a lock), and lines added to a journal after
what they tell of was forced: a line that a power cut takes has its set converted again.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from unbake.errors import FileError

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.tmp")

STALE_S = 3600.0
"""Seconds after which a draft in a folder that several processes fill is a killed one's; none is written as long."""

_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[1-9\u00b9\u00b2\u00b3])", re.IGNORECASE)


def write_atomic(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file whole or not at all: killed or out of space, what was there before stays.

    Missing folders are made. durable: False leaves out the fsyncs, for files that can be made again (thumbnails):
    after a power cut such a file may be empty. FileError when the file cannot be written.
    """
    with write_file_atomic(path, durable=durable) as draft, draft.open("xb") as file:
        file.write(data)


@contextmanager
def write_file_atomic(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """The path of a draft to write, for writers that want a path instead of bytes; in place once the block ends.

    As `write_atomic`. When the block raises, nothing is changed; an OSError in it becomes a FileError.
    """
    draft = _draft(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield draft
        if durable:
            _sync_file(draft)
        draft.replace(path)
        if durable:
            _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):  # gone after success; in a folder that cannot be made it never was
            draft.unlink()


@contextmanager
def write_folder_atomic(path: Path) -> Iterator[Path]:
    """An empty folder to fill, which replaces `path` and all that was in it once the block ends.

    When the block raises, nothing is changed; an OSError in it becomes a FileError. A kill between the two renames of
    a replacement leaves no folder at `path`, never a part of one.
    """
    draft, old = _draft(path), _draft(path)
    try:
        draft.mkdir(parents=True)
        yield draft
        for place, _, names in os.walk(draft):
            for name in names:
                _sync_file(Path(place, name))
            _sync_folder(Path(place))
        if path.is_dir():
            path.replace(old)
        draft.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        if old.is_dir() and not path.exists():  # the second rename failed: the old folder comes back
            with suppress(OSError):
                old.replace(path)
        for folder in (draft, old):
            shutil.rmtree(folder, ignore_errors=True)


def write_changed(path: Path, data: bytes) -> None:
    """`write_atomic`, unless the file holds these bytes already."""
    if not path.is_file() or path.read_bytes() != data:
        write_atomic(path, data)


def content_hash(data: bytes) -> str:
    """By which a file made of another knows it."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def is_draft(name: str) -> bool:
    """Whether a file or folder of this name is one that a writer of this module has begun and not put in place.

    >>> is_draft(".0123456789abcdef.tmp"), is_draft("notes.tmp")
    (True, False)
    """
    return _DRAFT.fullmatch(name) is not None


def clear_drafts(
    folder: Path, *, of: str | None = None, recursive: bool = False, older_than_s: float = 0.0
) -> int:
    """Remove what killed runs had begun to write in a folder; how many files and folders that were.

    of: only drafts of the file or folder of this name. recursive: in all folders below too. older_than_s: leave
    younger ones, where another process may be writing. What cannot be removed stays.
    """
    start = None if of is None else _draft_start(of)
    now, count = time.time(), 0
    for path in sorted(folder.rglob(".*.tmp") if recursive else folder.glob(".*.tmp")):
        if not is_draft(path.name) or (start and not path.name.startswith(start)):
            continue
        with suppress(OSError):  # another process was faster, or holds it
            if now - path.lstat().st_mtime >= older_than_s:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
                count += 1
    return count


def check_writable(folder: Path) -> None:
    """Make a folder where it is missing and try to write in it, before a run that ends there; FileError if it fails."""
    draft = _draft(folder / "try")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(b"1")
    except OSError as error:
        raise FileError(
            f"Expected to write in {folder}, got: {error.strerror or error}; check space and rights, or choose "
            "another folder."
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink()


def check_space(folder: Path, needed: int, what: str) -> None:
    """FileError unless the disk of a folder, which need not be there yet, has `needed` bytes left for `what`."""
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(existing).free
    if needed > free:
        unit, name = (1e9, "GB") if needed >= 1e9 else (1e6, "MB")
        raise FileError(
            f"Expected {needed / unit:.1f} {name} to be free in {folder} for {what}, got {free / unit:.1f} {name}; "
            "make room, or choose another folder."
        )


def why_unsafe(name: str) -> str | None:
    """The reason why a relative path named in a file is unusable on some system, as the end of a sentence, or None.

    Parts are separated by / or \\, whatever the system, so that a file means the same everywhere.

    >>> why_unsafe("clutter/pot.dds"), why_unsafe("../pot.dds"), why_unsafe("aux/pot.dds")
    (None, 'it leads out of the folder', "'aux' is the name of a device on Windows")
    """
    parts = name.replace("\\", "/").split("/")
    if not any(part not in ("", ".") for part in parts):
        return "it names no file"
    if parts[0] == "":
        return "it is absolute"
    for part in parts:
        if part == "..":
            return "it leads out of the folder"
        if ":" in part:
            return "it has a colon, which names a drive or a stream on Windows"
        if letter := next((letter for letter in part if letter in '<>"|?*'), ""):
            return f"it has a {letter}, which no name on Windows can have"
        if any(ord(letter) < 32 or ord(letter) == 127 for letter in part):
            return "it has a control character"
        if part not in ("", ".") and part[-1] in ". ":
            return f"{part!r} ends in a dot or a space, which Windows drops"
        if is_device(part):
            return f"{part!r} is the name of a device on Windows"
    return None


def is_device(part: str) -> bool:
    """Whether Windows takes a file name for a device, whatever its extension.

    >>> is_device("con"), is_device("NUL.tar.gz"), is_device("console")
    (True, True, False)
    """
    return _DEVICE.fullmatch(part.split(".")[0].rstrip()) is not None


def safe_join(root: Path, name: str) -> Path:
    """The path of `name` below `root`: the one join for names out of journals, provenance, presets, archives, rules.

    name: relative, parts separated by / or \\. FileError where it would lead outside, by its words or by a link on
    disk, or is a name that some system reserves (see `why_unsafe`). The path itself need not be there. Links are
    followed as they are now: whoever can change the folder meanwhile is not kept out.
    """
    reason = why_unsafe(name)
    path = root
    if reason is None:
        path = root.joinpath(*(part for part in name.replace("\\", "/").split("/") if part not in ("", ".")))
        try:
            if not path.resolve().is_relative_to(root.resolve()):
                reason = "a link in it leads out of the folder"
        except (OSError, RuntimeError, ValueError):  # too long, a loop of links, a lone surrogate
            reason = "the system cannot follow it"
    if reason is not None:
        raise FileError(
            f"Expected a path inside {root}, got {name!r} ({reason}); correct or remove what names it."
        )
    return path


def _draft(path: Path) -> Path:
    # In the same folder, since only a rename within one file system is atomic.
    return path.with_name(f"{_draft_start(path.name)}{secrets.token_hex(4)}.tmp")


def _draft_start(name: str) -> str:
    """First letters of a file's drafts: a hash of its name, so that no draft's name is longer than the system takes."""
    return f".{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def _sync_file(path: Path) -> None:
    with path.open("rb+") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Force a folder's names to the disk where the system can: POSIX, but for some network file systems."""
    if os.name != "posix":
        return
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(f"Expected to write {path}, got: {error.strerror or error}; check space and rights.")
