"""The page's types and tables are those of Python: viewer/src/contract.ts is read as text, so no Node is needed."""

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.contracts import interfaces, type_of

from unbake.domain.maps import SPECS, MapKind
from unbake.export.adjust import Adjust
from unbake.image import normals
from unbake.report import samples
from unbake.report.pictures import SHOWN
from unbake.report.view import Page, SetData, Tuning

SOURCES = Path(__file__).parents[2] / "viewer" / "src"
CONTRACT = (SOURCES / "contract.ts").read_text("utf-8")

(_, SCHEMAS) = msgspec.json.schema_components([Page, SetData], ref_template="{name}")


def maps() -> dict[str, dict[str, Any]]:
    """The table MAPS: channels, neutral bytes, vector and start of each map."""
    table = CONTRACT.partition("export const MAPS")[2].partition("\n};")[0]
    found = {}
    for name, body in re.findall(r"^  (\w+): \{ (.+) \},$", table, re.MULTILINE):
        body = re.sub(r"grey\((\d+)\)", r"[\1, \1, \1]", body)
        found[name] = msgspec.json.decode(
            "{" + re.sub(r"(\w+): ", r'"\1": ', re.sub(r'label: "[^"]*", ', "", body)) + "}"
        )
    return found


def in_bytes(kind: MapKind, values: tuple[float, ...]) -> list[int]:
    """Values of a map as its picture shows them, three channels."""
    unit = np.asarray(values * (3 // len(values)))
    return [int(value) for value in np.rint((unit + 1) / 2 * 255 if SPECS[kind].vector else unit * 255)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_struct_has_the_fields_and_types_that_the_page_reads(name: str):
    expected = {field: type_of(schema) for field, schema in SCHEMAS[name]["properties"].items()}
    read = {
        field: re.sub(r"^Partial<Record<MapName, (\w+)>>$", r"Record<string, \1>", written)
        for field, written in interfaces(CONTRACT)[name].items()
    }
    assert read == expected


@pytest.mark.parametrize("name", maps())
def test_a_map_has_the_channels_and_neutral_bytes_of_its_spec(name: str):
    kind, table = MapKind(name), maps()[name]
    expected = (SPECS[kind].channels, in_bytes(kind, SPECS[kind].neutral), SPECS[kind].vector)
    assert (table["channels"], table["neutral"], table.get("vector", False)) == expected


@pytest.mark.parametrize("name", Adjust.__struct_fields__)
def test_strength_has_the_pivot_of_the_spec(name: str):
    spec, start = SPECS[MapKind(name)], maps()[name]["start"]
    if spec.vector:
        assert start == 0  # slopes of nothing
    elif spec.pivot is None:
        assert start == spec.start
    else:
        assert start == round(spec.pivot * 255)


def test_the_maps_that_rules_change_are_those_with_sliders():
    assert {name for name, table in maps().items() if "start" in table} == set(Adjust.__struct_fields__)


def test_the_page_knows_every_map_of_a_report_by_its_name():
    names = re.findall(r'"(\w+)"', CONTRACT.partition("export type MapName =")[2].partition(";")[0])
    assert (names, set(SHOWN) - set(names)) == (list(maps()), set())


def test_a_map_without_rules_has_the_defaults_of_its_struct():
    written = re.search(r"UNCHANGED: Tuning = \{ (.+) \};", (SOURCES / "adjust.ts").read_text("utf-8"))
    assert written is not None
    values = msgspec.json.decode("{" + re.sub(r"(\w+): ", r'"\1": ', written[1]) + "}")
    assert values == msgspec.structs.asdict(Tuning())


def test_the_pictures_of_the_truth_have_the_prefix_that_the_trainer_writes():
    assert f'export const TRUTH = "{samples.TRUTH}";' in CONTRACT


def test_slopes_are_read_with_the_same_least_z():
    assert f"const Z_FLOOR = {normals.Z_FLOOR};" in (SOURCES / "adjust.ts").read_text("utf-8")
