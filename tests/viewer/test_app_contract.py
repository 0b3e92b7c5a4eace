"""The app's types are those of Python: viewer/src/app/contract.ts is read as text, so no Node is needed."""

from pathlib import Path

import msgspec
import pytest
from support.contracts import interfaces, type_of

from unbake.app.state import Chosen, Folder, Places, Plan, State

CONTRACT = (Path(__file__).parents[2] / "viewer" / "src" / "app" / "contract.ts").read_text("utf-8")

(_, SCHEMAS) = msgspec.json.schema_components([State, Plan, Places, Folder, Chosen], ref_template="{name}")


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_struct_has_the_fields_and_types_that_the_page_reads(name: str):
    read = interfaces(CONTRACT)[name]
    expected = {field: type_of(schema) for field, schema in SCHEMAS[name]["properties"].items()}
    # Closed choices stand in both languages; which words they hold is told by the page's own types.
    choices = {field: written for field, written in expected.items() if written.startswith('"')}
    assert read.keys() == expected.keys()
    for field, written in expected.items():
        if field == "phase":
            continue
        if field in choices:
            assert set(read[field].split(" | ")) == set(written.split(" | "))
        else:
            assert read[field] == written


def test_the_page_knows_every_phase():
    phases = CONTRACT.partition("export type Phase =")[2].partition(";")[0]
    expected = SCHEMAS["State"]["properties"]["phase"]["enum"]
    assert sorted(phase.strip(' \n"') for phase in phases.split("|")) == sorted(expected)
