"""The sources and options of a conversion, saved in OUT: `unbake view` needs them to show sources and rules."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from unbake.batch.journal import HIDDEN
from unbake.convert.sets import TextureSet
from unbake.decoding import decode_json
from unbake.errors import FileError
from unbake.evidence.keywords import KeywordEvidence
from unbake.evidence.level import Level
from unbake.files import safe_join
from unbake.report.page import SetReport

PROVENANCE: Final = f"{HIDDEN}/origin.json"


class Provenance(msgspec.Struct, frozen=True):
    """The sources of a conversion and the options that its maps depend on.

    rules_text: the rules that were read, as TOML; no path, which in a stranger's OUT could name any file. inference:
    all that maps depend on besides the files of their set, see `journal.keys_of`. level: the painter's, None without
    evidence. albedo_by_rule: as `apply_evidence` takes it. keywords: of plugins, see `Stages`.
    sets: of all runs into OUT whose sources are there. left: what failed or was left out, by the sources of its run
    (`earlier.key_of_roots`). title: the name of PGPatcher's file, "" for other presets. The rest: see `events.Options`.
    """

    preset: str
    inference: dict[str, str]
    rules_text: str
    adjust: tuple[str, ...]
    seamless: bool | None
    max_size: int | None
    sets: tuple[TextureSet, ...]
    hints: tuple[str, ...] = ()
    brightness: Literal["natural", "keep"] = "natural"
    level: Level | None = None
    albedo_by_rule: bool = True
    keywords: dict[str, KeywordEvidence] = {}
    left: dict[str, list[SetReport]] = {}
    title: str = ""


def encode_provenance(provenance: Provenance) -> bytes:
    """The bytes of the file; equal provenances give equal bytes."""
    return msgspec.json.encode(provenance, enc_hook=_text) + b"\n"


def read_provenance(out: Path) -> Provenance | None:
    """The provenance of the conversion in `out`; None where it is missing or of another version."""
    try:
        return decode_json(safe_join(out, PROVENANCE).read_bytes(), Provenance, dec_hook=_path)
    except (OSError, FileError, msgspec.DecodeError):
        return None


def _text(path: Path) -> str:
    # A file name that is not valid Unicode is not found again.
    return str(path).encode("utf-8", "replace").decode()


def _path(kind: type, value: Any) -> Any:
    return kind(value)
