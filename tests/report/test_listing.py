import json

import pytest

from unbake.domain.decision import Decision
from unbake.errors import FileError
from unbake.report.listing import REPORT, listing, read_listing, read_mod, read_sets, reasons, to_review
from unbake.report.page import ModReport, SetReport

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


def names(reports, **options):
    return [one.name for one in to_review(reports, **options)]


def test_failed_sets_come_first_then_those_of_least_confidence_and_good_ones_only_to_fill_up():
    assert names(SETS, least=0) == ["broken", "worse", "doubtful"]
    assert names(SETS, below=0.2, least=0) == ["broken", "worse"]
    assert names(SETS) == ["broken", "worse", "doubtful", "good"]


def test_the_worst_are_listed_even_where_nothing_seems_wrong():
    sets = [SetReport(f"set{number}", confidence=0.7 + number / 100) for number in range(20)]
    assert names(sets) == [f"set{number}" for number in range(10)]
    assert names(sets, least=2) == ["set0", "set1"]


def test_what_speaks_against_each_other_comes_before_what_is_merely_unsure():
    conflict = Decision(
        metal=0.0, alone=0.0, by="companion", conflict="Its name speaks of metal, its mask of none."
    )
    sets = [
        SetReport("unsure", confidence=0.1),
        *(SetReport(f"usual{number}", figures={"albedo_lift": 0.5}) for number in range(3)),
        SetReport("much brighter", figures={"albedo_lift": 2.5}),
        SetReport("a little against", decided=Decision(metal=0.3, alone=0.0, by="name")),
        SetReport("against the picture", decided=Decision(metal=0.8, alone=0.0, by="name")),
        SetReport("as a person said", decided=Decision(metal=0.8, alone=0.0, by="person")),
        SetReport("conflict", decided=conflict),
        SetReport("broken", "failed", "it is empty."),
    ]
    found = ["broken", "conflict", "against the picture", "a little against", "much brighter", "unsure"]
    assert names(sets, least=0) == found


def test_the_mod_as_a_whole_is_read_again_and_older_reports_have_none(tmp_path):
    mod = ModReport("painted 0.9 stops dark (from 45 textures)", ("weapon/*",))
    (tmp_path / REPORT).write_bytes(listing(SETS, mod))
    assert read_mod(tmp_path) == mod
    older = {key: value for key, value in json.loads(listing(SETS)).items() if key != "mod"}
    for one in older["converted"]:
        del one["decided"]
    (tmp_path / REPORT).write_text(json.dumps(older), "utf-8")
    assert (read_mod(tmp_path), read_listing(tmp_path)) == (ModReport(), SETS)


def test_every_set_to_look_at_has_a_reason():
    assert [bool(reasons(one)) for one in to_review(SETS)] == [True] * 4


def test_a_large_doubt_that_is_no_warning_is_a_reason_of_its_own_and_a_small_one_is_none():
    def told(**doubts):
        return reasons(SetReport("pot", figures={f"doubt_{name}": value for name, value in doubts.items()}))

    assert told(albedo=0.2, roughness=0.2) == ["Several small doubts add up."]
    assert told(roughness=1.0) == ["No specular mask tells how rough it is; a finish in the rules does."]
    assert "light and dark" in told(albedo=0.9)[0]


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
