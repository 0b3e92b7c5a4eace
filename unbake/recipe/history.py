"""Histories of validation figures read from text, for `check_gate.py`; `gate` judges them."""

import csv
import math
from collections.abc import Mapping

from unbake.decoding import decode_any_json
from unbake.errors import UsageError
from unbake.recipe.gate import MAT, SKY


def read_history(text: str) -> list[dict[str, float]]:
    """A history out of text: metrics.jsonl, a list in JSON, CSV, or a table in Markdown or in columns.

    Its keys or headings are epoch, SKY and MAT in any order and case, and others, which are left out. A value
    that is missing or no number is NaN. Raises UsageError where there is no table, or a row without its epoch.

    >>> read_history("| Epoch | `sky_val_loss` |\\n|---|---|\\n| 14 | 0.1 |")
    [{'epoch': 14.0, 'sky_val_loss': 0.1, 'mat_val_loss': nan}]
    """
    rows = _json_rows(text) if text.lstrip()[:1] in ("{", "[") else _table_rows(text)
    history = [{name: _number(row.get(name)) for name in ("epoch", SKY, MAT)} for row in rows]
    if not history or not all(line["epoch"].is_integer() for line in history):
        raise UsageError(
            f"Expected rows with epoch, {SKY} and {MAT}, got "
            f"{'a row without its epoch' if history else 'none'}; see `check_gate.py --help` for the formats."
        )
    return history


def _json_rows(text: str) -> list[Mapping[str, object]]:
    try:
        if text.lstrip().startswith("["):
            rows = decode_any_json(text)
        else:
            rows = [decode_any_json(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise UsageError(
            f"Expected JSON, one object a line or one list, but {error}; correct the file."
        ) from None
    if not all(isinstance(row, dict) for row in rows):
        raise UsageError("Expected JSON objects, one for each epoch, got other values; correct the file.")
    return [{str(name).lower(): value for name, value in row.items()} for row in rows]


def _table_rows(text: str) -> list[Mapping[str, object]]:
    """Rows of a table whose cells are parted by bars, commas, semicolons, tabs or, without any of these, spaces."""
    lines = [line.strip(" \r") for line in text.splitlines() if set(line) - set("|-:+= \t")]
    mark = next((mark for mark in "|,;\t" if lines and mark in lines[0]), None)
    table = [[cell.strip("\"'`* \t") for cell in _cells(line, mark)] for line in lines]
    if table and len({len(row) for row in table}) > 1:
        raise UsageError(
            "Expected as many cells in each row as there are headings, got fewer or more; correct the table."
        )
    return [dict(zip(map(str.lower, table[0]), row, strict=True)) for row in table[1:]]


def _cells(line: str, mark: str | None) -> list[str]:
    """Cells of a row parted by a mark, of which a quoted cell may hold some, or by spaces."""
    if mark is None:
        return line.split()
    if mark == "|":
        line = line.removeprefix("|").removesuffix("|")
    try:
        return next(csv.reader([line], delimiter=mark, skipinitialspace=True), [])
    except csv.Error as error:
        raise UsageError(f"Expected a table, but {error}; correct the file.") from None


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        return math.nan
