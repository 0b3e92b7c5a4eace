import json
import zipfile
from pathlib import Path

import pytest
from support.folds_fixture import without_networks, write_materials

from unbake.convert.bundle import bundle_folder
from unbake.data.sources import MaterialSource, list_materials
from unbake.domain.maps import MapKind
from unbake.errors import FileError, UsageError
from unbake.evaluate.figures import Evaluation, as_dict
from unbake.evaluate.predictions import jobs_from_saved, saving, write_predictions
from unbake.evaluate.run import Job, Setting, measure

SETTING = Setting(size=64, styles=2)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[MaterialSource]:
    return list_materials(write_materials(tmp_path_factory.mktemp("materials")))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, sources: list[MaterialSource]) -> tuple[Path, Evaluation]:
    root = tmp_path_factory.mktemp("kept")
    jobs = [Job(source, without_networks, {"*": 0.4}) for source in sources]
    measured = measure(saving(jobs, root), SETTING)
    write_predictions(root / "predictions.zip", root, jobs, SETTING, [bundle_folder(None)], measured)
    return root / "predictions.zip", measured


def test_the_table_comes_from_the_file_alone(kept, sources):
    jobs, setting, _ = jobs_from_saved(sources, kept[0])
    again = measure(jobs, setting)
    whole = measure([Job(s, without_networks, {"*": 0.4}) for s in sources], Setting(size=64, styles=1))
    assert (again.materials, setting.styles) == (whole.materials, 1)
    ours, theirs = (
        {(row.map, row.metric): row.ours for row in rows if row.metric not in ("seam_ratio", "gradient")}
        for rows in (again.rows, whole.rows)
    )
    assert ours == pytest.approx(theirs, rel=0.15, abs=0.01)


def test_what_the_compression_changes_is_not_told(kept, sources):
    jobs, setting, _ = jobs_from_saved(sources, kept[0])
    assert {row.metric for row in measure(jobs, setting).rows}.isdisjoint({"seam_ratio", "gradient"})


def test_baselines_are_those_of_the_whole_paintings(kept, sources):
    jobs, setting, _ = jobs_from_saved(sources, kept[0])
    row = next(r for r in measure(jobs, setting).rows if (r.map, r.metric) == ("roughness", "rmse"))
    assert [baseline.name for baseline in row.baselines] == ["0.443", "per class"]


def test_the_figures_of_the_whole_maps_are_quoted(kept, sources):
    _, _, figures = jobs_from_saved(sources, kept[0])
    assert figures["rows"] == as_dict(kept[1])["rows"]


def test_confidence_is_the_one_that_was_told(kept, sources):
    jobs, setting, _ = jobs_from_saved(sources, kept[0])
    first = {(one.id, one.style): one.confidence for one in kept[1].paintings}
    assert all(first[one.id, one.style] == one.confidence for one in measure(jobs, setting).paintings)


def test_one_file_is_the_same_bytes_again(kept, sources, tmp_path):
    jobs = [Job(source, without_networks, {"*": 0.4}) for source in sources]
    write_predictions(tmp_path / "again.zip", kept[0].parent, jobs, SETTING, [bundle_folder(None)], kept[1])
    assert (tmp_path / "again.zip").read_bytes() == kept[0].read_bytes()


@pytest.fixture
def renamed(tmp_path: Path) -> list[MaterialSource]:
    """The materials once more; those of stone have a category that no saved prediction has."""
    folder = write_materials(tmp_path / "more" / "deep").rename(tmp_path / "materials")
    (folder / "stone").rename(folder / "slate")
    return list_materials(folder)


def test_materials_without_saved_predictions_are_left_out_and_the_others_measured(kept, renamed):
    jobs, _, _ = jobs_from_saved(renamed, kept[0])
    assert [job.source.id for job in jobs] == [s.id for s in renamed if s.category != "slate"]
    assert 0 < len(jobs) < len(renamed)


def test_materials_none_of_which_is_saved_are_refused_by_name(kept, renamed):
    with pytest.raises(UsageError, match=r"some of the 1 materials .* got none \(slate/"):
        jobs_from_saved([s for s in renamed if s.category == "slate"], kept[0])


def test_predictions_of_another_painter_are_refused(kept, sources, tmp_path):
    with zipfile.ZipFile(kept[0]) as archive:
        index = json.loads(archive.read("index.json"))
    with zipfile.ZipFile(tmp_path / "old.zip", "w") as archive:
        archive.writestr("index.json", json.dumps(index | {"painter": 1}))
    with pytest.raises(UsageError, match="got painter 1"):
        jobs_from_saved(sources, tmp_path / "old.zip")


def test_without_a_file_the_ways_to_one_are_told(sources, tmp_path):
    with pytest.raises(FileError, match=r"name the models of the folds with --model, or a file with --saved"):
        jobs_from_saved(sources, tmp_path / "nothing.zip")


def test_a_file_that_is_no_archive_is_told(sources, tmp_path):
    (tmp_path / "text.zip").write_text("text")
    with pytest.raises(FileError, match="cannot be read"):
        jobs_from_saved(sources, tmp_path / "text.zip")


def test_every_map_is_in_the_file(kept, sources):
    with zipfile.ZipFile(kept[0]) as archive:
        names = set(archive.namelist())
    assert {f"{sources[0].id}/{kind}.avif" for kind in (MapKind.ALBEDO, MapKind.METALLIC_MASK)} <= names
    assert len(names) == 1 + 6 * len(sources)
