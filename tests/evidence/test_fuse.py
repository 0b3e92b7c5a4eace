"""Fusion of evidence about metal: each source alone, in company, and a person's word above all."""

import numpy as np
import pytest

from unbake.domain.hints import METAL_SHARES, Hint
from unbake.evidence.companions import MetalCue, metal_cue, strength
from unbake.evidence.evidence import Evidence, gather
from unbake.evidence.fuse import Plan, matched_offset, metal_probability, otsu, plan
from unbake.evidence.level import Level
from unbake.evidence.names import name_evidence
from unbake.image.noise import smoothstep

SIDE = 32


@pytest.fixture
def truth() -> np.ndarray:
    """A disc of metal, a quarter of the picture or so."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    return (np.hypot(x, y) < SIDE * 0.28)[..., None]


def logits_of(truth: np.ndarray, sure: float = 1.0, level: float = -4.0) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 0.6, truth.shape)
    return (level + sure * (2.0 * truth - 1) + noise).astype(np.float32)


def mask_of(truth: np.ndarray, high: float = 1.0) -> MetalCue:
    return metal_cue(np.rint(255 * high * truth).astype(np.uint8))


def decided(logits: np.ndarray, cue: MetalCue | None, evidence: Evidence) -> tuple[np.ndarray, Plan]:
    small = None if cue is None else strength(cue.values, cue.top)
    how = plan(logits, cue, small, evidence)
    return metal_probability(logits, cue, None if cue is None else cue.values, how), how


def f1(probability: np.ndarray, truth: np.ndarray) -> float:
    found = probability > 0.5
    return 2 * (found & truth).sum() / max(found.sum() + truth.sum(), 1)


def of_name(path: str, hint: Hint | None = None) -> Evidence:
    return gather(name_evidence(path), hint or Hint(), Level())


class TestCompanions:
    def test_a_dim_mask_marks_as_much_as_a_bright_one(self, truth: np.ndarray):
        bright, _ = decided(logits_of(truth), mask_of(truth), Evidence())
        dim, _ = decided(logits_of(truth), mask_of(truth, 0.1), Evidence())
        assert f1(bright, truth) == f1(dim, truth) == 1.0

    def test_a_black_mask_says_no_whatever_the_name_says(self, truth: np.ndarray):
        black = metal_cue(np.zeros((SIDE, SIDE, 1), np.uint8))
        made, _ = decided(logits_of(truth, 3), black, of_name("weapons/iron/longsword.dds"))
        assert made.max() == 0

    def test_a_mask_on_glass_marks_no_metal(self, truth: np.ndarray):
        made, _ = decided(logits_of(truth), mask_of(truth), of_name("clutter/glass/bottle01.dds"))
        assert made.max() == 0

    def test_a_mask_on_all_of_what_is_called_stone_marks_no_metal(self, truth: np.ndarray):
        whole = mask_of(np.ones_like(truth))
        made, _ = decided(logits_of(truth), whole, of_name("architecture/windhelm/whstone01.dds"))
        named, _ = decided(logits_of(truth), whole, of_name("weapons/iron/longsword.dds"))
        unknown, _ = decided(logits_of(truth), whole, Evidence())
        assert (made.max(), named.min() > 0.9, unknown.min() > 0.9) == (0.0, True, True)

    def test_a_mask_on_the_fittings_of_a_chest_marks_them(self, truth: np.ndarray):
        made, _ = decided(logits_of(truth), mask_of(truth), of_name("furniture/chest01.dds"))
        assert f1(made, truth) == 1.0

    def test_a_mask_on_parts_of_studded_leather_marks_the_studs_and_on_all_of_it_a_shine(
        self, truth: np.ndarray
    ):
        studded = of_name("armor/studded/studdedarmor.dds")
        parts, _ = decided(logits_of(truth), mask_of(truth), studded)
        whole, _ = decided(logits_of(truth), mask_of(np.ones_like(truth)), studded)
        assert (f1(parts, truth), float(whole.max())) == (1.0, 0.0)

    @pytest.mark.parametrize(
        ("chroma", "covered", "metal"), [(0.1, 1.0, True), (1.5, 1.0, False), (1.5, 0.2, True)]
    )
    def test_unnamed_a_mask_on_all_of_a_coloured_surface_is_a_shine(
        self, truth: np.ndarray, chroma: float, covered: float, metal: bool
    ):
        marked = np.ones_like(truth) if covered == 1 else truth
        cue = mask_of(marked)
        how = plan(logits_of(truth), cue, strength(cue.values, cue.top), Evidence(), None, chroma)
        assert (how.mode == "mask") == metal

    def test_a_name_of_gold_holds_against_the_colour_of_gold(self, truth: np.ndarray):
        cue = mask_of(np.ones_like(truth))
        gold = of_name("clutter/gold/goldgoblet.dds")
        how = plan(logits_of(truth), cue, strength(cue.values, cue.top), gold, None, 2.0)
        assert how.mode == "mask"

    def test_blue_of_complex_material_is_metal_itself(self, truth: np.ndarray):
        pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
        pixels[..., 0] = 200
        pixels[..., 2:] = np.rint(255 * truth)
        cue = metal_cue(pixels)
        made, _ = decided(logits_of(truth), cue, Evidence())
        assert cue.kind == "complex" and f1(made, truth) == 1.0

    def test_strength_of_codes_and_of_floats_is_the_same(self):
        codes = np.random.default_rng(0).integers(0, 256, (8, 8, 1), dtype=np.uint8)
        floats = (codes / np.float32(255)).astype(np.float32)
        np.testing.assert_allclose(strength(codes, 0.5), strength(floats, 0.5), atol=1e-6)


class TestNames:
    def test_a_name_raises_metal_that_the_networks_miss(self, truth: np.ndarray):
        alone, _ = decided(logits_of(truth), None, Evidence())
        named, _ = decided(logits_of(truth), None, of_name("weapons/iron/longsword.dds"))
        assert alone.mean() < 0.1 < named.mean()

    def test_a_name_of_wood_leaves_little(self, truth: np.ndarray):
        made, _ = decided(logits_of(truth, level=1.0), None, of_name("furniture/woodenchair01.dds"))
        assert made.mean() < 0.25

    def test_the_picture_wins_where_it_is_sure(self):
        sure = np.full((SIDE, SIDE, 1), -13.0, np.float32)
        made, _ = decided(sure, None, of_name("weapons/iron/longsword.dds"))
        assert made.max() < 0.5

    @pytest.mark.parametrize("level", [-6.0, -2.0, 1.0])
    @pytest.mark.parametrize("sure", [0.0, 1.0, 4.0])
    def test_what_is_surely_called_metal_never_loses_more_than_its_parts(
        self, truth: np.ndarray, level: float, sure: float
    ):
        made, _ = decided(logits_of(truth, sure, level), None, of_name("armor/steel/steelcuirass.dds"))
        assert (made > 0.5).mean() >= 0.25

    def test_the_picture_wins_sooner_over_a_tool_than_over_a_sword(self, truth: np.ndarray):
        doubtful = np.full((SIDE, SIDE, 1), -3.5, np.float32)
        tool, _ = decided(doubtful, None, of_name("clutter/tools/pickaxe.dds"))
        sword, _ = decided(doubtful, None, of_name("weapons/iron/longsword.dds"))
        assert (tool.max(), sword.min()) == (0.0, 1.0)

    def test_a_picture_with_parts_is_parted_sooner_for_a_tool_than_for_a_sword(self, truth: np.ndarray):
        faint = (0.6 * truth - 0.3).astype(np.float32)
        tool, _ = decided(faint, None, of_name("clutter/tools/pickaxe.dds"))
        sword, _ = decided(faint, None, of_name("weapons/iron/longsword.dds"))
        assert f1(tool, truth) > 0.95
        assert sword.min() == 1.0

    def test_the_fittings_of_a_chest_are_found_where_the_picture_is_sure_of_them(self, truth: np.ndarray):
        small = np.roll(truth, 8, 0) & truth
        for level, found in ((1.5, True), (-2.5, False)):
            logits = (level + 3.0 * small - 1.5).astype(np.float32)
            made, _ = decided(logits, None, of_name("furniture/chest01.dds"))
            assert bool(made.max() > 0.5) == found

    def test_the_reason_names_the_source(self, truth: np.ndarray):
        assert "mask" in decided(logits_of(truth), mask_of(truth), Evidence())[1].because
        assert "name" in decided(logits_of(truth), None, of_name("armor/steel/boots.dds"))[1].because


@pytest.mark.parametrize(
    "path", [None, "weapons/iron/longsword.dds", "furniture/woodenchair01.dds", "weapons/huntingbow.dds"]
)
@pytest.mark.parametrize("level", [-3.0, 0.0, 1.0])
def test_hardly_a_texel_is_shown_half_metal(truth: np.ndarray, path: str | None, level: float):
    made, _ = decided(logits_of(truth, 1.5, level), None, of_name(path) if path else Evidence())
    shown = smoothstep(made, 0.2, 0.8)  # as `apply_evidence` shows it
    assert ((shown > 0.2) & (shown < 0.8)).mean() < 0.05


def test_the_picture_alone_is_parted_where_it_parts(truth: np.ndarray):
    made, _ = decided(logits_of(truth, 3, 1.0), None, Evidence())
    assert f1(made, truth) > 0.97


def test_whether_is_asked_of_the_networks_and_where_of_the_order(truth: np.ndarray):
    order = logits_of(truth, 3)
    for level, found in ((-4.0, 0.0), (2.0, truth.mean())):
        said = np.full_like(order, level)
        how = plan(said, None, None, Evidence(), order)
        assert (metal_probability(order, None, None, how) > 0.5).mean() == pytest.approx(found, abs=0.03)


class TestPerson:
    @pytest.mark.parametrize("word", ["none", "all"])
    def test_none_empties_and_all_fills_against_every_other_source(self, truth: np.ndarray, word: str):
        hint = Hint(metal=word)  # type: ignore[arg-type]
        for path in ("weapons/iron/longsword.dds", "furniture/woodenchair01.dds"):
            for cue in (None, mask_of(truth), metal_cue(np.zeros((SIDE, SIDE, 1), np.uint8))):
                made, _ = decided(logits_of(truth), cue, of_name(path, hint))
                assert float(made.min()) == float(made.max()) == METAL_SHARES[word]

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
    def test_a_share_is_kept(self, share: float):
        noise = np.random.default_rng(0).normal(-2, 1, (SIDE, SIDE, 1)).astype(np.float32)
        made, _ = decided(noise, None, Evidence(coverage=share))
        assert (made > 0.5).mean() == pytest.approx(share, rel=0.5)

    def test_the_pictures_own_edge_is_taken_where_it_agrees(self, truth: np.ndarray):
        made, _ = decided(logits_of(truth, 4), None, Evidence(coverage=0.3))
        assert f1(made, truth) > 0.99


def test_otsu_parts_two_groups():
    values = np.concatenate([np.zeros(30), np.ones(10)])
    assert 0 < otsu(values) < 1


def test_the_matched_offset_gives_the_share():
    logits = np.random.default_rng(0).normal(-3, 2, (SIDE, SIDE, 1)).astype(np.float32)
    made = 1 / (1 + np.exp(-(logits + matched_offset(logits, 0.4))))
    assert made.mean() == pytest.approx(0.4, abs=1e-3)
