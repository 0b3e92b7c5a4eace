"""What a release decides and credits, from figures and sources alone."""

from pathlib import Path

from unbake.data.sources import MaterialSource
from unbake.measure.figures import Score, Scored, gather
from unbake.measure.release import credits, use_of


def validated(kind: str, metric: str, ours: float, floor: float) -> Scored:
    return Scored("a", "stone", "sun", (Score(kind, metric, "lower", ours, {"rule": floor, "other": 0.0}),))


def test_a_network_that_beats_the_rule_is_used():
    use = use_of(gather([validated("roughness", "rmse", 0.1, 0.2)]))
    assert use["roughness"] == "network"


def test_a_network_that_does_not_beat_the_rule_is_not_used():
    use = use_of(gather([validated("ao", "mae", 0.2, 0.2)]))
    assert use["ao"] == "floor"


def test_the_mask_goes_with_the_metallic_map():
    use = use_of(gather([validated("metallic", "rmse", 0.1, 0.3)]))
    assert (use["metallic"], use["metallic_mask"]) == ("network", "network")


def test_only_the_deciding_metric_decides():
    use = use_of(gather([validated("albedo", "mae", 0.1, 0.2)]))
    assert use["albedo"] == "floor"


def test_a_map_that_was_not_measured_is_left_to_the_rule():
    assert set(use_of(gather([])).values()) == {"floor"}


def test_credits_count_materials_by_source_and_licence():
    def source(name: str, origin: str, licence: str) -> MaterialSource:
        return MaterialSource(name, "stone", {"albedo": Path()}, True, "zero", licence, origin, name)  # type: ignore[dict-item]

    told = credits([source("a", "x/y", "CC0"), source("b", "x/y", "CC0"), source("c", "z/w", "MIT")])
    assert [(line["source"], line["licence"], line["materials"]) for line in told] == [
        ("x/y", "CC0", 2),
        ("z/w", "MIT", 1),
    ]
