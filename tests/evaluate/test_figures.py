import json
import math

import numpy as np
import pytest

from unbake.errors import UsageError
from unbake.evaluate.bootstrap import bootstrap
from unbake.evaluate.figures import Score, Scored, as_dict, rows_from
from unbake.evaluate.gather import gather
from unbake.evaluate.tables import table, table_of_parts, table_of_trust


def scored(material_id: str, ours: float, baseline: float) -> Scored:
    return Scored(material_id, "stone", "sun", (Score("albedo", "rmse", "lower", ours, {"rule": baseline}),))


TWO = gather([scored("a", 0.1, 0.4), scored("b", 0.2, 0.2)])


def test_a_row_holds_the_mean_over_materials():
    assert TWO.rows[0].ours == pytest.approx(0.15)


def test_the_ratio_is_that_of_the_means():
    assert TWO.rows[0].baselines[0].ratio == pytest.approx(0.15 / 0.3)


def test_the_bootstrap_interval_holds_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        low, high = bootstrap(rng.normal(1.0, 0.3, 40))
        hits += low <= 1.0 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_the_interval_of_a_ratio_keeps_materials_together():
    values = np.random.default_rng(0).uniform(0.1, 1.0, 30)
    assert bootstrap(0.5 * values, values) == pytest.approx((0.5, 0.5))


def test_the_interval_is_the_same_each_time():
    values = np.random.default_rng(0).random(10)
    assert bootstrap(values) == bootstrap(values)


def test_against_a_baseline_of_zero_there_is_no_ratio():
    baseline = gather([scored("a", 0.1, 0.0)]).rows[0].baselines[0]
    assert math.isnan(baseline.ratio) and math.isnan(baseline.interval[0])


def test_an_evaluation_is_strict_json():
    text = json.dumps(as_dict(gather([scored("a", 0.1, 0.0)])), allow_nan=False)
    assert json.loads(text)["rows"][0]["baselines"][0]["ratio"] is None


def test_a_table_has_one_line_per_baseline_under_its_heading():
    assert [line[:4] for line in table(TWO.rows)[1:]] == [["albedo", "rmse ↓", "2", "0.1500"]]


def test_all_lines_of_a_table_are_equally_long():
    assert {len(line) for line in table(TWO.rows)} == {10}


def painted(material_id: str, style: str, error: float, confidence: float) -> Scored:
    score = Score("albedo", "rmse", "lower", error, {"rule": 1.0})
    return Scored(material_id, "stone", style, (score,), confidence)


FOUR = gather(
    [
        painted("a", "one", 0.1, 0.9),
        painted("a", "other", 0.3, 0.6),
        painted("b", "one", 0.4, 0.5),
        painted("c", "one", 0.2, 0.8),
    ]
)


def test_a_material_counts_once_however_often_it_was_painted():
    assert (FOUR.rows[0].materials, FOUR.rows[0].ours) == (3, pytest.approx((0.2 + 0.4 + 0.2) / 3))


def test_a_style_has_the_figures_of_its_own_paintings():
    assert {name: rows[0].ours for name, rows in FOUR.styles.items()} == pytest.approx(
        {"one": (0.1 + 0.4 + 0.2) / 3, "other": 0.3}
    )


def test_confidence_that_falls_as_errors_rise_has_a_correlation_of_one():
    assert FOUR.confidence["albedo"].value == pytest.approx(1.0)


def test_two_materials_have_no_order_to_speak_of():
    assert TWO.confidence == {}


def test_rows_come_back_from_json_as_they_were():
    rows = gather([scored("a", 0.1, 0.0), scored("b", 0.3, 0.0)]).rows
    assert str(rows_from(as_dict(gather([scored("a", 0.1, 0.0), scored("b", 0.3, 0.0)]))["rows"])) == str(
        rows
    )


def test_something_else_is_refused_as_rows():
    with pytest.raises(UsageError, match="rows of an evaluation"):
        rows_from({"a": 1})


def test_parts_are_held_against_the_hardest_baseline():
    two = Scored("a", "stone", "sun", (Score("ao", "mae", "lower", 0.1, {"easy": 0.4, "hard": 0.2}),))
    line = table_of_parts(gather([two]).categories, "category")[1]
    assert "0.100 (0.50)" in line


def test_trust_is_told_in_lines_of_one_length():
    assert {len(line) for line in table_of_trust(FOUR)} == {5}


def test_rows_of_older_files_with_floors_are_read():
    plain = as_dict(gather([scored("a", 0.1, 0.4)]))["rows"]
    for row in plain:
        row["floors"] = [{key: b[key] for key in b if key != "worse"} for b in row.pop("baselines")]
    assert rows_from(plain)[0].baselines[0].name == "rule"
    assert math.isnan(rows_from(plain)[0].baselines[0].worse)
