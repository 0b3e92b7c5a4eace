"""The ways to evaluate: which materials are measured by what, and what a person is told before the figures."""

from pathlib import Path

import pytest
from support.folds_fixture import without_networks, write_materials

from unbake.convert.bundle import bundle_folder
from unbake.data.sources import list_materials
from unbake.errors import UsageError
from unbake.evaluate.modes import Request, compare, description, report, run_comparison
from unbake.evaluate.predictions import saving, write_predictions
from unbake.evaluate.run import Job, Setting, measure

SETTING = Setting(size=32, styles=1)


@pytest.fixture(scope="module")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_materials(tmp_path_factory.mktemp("materials"), size=32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, materials: Path) -> Path:
    """Saved predictions of all materials but the last."""
    root = tmp_path_factory.mktemp("saved")
    jobs = [Job(source, without_networks) for source in list_materials(materials)[:-1]]
    measured = measure(saving(jobs, root), SETTING)
    write_predictions(root / "predictions.zip", root, jobs, SETTING, [bundle_folder(None)], measured)
    return root / "predictions.zip"


@pytest.fixture(scope="module")
def replayed(materials: Path, saved: Path):
    request = Request(materials, saved, folds=True)
    comparison = compare(request)
    return comparison, run_comparison(comparison, request)


def test_materials_without_saved_predictions_are_counted_before_the_figures(replayed):
    assert [note.partition(";")[0] for note in replayed[0].notes] == [
        "3 of 4 materials have saved predictions"
    ]


def test_the_others_are_measured(replayed):
    assert replayed[1].materials == 3


def test_saved_predictions_quote_the_rows_of_the_whole_maps(replayed):
    assert {row.materials for row in replayed[0].whole if row.map == "albedo"} == {3}


def test_sentences_say_by_what_and_at_which_size(replayed):
    first, second = description(*replayed)
    assert first.startswith("3 materials at 32 px, 1 paintings of each")
    assert "with the saved predictions of the folds' models" in first
    assert "compared at 256 px" in second


def test_a_report_has_the_sentences_and_the_figures(replayed):
    plain = report(replayed[1], ["a"], replayed[0].setting)
    assert (plain["about"], plain["size"], plain["compared_at"]) == (["a"], 32, 256)
    assert {"rows", "paintings"} <= plain.keys()


def test_without_folds_one_model_converts_all_materials(materials: Path, saved: Path):
    comparison = compare(Request(materials, saved))
    assert len(comparison.jobs) == 4
    assert comparison.method == "converted by the bundled model"


def test_predictions_are_saved_only_of_folds(materials: Path, saved: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="beside --keep"):
        compare(Request(materials, saved, folds=True, save_to=tmp_path / "mine.zip"))


def test_only_the_sources_asked_for_are_measured(materials: Path, saved: Path):
    with pytest.raises(UsageError, match="Expected materials of no/where"):
        compare(Request(materials, saved, sources=("no/where",)))
