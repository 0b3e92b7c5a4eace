"""Histories read from text, however a person or a program has written them."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbake.errors import UsageError
from unbake.recipe.gate import MAT, SKY
from unbake.recipe.history import read_history

ROWS = [{"epoch": 14, SKY: 0.1, MAT: 0.09}, {"epoch": 15, SKY: 0.0975, MAT: 0.091}]

WRITTEN = {
    "metrics.jsonl": "\n".join(json.dumps(row | {"lr": 1e-5, "mat/l1/albedo": 0.2}) for row in ROWS),
    "a JSON list": json.dumps(ROWS),
    "CSV": f"{SKY},Epoch,{MAT}\n0.1,14,0.09\n0.0975,15,0.091\n",
    "CSV of a German spreadsheet": f'"epoch";"{SKY}";"{MAT}"\r\n14;0.1;0.09\r\n15;0.0975;0.091\r\n',
    "tabs": f"epoch\t{SKY}\t{MAT}\n14\t0.1\t0.09\n15\t0.0975\t0.091",
    "columns": f"  Epoch   {SKY}  {MAT}\n  -----   ----   ----\n  14      0.1000   0.09\n  15      0.0975   0.091\n",
    "Markdown": f"| Epoch | `{SKY}` | `{MAT}` |\n|:-----|---|--:|\n| **14** | 0.1 | 0.09 |\n| 15 | 0.0975 | 0.091 |",
    "Markdown without outer bars": f"Epoch | {SKY} | {MAT}\n--- | --- | ---\n14 | 0.1 | 0.09\n15 | 0.0975 | 0.091",
}


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN.keys())
def test_every_way_of_writing_a_history_reads_the_same(text: str):
    assert read_history(text) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        f"epoch,{SKY},{MAT}\n16,,0.09",
        f"epoch,{SKY},{MAT}\n16,NaN,0.09",
        f"| epoch | {SKY} | {MAT} |\n| 16 | - | 0.09 |",
        f'{{"epoch": 16, "{SKY}": null, "{MAT}": 0.09}}',
        f'{{"epoch": 16, "{SKY}": NaN, "{MAT}": 0.09}}',
        f'{{"epoch": 16, "{MAT}": 0.09}}',
    ],
)
def test_what_is_missing_or_no_number_is_nan(text: str):
    (line,) = read_history(text)
    assert (line["epoch"], math.isnan(line[SKY]), line[MAT]) == (16, True, 0.09)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "got none"),
        ("Epoch | sky_val_loss", "got none"),
        ("the gate is closed", "got none"),
        ("sky_val_loss\n0.1", "without its epoch"),
        ("epoch,sky_val_loss\nfirst,0.1", "without its epoch"),
        ("epoch,sky_val_loss\n1.5,0.1", "without its epoch"),
        ("epoch sky_val_loss\n1", "as many cells"),
        ("[1, 2]", "objects"),
        ('{"epoch": 1', "JSON"),
    ],
)
def test_what_is_no_history_is_an_error_that_says_what_was_expected(text: str, told: str):
    with pytest.raises(UsageError, match=told):
        read_history(text)


@given(st.text('epochsky_val\n\t |,;:-*`"{}[]0123.naN'))
def test_any_text_is_a_history_or_one_sentence(text: str):
    try:
        assert read_history(text)
    except UsageError as error:
        assert "Expected" in str(error)


def test_a_quoted_cell_may_hold_the_mark_that_parts_cells():
    (line,) = read_history(f'epoch,note,{SKY},{MAT}\n16,"slow, but sure",0.1,0.09')
    assert line == {"epoch": 16, SKY: 0.1, MAT: 0.09}
