"""Evidence measured end to end: four procedural materials in three mods, converted by rules."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.folds_fixture import without_networks, write_materials

from unbake.convert.bundle import bundle_folder, read_card
from unbake.data.sources import list_materials
from unbake.data.truth import read_material
from unbake.domain.card import Card, Credit, HeldOut
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.errors import UsageError
from unbake.evaluate.declared import DARKNESSES
from unbake.evaluate.evidence_figures import (
    Line,
    evidence_report,
    lines_of,
    table_of_evidence,
    table_of_levels,
)
from unbake.evaluate.evidence_request import subjects_of
from unbake.evaluate.evidence_run import EvidenceSetting, Measured, Subject, drawn, measure_evidence
from unbake.evaluate.evidence_scores import IDENTITY, OFF, PERSON, RULES
from unbake.evaluate.modes import Request
from unbake.evaluate.painter import paint_legacy
from unbake.evaluate.simulated import PATHS, metal_word, path_of, true_kinds
from unbake.evaluate.unseen import unseen
from unbake.evidence.names import name_evidence

SETTING = EvidenceSetting(size=64, at_most=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_materials(tmp_path_factory.mktemp("materials"))


def run(folder: Path) -> Measured:
    return measure_evidence([Subject(source, None) for source in list_materials(folder)], SETTING)


@pytest.fixture(scope="module")
def measured(folder: Path) -> Measured:
    return run(folder)


def line(measured: Measured, figure: str, variant: str) -> Line:
    return next(
        one for one in lines_of(measured.records) if one.figure.startswith(figure) and one.variant == variant
    )


def test_each_material_is_in_each_mod_and_the_same_seed_gives_the_same_figures(folder, measured):
    assert len(measured.records) == 4 * len(DARKNESSES)
    again = run(folder)
    assert repr(again.records) == repr(measured.records)
    assert again.levels == measured.levels


def test_a_levelled_diffuse_is_nearer_to_the_truth_where_the_painter_was_dark(measured):
    levels = [measured.levels[one.name]["names"] for one in DARKNESSES]
    assert levels == sorted(levels)
    assert line(measured, "albedo RMSE", RULES).by_darkness["dark"] < 1


def test_a_person_who_says_none_leaves_no_metal_on_what_has_none(measured):
    assert line(measured, "false metal", PERSON).all == 0


def test_tables_and_report_hold_every_line(measured):
    lines = lines_of(measured.records)
    assert {len(row) for row in table_of_evidence(lines)} == {8}
    assert len(table_of_levels(measured)) == 1 + len(DARKNESSES)
    assert len(evidence_report(measured, lines, ["so"], SETTING)["lines"]) == len(lines)
    identity = line(measured, "albedo level-free", IDENTITY)
    assert (identity.materials, identity.interval[0] <= identity.all <= identity.interval[1]) == (4, True)


def test_plain_evaluation_applies_no_evidence(folder):
    source = list_materials(folder)[0]
    legacy = paint_legacy(source.id, source.category, read_material(source))
    made = without_networks(legacy)
    assert np.abs(made.maps[MapKind.ALBEDO] - legacy.diffuse).mean() < 0.02
    assert set(made.maps) == set(OUTPUTS)


def test_draws_are_by_seed_whatever_the_order(folder):
    sources = list_materials(folder)
    assert drawn(sources, 2, 5) == drawn(sources[::-1], 2, 5)
    assert len(drawn(sources, 99, 0)) == len(sources)


def test_what_a_card_credits_is_seen_but_for_what_it_holds_out(folder):
    sources = list_materials(folder)
    credit = (Credit(source=sources[0].source, licence="CC0", materials=4),)
    held = HeldOut(materials=(sources[1].id,))
    fields = {
        "format": 4,
        "size": "small",
        "stride": 8,
        "halo": 8,
        "segformer_px": 512,
        "geometry_version": 1,
    }
    card = Card(**fields, classes=("metal",), use={}, data=credit, held_out=held)
    assert [source.id for source in unseen(sources, card)] == [sources[1].id]
    assert unseen(sources, None) == sources


def test_materials_that_the_model_saw_are_measured_only_when_asked_for(folder, tmp_path):
    credited = read_card(bundle_folder(None)).data[0].source
    shutil.copytree(folder, tmp_path / "seen")
    for path in (tmp_path / "seen").rglob("metadata.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"source": credited}))
    request = Request(tmp_path / "seen", Path("none.zip"))
    with pytest.raises(UsageError, match="add --seen"):
        subjects_of(request, SETTING)
    chosen = subjects_of(request, SETTING, seen=True)
    assert (len(chosen.subjects), "4 of 4 materials may have been trained on" in chosen.notes[0]) == (4, True)


def test_names_are_of_the_true_kind_but_for_a_few():
    truth = {MapKind.NORMAL: np.zeros((4, 4, 3)), MapKind.METALLIC: np.ones((4, 4, 1))}
    assert true_kinds("misc", truth) == ("metal",)
    paths = [path_of(f"metal/{number}", "metal", truth) for number in range(1000)]
    wrong = sum(path not in PATHS["metal"] for path in paths)
    assert wrong == pytest.approx(70, abs=25)
    assert name_evidence(f"textures/{PATHS['metal'][0]}0007.dds").metal_share > 0.8


def test_a_person_sees_metal_where_there_is_some():
    assert [metal_word(share) for share in (0.0, 0.05, 0.3, 0.8, 1.0)] == [
        "none",
        "little",
        "some",
        "most",
        "all",
    ]


def test_no_record_is_without_the_variants(measured):
    for record in measured.records:
        assert {OFF, RULES, IDENTITY} <= record.values["albedo"].keys()


def test_a_material_of_constant_roughness_counts_beside_the_best_constant(measured):
    flat = [replace(record, id=f"flat/{record.id}", roughness=(0.5, 0.25)) for record in measured.records]
    both = [one for one in lines_of([*measured.records, *flat]) if one.figure.startswith("roughness RMSE")]
    assert {one.materials for one in both} == {8}
    assert all(np.isfinite(one.all) for one in both)
