"""Evidence on predicted maps: metal, albedo and finish change as said, and nothing else does."""

from dataclasses import replace

import numpy as np
import pytest
from support.coded import coded

from unbake.convert.apply_evidence import apply_evidence
from unbake.convert.convert import convert_set
from unbake.convert.inputs import Inputs
from unbake.convert.known_albedo import REFLECTANCE
from unbake.domain.hints import FINISH_ROUGHNESS, Hint
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.evidence.companions import metal_cue
from unbake.evidence.evidence import FAMILY_SHARE, Evidence, gather
from unbake.evidence.level import Level
from unbake.evidence.names import name_evidence
from unbake.image.arrays import CodedMaps
from unbake.image.colour import luminance, srgb_to_linear

RNG = np.random.default_rng(7)
LEVEL = Level(0.4, 0.5, 0.1, 50)


def inputs(height: int = 40, width: int = 56, **masks: np.ndarray) -> Inputs:
    slopes = RNG.normal(0, 0.2, (height, width, 2))
    normal = np.dstack([slopes, np.ones((height, width))])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    diffuse = (0.2 + 0.3 * RNG.random((height, width, 3))).astype(np.float32)
    maps = coded({MapKind.DIFFUSE: diffuse, MapKind.NORMAL: normal.astype(np.float32)}, 8)
    cue = metal_cue(masks["mask"]) if masks else None
    return Inputs(maps, cue, (True, True))


def evidence(path: str = "x.dds", **said: object) -> Evidence:
    return gather(name_evidence(path), Hint(**said), LEVEL)  # type: ignore[arg-type]


def mean(maps: object, kind: MapKind) -> float:
    return float(maps[kind].mean())  # type: ignore[index]


def test_only_metal_and_albedo_change_where_nothing_else_is_known():
    given = inputs()
    before = convert_set(given, None)
    after = apply_evidence(before, given, evidence())
    changed = {k for k in OUTPUTS if not np.array_equal(before.maps.codes[k], after.maps.codes[k])}
    assert changed <= {MapKind.ALBEDO, MapKind.METALLIC, MapKind.METALLIC_MASK}
    assert MapKind.ALBEDO in changed


def test_the_inputs_stay_as_they_were():
    given = inputs()
    copies = {kind: codes.copy() for kind, codes in given.maps.codes.items()}
    apply_evidence(convert_set(given, None), given, evidence(metal="all", finish="polished"))
    assert all(np.array_equal(copies[kind], given.maps.codes[kind]) for kind in copies)


def test_the_albedo_comes_out_brighter_by_the_mods_level():
    given = inputs()
    made = apply_evidence(convert_set(given, None), given, evidence()).maps
    ratio = srgb_to_linear(made[MapKind.ALBEDO]).mean() / srgb_to_linear(given.maps[MapKind.DIFFUSE]).mean()
    assert ratio == pytest.approx(1 / LEVEL.gain, rel=0.1)


def test_brightness_kept_is_the_pictures_mean():
    given = inputs()
    made = apply_evidence(convert_set(given, None), given, evidence(), "keep").maps
    ratio = srgb_to_linear(made[MapKind.ALBEDO]).mean() / srgb_to_linear(given.maps[MapKind.DIFFUSE]).mean()
    assert ratio == pytest.approx(1, rel=0.05)


def test_a_persons_stops_override_the_mods_level():
    given = inputs()
    base = convert_set(given, None)
    dark, bright = (apply_evidence(base, given, evidence(painted=stops)).maps for stops in (-2.0, 0.0))
    assert mean(dark, MapKind.ALBEDO) > 1.3 * mean(bright, MapKind.ALBEDO)


@pytest.mark.parametrize("word", ["none", "all"])
def test_a_persons_word_for_metal_holds_against_mask_and_name(word: str):
    given = inputs(mask=RNG.integers(0, 256, (40, 56, 1)).astype(np.uint8))
    made = apply_evidence(convert_set(given, None), given, evidence("weapons/iron/sword", metal=word))
    assert set(np.unique(made.maps.codes[MapKind.METALLIC])) == {0 if word == "none" else 255}


def test_a_family_moves_the_roughness_most_where_no_mask_tells_of_gloss_and_a_finish_beats_it():
    given = inputs()
    gloss = given.maps.codes | {MapKind.SPECULAR: RNG.integers(0, 256, (40, 56, 1)).astype(np.uint8)}
    masked = replace(given, maps=CodedMaps(gloss))

    def roughness(of: Inputs, **known: object) -> float:
        said = Evidence(LEVEL, metal_weight=0.0, **known)
        return mean(apply_evidence(convert_set(of, None), of, said).maps, MapKind.ROUGHNESS)

    alone, told = (roughness(of, rougher=0.2) - roughness(of) for of in (given, masked))
    assert alone == pytest.approx(0.2 * FAMILY_SHARE[1], abs=0.005)
    assert told == pytest.approx(0.2 * FAMILY_SHARE[0], abs=0.005)
    assert roughness(given, rougher=0.2, finish="polished", finish_weight=1.0) < 0.2


def test_a_name_makes_steel_of_what_is_grey_and_a_person_of_all():
    given = inputs()
    colour = np.full((*given.size, 3), 0.45, np.float32)
    colour[20:] = 0.45, 0.29, 0.17
    codes = {MapKind.DIFFUSE: colour, MapKind.NORMAL: given.maps[MapKind.NORMAL]}
    sword = Inputs(coded(codes, 8), None, (False, False))
    named, told = (
        apply_evidence(convert_set(sword, None), sword, evidence("weapons/steel/sword.dds", **said))
        for said in ({}, {"metal": "all"})
    )
    assert named.maps[MapKind.METALLIC][:17].min() == 1
    assert named.maps[MapKind.METALLIC][23:].max() == 0
    assert told.maps[MapKind.METALLIC].min() == 1


def test_the_environment_mask_of_a_weapon_is_its_metal():
    mask = np.zeros((40, 56, 1), np.uint8)
    mask[10:30, 10:40] = 120
    given = inputs(mask=mask)
    made = apply_evidence(convert_set(given, None), given, evidence("weapons/iron/longsword.dds"))
    assert np.array_equal(made.maps.codes[MapKind.METALLIC][..., 0] > 127, mask[..., 0] > 60)


def test_without_networks_a_mask_marks_metal_whatever_it_is_called():
    mask = np.zeros((40, 56, 1), np.uint8)
    mask[10:30, 10:40] = 120
    given = inputs(mask=mask)
    made = apply_evidence(convert_set(given, None), given, evidence("textures/set0001.dds"))
    assert np.array_equal(made.maps.codes[MapKind.METALLIC][..., 0] > 127, mask[..., 0] > 60)


def test_metal_is_lifted_by_its_own_level():
    mask = np.zeros((40, 56, 1), np.uint8)
    mask[:20] = 255
    given = inputs(mask=mask)
    made = apply_evidence(convert_set(given, None), given, evidence("weapons/iron/longsword.dds")).maps
    light = srgb_to_linear(made[MapKind.ALBEDO])
    assert light[2:18].mean() > 1.25 * light[22:38].mean()


@pytest.mark.parametrize("word, least, most", [("some", 0.28, 0.52), ("most", 0.5, 0.98)])
def test_a_persons_share_is_of_what_is_painted(word: str, least: float, most: float):
    given = inputs(64, 64)
    atlas = dict(given.maps)
    atlas[MapKind.DIFFUSE][:] = np.linspace(0.2, 0.5, 64, dtype=np.float32)[:, None, None]
    atlas[MapKind.DIFFUSE][:, 24:] = 0
    given = Inputs(coded(atlas, 8), None, given.wrap)
    made = convert_set(given, None)
    rising = np.linspace(-2, 0, 16, dtype=np.float32)[:, None, None].repeat(16, 1)
    decided = apply_evidence(replace(made, metal_logits=rising), given, evidence(metal=word))
    islands = decided.maps[MapKind.METALLIC][:, :24]
    assert least <= islands.mean() <= most
    assert decided.decision is not None
    assert decided.decision.metal == pytest.approx(islands.mean(), abs=0.06)


def test_a_finish_moves_the_mean_roughness_to_its_own():
    given = inputs()
    made = apply_evidence(convert_set(given, None), given, evidence(finish="polished")).maps
    assert mean(made, MapKind.ROUGHNESS) == pytest.approx(FINISH_ROUGHNESS["polished"], abs=0.02)


def test_gold_is_drawn_towards_golds_chroma_and_keeps_its_pattern():
    given = inputs()
    base = convert_set(given, None)
    plain, gold = (
        srgb_to_linear(apply_evidence(base, given, evidence(metal="all", material=word)).maps[MapKind.ALBEDO])
        for word in (None, "gold")
    )
    blue = (gold[..., 2] / gold[..., 0]).mean(), (plain[..., 2] / plain[..., 0]).mean()
    target = REFLECTANCE["gold"][2] / REFLECTANCE["gold"][0]
    assert abs(blue[0] - target) < 0.6 * abs(blue[1] - target)
    pattern = np.corrcoef(luminance(gold).ravel(), luminance(plain).ravel())[0, 1]
    assert pattern > 0.95


def painted(colour: tuple[float, float, float]) -> Inputs:
    """A set of one sRGB colour, of varied brightness."""
    given = inputs()
    light = 0.6 + 0.4 * RNG.random((*given.size, 1))
    codes = {MapKind.DIFFUSE: (light * colour).astype(np.float32), MapKind.NORMAL: given.maps[MapKind.NORMAL]}
    return Inputs(coded(codes, 8), None, given.wrap)


def chroma(given: Inputs, path: str, **said: object) -> np.ndarray:
    """Mean linear colour of the albedo, as shares of its sum."""
    made = apply_evidence(convert_set(given, None), given, evidence(path, **said)).maps
    colour = srgb_to_linear(made[MapKind.ALBEDO]).mean((0, 1))
    return colour / colour.sum()


def test_a_name_draws_brass_towards_its_metal_but_leaves_red_paint_red():
    measured = np.array(REFLECTANCE["dwarven"]) / sum(REFLECTANCE["dwarven"])

    def moved(colour: tuple[float, float, float]) -> float:
        given = painted(colour)
        before = np.abs(chroma(given, "x.dds") - measured).sum()
        return 1 - float(np.abs(chroma(given, "armor/dwarven/boots.dds") - measured).sum() / before)

    assert moved((0.6, 0.45, 0.25)) > 0.3
    assert abs(moved((0.6, 0.12, 0.1))) < 0.05


def test_a_persons_material_is_drawn_even_over_paint_of_another_colour():
    red = painted((0.6, 0.12, 0.1))
    told = chroma(red, "x.dds", material="gold", metal="all")
    measured = np.array(REFLECTANCE["gold"]) / sum(REFLECTANCE["gold"])
    before = chroma(red, "x.dds")
    assert np.abs(told - measured).max() < 0.5 * np.abs(before - measured).max()


def test_metal_is_lifted_as_far_as_its_witness_knows_where_it_is():
    mask = np.full((40, 56, 1), 255, np.uint8)
    plain, masked = inputs(), inputs(mask=mask)
    masked = Inputs(plain.maps, masked.cue, plain.wrap)

    def light(given: Inputs, **said: object) -> float:
        made = apply_evidence(
            convert_set(given, None), given, evidence("weapons/iron/longsword.dds", **said)
        ).maps
        assert made[MapKind.METALLIC].min() == 1
        return float(srgb_to_linear(made[MapKind.ALBEDO]).mean())

    by_name, by_mask, by_person = light(plain), light(masked), light(plain, metal="all")
    assert by_mask == pytest.approx(by_person, rel=0.01)
    assert by_mask > 1.1 * by_name


def test_the_note_says_what_was_decided_and_why():
    given = inputs()
    made = apply_evidence(convert_set(given, None), given, evidence("weapons/iron/sword", metal="all"))
    assert made.decision is not None
    assert "you said" in " ".join(made.decision.sentences())


def test_rolled_inputs_give_rolled_maps():
    given, by = inputs(64, 64), (16, 32)
    rolled = Inputs(
        type(given.maps)({k: np.roll(c, by, (0, 1)) for k, c in given.maps.codes.items()}), None, given.wrap
    )
    straight, other = (
        apply_evidence(convert_set(one, None), one, evidence("armor/steel/boots.dds")).maps
        for one in (given, rolled)
    )
    for kind in (MapKind.ALBEDO, MapKind.METALLIC):
        difference = np.abs(np.roll(straight[kind], by, (0, 1)) - other[kind])
        assert difference.max() <= 1.5 / 255
