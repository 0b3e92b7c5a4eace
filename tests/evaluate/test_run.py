import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.folds_fixture import without_networks

from unbake.data.sources import list_materials
from unbake.data.truth import read_material
from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.evaluate.baselines import ELSEWHERE, brightness_metal
from unbake.evaluate.conversion import Prediction, bundle
from unbake.evaluate.figures import Evaluation, Row
from unbake.evaluate.painter import PAINTERS, Legacy
from unbake.evaluate.run import Setting, evaluate, fit_roughness
from unbake.image.files import write_png
from unbake.image.normals import encode_normal, from_slopes
from unbake.synth.levels import PaintedLevel

SIZE = 64
ROUGH = {"metal/plate": 0.2, "stone/bricks": 0.8, "stone/slates": 0.6}
"""Mean roughness of the three materials; only slates have AO and height."""


def wave(turns: int) -> np.ndarray:
    return np.sin(np.arange(SIZE) * 2 * np.pi * turns / SIZE)


def write_material(root: Path, name: str, number: int) -> None:
    place = root / name
    place.mkdir(parents=True)
    rng = np.random.default_rng(number)
    slope = 0.2 * np.broadcast_to(np.cos(np.arange(SIZE) * 4 * np.pi / SIZE), (SIZE, SIZE))
    normal = from_slopes(slope.astype(np.float32), np.zeros((SIZE, SIZE), np.float32))
    base = 0.3 + 0.1 * number + 0.1 * rng.random((SIZE, SIZE, 3))
    rough = ROUGH[name] + 0.1 * wave(2)[:, None] * wave(3)[None, :]
    metal = (np.arange(SIZE) < SIZE // 2)[:, None, None] * np.ones((1, SIZE, 1)) * (number == 0)
    files = {
        "basecolor": base,
        "normal": encode_normal(normal, "opengl"),
        "roughness": rough[..., None],
        "metallic": metal,
    }
    if number == 2:
        files["ao"] = np.full((SIZE, SIZE, 1), 0.8)
        files["height"] = np.broadcast_to(0.5 + 0.4 * wave(2), (SIZE, SIZE))[..., None]
    for stem, unit in files.items():
        write_png(place / f"{stem}.png", np.ascontiguousarray(unit, np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("materials")
    for number, name in enumerate(sorted(ROUGH)):
        write_material(root, name, number)
    return root


@pytest.fixture(scope="module")
def by_rules(folder: Path) -> Evaluation:
    return evaluate(folder, without_networks, roughness={"stone": 0.7, ELSEWHERE: 0.5})


@pytest.fixture(scope="module")
def perfect(folder: Path) -> Evaluation:
    truths = {source.id: read_material(source) for source in list_materials(folder)}
    neutral = {kind: np.ones((SIZE, SIZE, 1), np.float32) for kind in (MapKind.AO, MapKind.HEIGHT)}

    def truth(legacy: Legacy) -> Prediction:
        known = truths[legacy.id]
        mask = {MapKind.METALLIC_MASK: known[MapKind.METALLIC]}
        return Prediction(neutral | known | mask, {legacy.category: 1.0}, (True, True), 1.0)

    return evaluate(folder, truth)


def row(evaluation: Evaluation, name: str, metric: str) -> Row:
    return next(r for r in evaluation.rows if (r.map, r.metric) == (name, metric))


def test_a_seam_is_judged_only_where_the_truth_can_tile(tmp_path: Path) -> None:
    for number, name in enumerate(sorted(ROUGH)):
        write_material(tmp_path, name, number)
        about = {"tileable": {"metal/plate": False, "stone/bricks": True}.get(name)}
        (tmp_path / name / "metadata.json").write_text(json.dumps(about))
    told = evaluate(tmp_path, lambda legacy: replace(without_networks(legacy), wrap=(True, True)))
    assert row(told, "albedo", "seam_ratio").materials == 2


def test_the_truth_itself_has_no_error(perfect):
    errors = {f"{r.map}/{r.metric}": r.ours for r in perfect.rows if r.better == "lower"}
    errors = {name: error for name, error in errors.items() if not name.endswith("seam_ratio")}
    assert errors == pytest.approx(dict.fromkeys(errors, 0.0), abs=1e-5)


def test_the_truth_itself_is_calibrated(perfect):
    assert {name: told.value for name, told in perfect.calibration.items()} == {
        "metallic_mask": 0.0,
        "classes": 0.0,
    }


def test_the_truth_itself_finds_every_metal_pixel(perfect):
    assert perfect.pooled["ours"] == {"f1": 1.0, "iou": 1.0, "false_metal": 0.0}


def test_the_truth_itself_reaches_the_best_of_what_should_be_high(perfect):
    assert {r.metric: r.ours for r in perfect.rows if r.better == "higher"} == pytest.approx(
        {"ssim": 1.0, "f1": 1.0, "iou": 1.0}
    )


@pytest.mark.parametrize(
    ("name", "metric", "baseline"),
    [
        ("albedo", "rmse", "identity"),
        ("albedo", "ssim", "identity"),
        ("roughness", "mae", "0.443"),
        ("ao", "mae", "geometry"),
        ("height", "shape_rmse", "FFT without drift"),
        ("all", "relight_rmse", "rules"),
    ],
)
def test_converting_by_rules_is_as_good_as_the_baseline(by_rules, name, metric, baseline):
    found = next(f for f in row(by_rules, name, metric).baselines if f.name == baseline)
    assert (found.ratio, *found.interval) == pytest.approx((1.0, 1.0, 1.0), abs=0.02)  # ours have eight bits


def test_rules_find_no_metal_and_call_none_falsely(by_rules):
    assert (row(by_rules, "metallic", "f1").ours, row(by_rules, "metallic", "false_metal").ours) == (0.0, 0.0)


def test_metal_is_looked_for_only_where_it_is(by_rules):
    counts = [row(by_rules, "metallic", metric).materials for metric in ("f1", "iou", "false_metal")]
    assert counts == [1, 1, 2]


def test_only_maps_that_were_given_count(by_rules):
    assert [row(by_rules, *key).materials for key in (("ao", "mae"), ("height", "shape_rmse"))] == [1, 1]


def test_the_constant_per_class_is_the_one_of_its_category(by_rules):
    stone = next(m for m in by_rules.paintings if m.id == "stone/bricks")
    score = next(s for s in stone.scores if (s.map, s.metric) == ("roughness", "mae"))
    truth = 0.8 + 0.1 * wave(2)[:, None] * wave(3)[None, :]
    assert score.baselines["per class"] == pytest.approx(np.abs(truth - 0.7).mean(), abs=2e-3)


def test_best_constants_come_from_the_materials_named(folder):
    others = [source for source in list_materials(folder) if source.id in {"metal/plate", "stone/bricks"}]
    fitted = fit_roughness(others)
    assert fitted == pytest.approx({"metal": 0.2, "stone": 0.8, ELSEWHERE: 0.5}, abs=2e-3)


def test_only_the_materials_asked_for_are_evaluated(folder):
    result = evaluate(folder, without_networks, ids={"stone/slates"})
    assert {painting.id for painting in result.paintings} == {"stone/slates"}


def test_each_material_is_painted_in_as_many_styles_as_asked_for_and_counts_once(folder):
    result = evaluate(folder, without_networks, setting=Setting(styles=4))
    assert (result.materials, len(result.paintings), set(result.styles)) == (3, 12, set(PAINTERS))
    assert row(result, "albedo", "rmse").materials == 3


def test_larger_materials_are_reduced_to_the_size_asked_for(folder):
    sizes = []

    def note(legacy: Legacy) -> Prediction:
        sizes.append(legacy.diffuse.shape)
        return without_networks(legacy)

    evaluate(folder, note, ids={"stone/slates"}, setting=Setting(size=32, styles=1))
    assert sizes == [(32, 32, 3)]


@pytest.mark.slow
def test_several_processes_measure_the_same(folder):
    alone = evaluate(folder, bundle(), setting=Setting(size=32))
    together = evaluate(folder, bundle(workers=2), setting=Setting(size=32), workers=2)
    for one, other in zip(alone.rows, together.rows, strict=True):
        assert (one.map, one.metric, one.ours) == (
            other.map,
            other.metric,
            pytest.approx(other.ours, abs=1e-6),
        )


def test_figures_of_each_category_are_those_of_its_materials_alone(folder):
    whole = evaluate(folder, without_networks, setting=Setting(styles=1))
    metal = evaluate(folder, without_networks, ids={"metal/plate"}, setting=Setting(styles=1))
    assert str(whole.categories["metal"]) == str(metal.rows)


def test_a_material_that_cannot_be_read_is_left_out_with_its_reason(tmp_path):
    for name in ("stone/slates", "stone/bricks"):
        write_material(tmp_path, name, 2)
    write_png(tmp_path / "stone/bricks/basecolor.png", np.zeros((SIZE, SIZE, 3), np.float32))
    result = evaluate(tmp_path, without_networks)
    assert [reason.split(":")[0] for reason in result.left_out] == ["stone/bricks"]


def test_asking_for_materials_that_are_not_there_is_a_usage_error(folder):
    with pytest.raises(UsageError):
        evaluate(folder, without_networks, ids={"stone/nowhere"})


def test_brightness_takes_the_specular_mask_for_metal_where_there_is_one():
    dark, normal = np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 3), np.float32)
    legacy = Legacy("a", "stone", "sun", {}, dark, normal, np.ones((4, 4, 1), np.float32), PaintedLevel(1, 1))
    np.testing.assert_array_equal(np.ones((4, 4, 1)), brightness_metal(legacy))


def test_occlusion_that_preparing_derived_is_no_truth(tmp_path):
    write_material(tmp_path, "stone/slates", 2)
    (tmp_path / "stone" / "slates" / "metadata.json").write_text(json.dumps({"ao": "derived"}))
    maps = {row.map for row in evaluate(tmp_path, without_networks).rows}
    assert str(MapKind.AO) not in maps and str(MapKind.HEIGHT) in maps
