"""The third evaluation painter: declared in all but its light, which is read from a cache."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.folds_fixture import write_materials
from typer.testing import CliRunner

from unbake.cli import app
from unbake.data.sources import MaterialSource, list_materials
from unbake.domain.maps import MapKind
from unbake.errors import TextureSetError, UsageError
from unbake.evaluate.declared import DARKNESSES, light_of, paint_declared
from unbake.evaluate.evidence_figures import evidence_report, sentences_of
from unbake.evaluate.evidence_request import subjects_of
from unbake.evaluate.evidence_run import EvidenceSetting, Subject, measure_evidence
from unbake.evaluate.modes import Request
from unbake.evaluate.run import truth_of
from unbake.evaluate.traced import paint_traced, traced_light, with_light
from unbake.synth.traced import SUNS, Traced, encode_traced, traced_path

SIDE = 64


def traced_of(material_id: str, metal: bool) -> Traced:
    """Light that no renderer made, of a 64² material."""
    rng = np.random.default_rng(len(material_id))
    fields = rng.uniform(0.2, 1.8, (1 + SUNS, SIDE, SIDE)).astype(np.float32)
    full = rng.uniform(0.1, 0.9, (SIDE, SIDE, 3)).astype(np.float32) if metal else None
    return Traced(fields, np.tile(np.float32([0, 0.6, 0.8]), (SUNS, 1)), 0.04, full)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_materials(tmp_path_factory.mktemp("materials"), SIDE)


@pytest.fixture(scope="module")
def sources(folder: Path) -> list[MaterialSource]:
    return list_materials(folder)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, sources: list[MaterialSource]) -> Path:
    """Traced light of all materials but the last."""
    root = tmp_path_factory.mktemp("traced")
    for source in sources[:-1]:
        path = traced_path(root, source.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_traced(traced_of(source.id, source.category == "metal")))
    return root


@pytest.mark.parametrize("darkness", DARKNESSES, ids=lambda one: one.name)
def test_traced_light_averages_to_the_declared_factors(sources, darkness):
    for source in sources:
        truth = truth_of(source, SIDE)
        traced = traced_of(source.id, source.category == "metal")
        light, rest, metal = traced_light(traced)(truth, darkness, np.random.default_rng(3))
        assert light.shape == truth[MapKind.ALBEDO].shape
        marked = truth[MapKind.METALLIC]
        for part, factor in ((marked == 0, rest), (marked == 1, metal)):
            if part.mean() > 0.99:
                assert light[part[..., 0]].mean() == pytest.approx(factor, rel=0.02)


def test_rest_and_metal_get_the_same_factors_as_by_the_declared_painter(sources):
    truth, traced = truth_of(sources[0], SIDE), traced_of(sources[0].id, False)
    own = light_of(truth, DARKNESSES[0], np.random.default_rng(5))
    made = traced_light(traced)(truth, DARKNESSES[0], np.random.default_rng(5))
    assert own[1:] == made[1:]


def test_a_set_differs_from_the_declared_one_in_its_light_alone(sources):
    source = sources[0]
    truth, traced = truth_of(source, SIDE), traced_of(source.id, False)
    declared = paint_declared(source.id, truth, DARKNESSES[1])
    painted = paint_traced(source.id, truth, traced, DARKNESSES[1])
    assert painted.files.keys() == declared.files.keys()
    assert (painted.alpha, painted.companion) == (declared.alpha, declared.companion)
    assert (painted.rest, painted.metal) == (declared.rest, declared.metal)
    assert painted.files[""] != declared.files[""]


def test_light_of_another_shape_is_refused(sources):
    traced = traced_of(sources[0].id, False)
    narrow = replace(traced, fields=traced.fields[:, :32])
    with pytest.raises(TextureSetError, match="proportions"):
        paint_traced(sources[0].id, truth_of(sources[0], SIDE), narrow, DARKNESSES[0])


def test_evidence_is_measured_under_traced_light_and_materials_without_it_are_counted(folder, cache, sources):
    setting = EvidenceSetting(size=SIDE, at_most=4, traced=cache)
    chosen = subjects_of(Request(folder, Path("none.zip")), setting, seen=True)
    assert len(chosen.subjects) == len(sources) - 1
    assert "1 of 4 materials have no traced light and are left out" in chosen.notes
    with pytest.raises(UsageError, match="trace it with"):
        subjects_of(Request(folder, Path("none.zip")), replace(setting, traced=folder), seen=True)


def test_a_report_names_the_painter_and_no_folder(cache, sources):
    setting = EvidenceSetting(size=SIDE, at_most=4, traced=cache)
    measured = measure_evidence([Subject(with_light(sources, cache)[0], None)], setting)
    assert (len(measured.records), measured.left_out) == (len(DARKNESSES), ())
    report = evidence_report(measured, [], [], setting)
    assert (report["painter"], report["setting"]) == ("t1", {"size": SIDE, "at_most": 4, "seed": 0})
    assert "(painter t1, seed 0)" in sentences_of(measured, setting, "by rules")[0]


def test_a_cache_that_cannot_be_read_leaves_its_material_out(tmp_path, sources):
    for source, data in ((sources[0], b"broken"), (sources[1], encode_traced(traced_of("x", False)))):
        path = traced_path(tmp_path, source.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    setting = EvidenceSetting(size=SIDE, at_most=4, traced=tmp_path)
    measured = measure_evidence([Subject(source, None) for source in sources[:2]], setting)
    assert {record.id for record in measured.records} == {sources[1].id}
    (reason,) = measured.left_out
    assert "trace it anew" in reason


@pytest.mark.parametrize("options", [["--painter", "traced"], ["--traced", "."]], ids=str)
def test_the_painter_and_its_folder_are_given_together(folder, options):
    result = CliRunner().invoke(app, ["eval", str(folder), "--evidence", "--seen", *options])
    assert result.exit_code != 0
    assert "together" in f"{result.output}{result.exception}"
