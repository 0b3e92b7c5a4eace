"""Files on disk, written whole: every writer of the package ends here."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from unbake.errors import FileError


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: killed or out of space, what was there before stays.

    Missing folders are made. FileError when the file cannot be written.
    """
    # In the same folder, since only a rename within one file system is atomic.
    draft = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise FileError(f"{path} cannot be written ({error.strerror}); check space and rights.") from error
    finally:
        with suppress(OSError):  # gone after success; in a folder that cannot be made it never was
            draft.unlink()
