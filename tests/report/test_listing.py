import json

import pytest

from unbake.errors import FileError
from unbake.report.listing import REPORT, listing, read_listing, read_sets, reasons, to_review
from unbake.report.page import SetReport

SETS = [
    SetReport("good", confidence=0.9),
    SetReport("doubtful", confidence=0.5, warnings=["AO is dark."]),
    SetReport("worse", confidence=0.1),
    SetReport("broken", "failed", "broken.dds is empty."),
    SetReport("sky", "skipped", "part of the sky"),
]


def test_what_is_written_is_read_again(tmp_path):
    (tmp_path / REPORT).write_bytes(listing(SETS))
    assert read_listing(tmp_path) == SETS


def test_the_file_is_json_that_says_what_confidence_is():
    content = json.loads(listing(SETS))
    assert "0 to 1" in content["about"]
    assert content["converted"][1]["warnings"] == ["AO is dark."]


def test_failed_sets_come_first_then_those_of_least_confidence_and_good_ones_not_at_all():
    assert [one.name for one in to_review(SETS)] == ["broken", "worse", "doubtful"]
    assert [one.name for one in to_review(SETS, below=0.2)] == ["broken", "worse"]


def test_every_set_to_look_at_has_a_reason():
    assert [bool(reasons(one)) for one in to_review(SETS)] == [True] * 3


@pytest.mark.parametrize("content", [None, b"{", b'{"about": 1}'])
def test_a_report_that_is_missing_or_damaged_is_one_sentence(tmp_path, content):
    if content is not None:
        (tmp_path / REPORT).write_bytes(content)
    with pytest.raises(FileError, match=r"report\.json"):
        read_listing(tmp_path)


def test_a_damaged_entry_costs_its_own_set_only() -> None:
    data = listing([SetReport("a"), SetReport("b"), SetReport("c")])
    damaged = data.replace(b'"name": "b"', b'"name": "b", "confidence": null', 1)
    found = {report.name: report.status for report in read_sets(damaged, "report.json")}
    assert found == {"a": "converted", "b": "failed", "c": "converted"}
