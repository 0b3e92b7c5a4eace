import re

import pytest
from support.folds_fixture import without_networks, write_materials

from unbake.data.sources import list_materials
from unbake.evaluate.page import WORST, failure_sheet, failures, page, picks
from unbake.evaluate.run import Job, Setting, measure

SETTING = Setting(size=32, styles=1)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory):
    sources = list_materials(write_materials(tmp_path_factory.mktemp("materials"), size=32))
    return [Job(source, without_networks) for source in sources]


@pytest.fixture(scope="module")
def measured(jobs):
    return measure(jobs, SETTING)


@pytest.fixture(scope="module")
def html(jobs, measured):
    return page(measured, ["4 < 5 materials"], jobs, SETTING)


def test_each_map_is_shown_by_its_best_its_median_and_its_worst(measured):
    albedo = [pick for pick in picks(measured) if pick.kind == "albedo"]
    assert [pick.place for pick in albedo] == ["best", "median", "worst"]
    errors = [pick.score.ours for pick in albedo]
    assert errors == sorted(errors)


def test_every_pick_has_input_ours_truth_baseline_and_error(html, measured):
    assert len(re.findall("<img ", html)) == 5 * len(picks(measured))


def test_the_page_needs_nothing_else_and_no_script(html):
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', html)
    assert {source.partition(",")[0] for source in sources} == {"data:image/webp;base"}
    assert "<script" not in html


def test_text_is_escaped(html):
    assert "4 &lt; 5 materials" in html and "4 < 5" not in html


def test_the_tables_are_there(html):
    assert html.count("<table>") == 4


def test_the_gallery_of_failures_has_each_material_once_a_map_the_worst_first(measured):
    albedo = [pick for pick in failures(measured) if pick.kind == "albedo"]
    assert len({pick.painting.id for pick in albedo}) == len(albedo) <= WORST
    errors = [pick.score.ours for pick in albedo]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == max(pick.score.ours for pick in picks(measured) if pick.kind == "albedo")


def test_the_gallery_is_a_picture_with_a_row_for_each_failure(jobs, measured):
    sheet = failure_sheet(measured, jobs, SETTING)
    assert sheet.shape[0] > 32 * len(failures(measured)) and sheet.shape[2] == 3
