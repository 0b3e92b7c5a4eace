import json
import math

import numpy as np
import pytest

from unbake.measure.figures import Score, Scored, as_dict, bootstrap, gather, table


def scored(material_id: str, ours: float, floor: float) -> Scored:
    return Scored(material_id, "stone", "sun", (Score("albedo", "rmse", "lower", ours, {"rule": floor}),))


TWO = gather([scored("a", 0.1, 0.4), scored("b", 0.2, 0.2)])


def test_a_row_holds_the_mean_over_materials():
    assert TWO.rows[0].ours == pytest.approx(0.15)


def test_the_ratio_is_that_of_the_means():
    assert TWO.rows[0].floors[0].ratio == pytest.approx(0.15 / 0.3)


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


def test_against_a_floor_of_zero_there_is_no_ratio():
    floor = gather([scored("a", 0.1, 0.0)]).rows[0].floors[0]
    assert math.isnan(floor.ratio) and math.isnan(floor.interval[0])


def test_an_evaluation_is_strict_json():
    text = json.dumps(as_dict(gather([scored("a", 0.1, 0.0)])), allow_nan=False)
    assert json.loads(text)["rows"][0]["floors"][0]["ratio"] is None


def test_a_table_has_one_line_per_floor_under_its_heading():
    assert [line[:4] for line in table(TWO)[1:]] == [["albedo", "rmse ↓", "2", "0.1500"]]


def test_all_lines_of_a_table_are_equally_long():
    assert {len(line) for line in table(TWO)} == {9}
