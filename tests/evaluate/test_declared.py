import numpy as np
import pytest
from support.folds_fixture import write_materials

from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.evaluate.declared import (
    ALPHAS,
    DARKNESSES,
    Darkness,
    companion_of,
    environment_mask,
    light_of,
    paint_declared,
)
from unbake.evaluate.run import truth_of
from unbake.evidence.companions import metal_cue
from unbake.image.arrays import Maps
from unbake.image.colour import srgb_to_linear
from unbake.image.files import decode_picture

MIDDLE = DARKNESSES[1]


def material(metal: float = 0.0, rough: float = 0.6, side: int = 64) -> Maps:
    """A bumpy grey square, its left part of a share of metal."""
    waves = np.sin(np.arange(side) * 4 * np.pi / side).astype(np.float32)
    normal = np.stack(np.broadcast_arrays(0.3 * waves[None], 0.3 * waves[:, None], np.float32(1)), -1)
    metallic = np.zeros((side, side, 1), np.float32)
    metallic[:, : round(metal * side)] = 1
    return {
        MapKind.ALBEDO: np.full((side, side, 3), 0.5, np.float32),
        MapKind.NORMAL: normal / np.linalg.norm(normal, axis=-1, keepdims=True),
        MapKind.ROUGHNESS: np.full((side, side, 1), rough, np.float32),
        MapKind.METALLIC: metallic,
    }


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Maps:
    folder = write_materials(tmp_path_factory.mktemp("materials"))
    return truth_of(next(s for s in list_materials(folder) if s.category == "metal"), 64)


@pytest.mark.parametrize("darkness", DARKNESSES, ids=lambda one: one.name)
def test_light_averages_to_the_declared_factors_of_metal_and_of_the_rest(plates: Maps, darkness: Darkness):
    for truth in (material(0.5), material(), material(1.0), plates):
        light, rest, metal = light_of(truth, darkness, np.random.default_rng(3))
        marked = truth[MapKind.METALLIC]
        for part, factor in ((marked == 0, rest), (marked == 1, metal)):
            if part.any():
                assert light[part[..., 0]].mean() == pytest.approx(factor, rel=0.02)


def test_a_material_keeps_near_its_mods_factor():
    factors = [
        light_of(material(), MIDDLE, np.random.default_rng(seed))[1] / MIDDLE.rest for seed in range(20)
    ]
    assert 0.7 < min(factors) < 1 < max(factors) < 1.3


def test_what_is_written_is_as_dark_as_declared():
    for darkness in DARKNESSES[:2]:
        painted = paint_declared("stone/grey", material(), darkness)
        stored = decode_picture(painted.files[""], "grey").unit()[..., :3]
        ratio = srgb_to_linear(stored).mean() / srgb_to_linear(np.float32(0.5))
        assert ratio == pytest.approx(painted.rest, rel=0.02)


def test_values_cut_at_white_are_counted():
    white = material() | {MapKind.ALBEDO: np.ones((64, 64, 3), np.float32)}
    assert paint_declared("stone/white", white, DARKNESSES[2]).clipped > 0.3
    assert paint_declared("stone/white", white, Darkness("dark", 0.2, 0.2)).clipped == 0


def test_a_materials_alphas_are_of_three_kinds_and_none_holds_metal():
    kinds = [paint_declared("stone/grey", material(), darkness).alpha for darkness in DARKNESSES]
    assert sorted(kinds) == sorted(ALPHAS)
    for darkness in DARKNESSES:
        painted = paint_declared("stone/grey", material(0.5), darkness)
        alpha = decode_picture(painted.files["_n"], "grey").unit()[..., 3]
        if painted.alpha == "gloss":
            assert alpha[:, :30].mean() == pytest.approx(alpha[:, 34:].mean(), abs=0.02)
        if painted.alpha == "constant":
            assert alpha.std() < 0.005


def test_half_of_the_metals_and_of_what_else_is_shiny_have_a_mask():
    kinds = {
        "metal": [companion_of(f"a/{n}", material(0.5)) for n in range(400)],
        "shiny": [companion_of(f"a/{n}", material(rough=0.2)) for n in range(400)],
        "matt": [companion_of(f"a/{n}", material()) for n in range(400)],
    }
    counts = {name: {kind: drawn.count(kind) for kind in set(drawn)} for name, drawn in kinds.items()}
    assert counts["metal"].keys() == {"metal", "dim", "none"}
    assert counts["metal"]["none"] == pytest.approx(200, abs=40)
    assert counts["metal"]["dim"] == pytest.approx(67, abs=25)
    assert counts["shiny"].keys() == {"shiny", "none"}
    assert counts["shiny"]["none"] == pytest.approx(200, abs=40)
    assert counts["matt"].keys() == {"black", "none"}


def test_a_mask_marks_the_metal_however_dim_and_a_black_one_nothing():
    truth, rng = material(0.5), np.random.default_rng(0)
    for kind, low, high in (("metal", 0.3, 1.0), ("dim", 0.03, 0.31)):
        mask = environment_mask(kind, truth, rng)
        assert low < np.percentile(mask, 98) < high
        assert mask[:, 8:24].mean() > 4 * mask[:, 40:56].mean()
    assert environment_mask("shiny", material(rough=0.2), rng).min() > 0.2
    black = environment_mask("black", truth, rng)
    assert metal_cue(np.rint(black * 255).astype(np.uint8)).kind == "black"


def test_a_painting_depends_on_material_mod_and_seed_alone():
    first, again, other = (paint_declared("a/b", material(0.5), MIDDLE, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.files[""] != other.files[""]
