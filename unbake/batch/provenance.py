"""Where a conversion came from, kept in OUT: `unbake view` shows the sources beside their maps, and saves rules."""

from pathlib import Path
from typing import Any, Final

import msgspec

from unbake.batch.journal import HIDDEN
from unbake.convert.sets import TextureSet

ORIGIN: Final = f"{HIDDEN}/origin.json"


class Origin(msgspec.Struct, frozen=True):
    """What was converted, and how.

    rules: the file of rules that is read where it is there, an absolute path. inference: what else than its files a
    set's maps depended on, see `journal.keys_of`. The rest: see `events.Options`.
    """

    preset: str
    inference: dict[str, str]
    rules: Path
    adjust: tuple[str, ...]
    seamless: bool | None
    max_size: int | None
    sets: tuple[TextureSet, ...]


def origin_bytes(origin: Origin) -> bytes:
    """The file; the same origin gives the same bytes."""
    return msgspec.json.encode(origin, enc_hook=_text) + b"\n"


def read_origin(out: Path) -> Origin | None:
    """Where the conversion in `out` came from; None where that is not kept, or not by this version."""
    try:
        return msgspec.json.decode((out / ORIGIN).read_bytes(), type=Origin, dec_hook=_path)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _text(path: Path) -> str:
    return str(path).encode("utf-8", "replace").decode()  # a name that is no text is not found again


def _path(kind: type, value: Any) -> Any:
    return kind(value)
