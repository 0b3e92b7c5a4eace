"""Text of strangers: nested five thousand deep, not UTF-8, or with an endless number, it is one sentence or none."""

import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from unbake.batch.journal import JOURNAL, Journal
from unbake.batch.provenance import PROVENANCE, read_provenance
from unbake.convert.bundle import read_card
from unbake.data.sources import _metadata
from unbake.decoding import decode_any_json, decode_json, decode_toml, read_text
from unbake.domain.packing import read_preset
from unbake.errors import UnbakeError, UsageError
from unbake.evidence import keywords, lexicon
from unbake.export.landscape import faults, read_edid_map
from unbake.export.pgpatcher import FOLDER
from unbake.export.pgpatcher_faults import validate
from unbake.export.rules import load_rules, read_rules
from unbake.export.rules_file import read_request, with_changes
from unbake.prepare.folders import read_metadata
from unbake.recipe import loader
from unbake.recipe.history import read_history
from unbake.report.listing import REPORT, read_listing

DEEP = "[" * 5000
HOSTILE = {
    "nested": DEEP.encode(),
    "nested in a value": b'{"rules": ' + DEEP.encode(),
    "nested tables": b"rules = " + DEEP.encode(),
    "nested objects": b'{"a":' * 5000,
    "an endless number": b"rules = " + b"1" * 5000,
    "no UTF-8": b"\xff\xfe\x00[",
    "empty": b"",
}


def file_reader(name: str, read: Callable[[Path], object]) -> Callable[[bytes, Path], object]:
    """A reader of a folder in which one file holds the text."""

    def act(data: bytes, folder: Path) -> object:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        return read(folder)

    return act


def text_reader(read: Callable[[str], object]) -> Callable[[bytes, Path], object]:
    """A reader of a text, which is UTF-8 by then."""
    return lambda data, _: read(data.decode("utf-8", "replace"))


READERS: dict[str, Callable[[bytes, Path], object]] = {
    "journal": file_reader(JOURNAL, lambda folder: Journal(folder, "png")),
    "provenance": file_reader(PROVENANCE, read_provenance),
    "card": file_reader("card.json", read_card),
    "recipe": file_reader("r.toml", lambda folder: loader.load(str(folder / "r.toml"))),
    "override of a recipe": text_reader(lambda text: loader.load("A0", (f"data.px={text}",))),
    "history": text_reader(read_history),
    "metadata": file_reader("metadata.json", lambda folder: _metadata(folder / "metadata.json")),
    "metadata of what is prepared": file_reader("metadata.json", read_metadata),
    "preset": text_reader(lambda text: read_preset(text, "p.toml")),
    "rules": text_reader(read_rules),
    "file of rules": file_reader("unbake.toml", load_rules),
    "rules that are edited": text_reader(
        lambda text: with_changes(text, read_request('{"changes": {"ao": {"bias": 0.1}}}'))
    ),
    "request of the page": text_reader(read_request),
    "editor IDs": file_reader("e.txt", lambda folder: read_edid_map(folder / "e.txt")),
    "lexicon": text_reader(lexicon.parsed),
    "keywords": text_reader(keywords.parsed),
    "report": file_reader(REPORT, read_listing),
    "PGPatcher's file": file_reader(f"{FOLDER}/mod.json", validate),
    "file of a ground": file_reader("Dirt.json", lambda folder: faults(folder / "Dirt.json")),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("reader", READERS)
def test_no_text_is_a_traceback(reader: str, data: bytes, tmp_path: Path) -> None:
    with suppress(UnbakeError):
        READERS[reader](data + b"\n", tmp_path)


@pytest.mark.parametrize("reader", ["card", "recipe", "preset", "rules", "report"])
def test_text_that_nests_too_deep_is_one_sentence(reader: str, tmp_path: Path) -> None:
    value = "a = " if reader in ("recipe", "preset", "rules") else '{"x": '
    with pytest.raises(UnbakeError, match=r"^Expected .*brackets within brackets.*; .*\.$"):
        READERS[reader](f"{value}{DEEP}".encode(), tmp_path)


@pytest.mark.parametrize("text", [DEEP, "9" * 5000, "{"])
def test_a_decoder_raises_the_error_of_its_format(text: str) -> None:
    for decode in (lambda: decode_json(text, list), lambda: decode_any_json(text)):
        with suppress(msgspec.DecodeError):
            decode()
    with pytest.raises(tomllib.TOMLDecodeError):
        decode_toml(f"a = {text}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_text_may_begin_with_the_mark_that_windows_puts_there(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("ao.bias = 0.1", encoding=encoding)
    assert read_text(tmp_path / "a.toml", "rules") == "ao.bias = 0.1"


def test_a_text_in_another_encoding_is_a_sentence_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("ao.bias = 0.1", encoding="utf-16")
    with pytest.raises(
        UsageError, match=r"^Expected rules in .*a\.toml as UTF-8, got .*; save it as UTF-8\.$"
    ):
        read_text(tmp_path / "a.toml", "rules")
