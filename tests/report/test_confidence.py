import numpy as np
import pytest

from unbake.domain.decision import Decision
from unbake.domain.maps import SPECS, MapKind
from unbake.image.normals import from_slopes
from unbake.report.confidence import CONTRAST, DISAGREEMENT, IMPLAUSIBLE, IN_PART, WEIGHTS, judge

SIDE = 64


def flat(kind, *value):
    return {kind: np.broadcast_to(np.float32(value), (SIDE, SIDE, SPECS[kind].channels)).copy()}


def material():
    """A dielectric with nothing wrong about it, which tiles; its specular mask holds gloss."""
    turn = 2 * np.pi / SIDE
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    waves = (np.sin(3 * turn * columns) + np.cos(2 * turn * rows))[..., None] / 32
    gloss = 0.4 + 0.1 * np.sin(5 * turn * rows)[..., None]
    dx = 9 * turn * np.cos(3 * turn * columns)
    colour = np.repeat(0.5 + waves, 3, axis=-1).astype(np.float32)
    grey = np.float32(0.6) + waves.astype(np.float32)
    return {
        MapKind.DIFFUSE: colour,
        MapKind.ALBEDO: colour,
        MapKind.NORMAL: from_slopes(dx, np.zeros_like(dx)),
        MapKind.SPECULAR: gloss.astype(np.float32),
        MapKind.ROUGHNESS: grey,
        MapKind.AO: grey + 0.2,
        MapKind.HEIGHT: grey,
        **flat(MapKind.METALLIC, 0.0),
        **flat(MapKind.METALLIC_MASK, 0.0),
    }


def test_a_material_that_is_known_whole_and_plausible_is_trusted_fully():
    found = judge(material(), (True, True))
    assert (found.confidence, found.warnings) == (1.0, [])


def test_an_albedo_is_doubted_the_more_the_more_light_and_dark_it_has():
    def doubt(deviation):
        halves = np.repeat([0.5 - deviation, 0.5 + deviation], SIDE // 2).astype(np.float32)
        albedo = np.broadcast_to(halves[None, :, None], (SIDE, SIDE, 3)).copy()
        return judge(material() | {MapKind.ALBEDO: albedo}, (True, True)).figures["doubt_albedo"]

    low, high = CONTRAST
    assert [doubt(low), doubt((low + high) / 2), doubt(high), doubt(0.4)] == pytest.approx(
        [0, 0.5, 1, 1], abs=1e-3
    )


def test_a_roughness_that_no_specular_mask_tells_is_doubted_by_its_weight():
    maps = material()
    del maps[MapKind.SPECULAR]
    found = judge(maps, (True, True))
    assert found.figures["doubt_roughness"] == 1.0
    assert found.confidence == pytest.approx(1 - WEIGHTS["roughness"])


def test_a_specular_mask_that_repeats_the_picture_tells_no_roughness():
    maps = material()
    maps[MapKind.SPECULAR] = maps[MapKind.DIFFUSE][..., :1]
    assert judge(maps, (True, True)).figures["doubt_roughness"] == 1.0


def test_a_finish_that_is_known_ends_the_doubt_about_roughness():
    maps = material()
    del maps[MapKind.SPECULAR]
    known = judge(maps, (True, True), Decision(metal=0.0, alone=0.0, finish="matt"))
    assert known.figures["doubt_roughness"] == 0.0


def test_a_picture_unlike_any_material_is_doubted_with_what_is_unlike():
    found = judge(material() | flat(MapKind.DIFFUSE, 1.0, 0.0, 1.0), (False, False))
    assert found.figures["doubt_unfamiliar"] == 1.0
    assert "its saturation is 1.00" in found.warnings[0]


def test_a_mask_that_sees_metal_where_the_map_has_none_is_doubted():
    mask = flat(MapKind.METALLIC_MASK, 0.0)
    mask[MapKind.METALLIC_MASK][:, : round(0.4 * SIDE)] = 0.9
    found = judge(material() | mask, (True, True))
    assert found.confidence == pytest.approx(1 - WEIGHTS["metal"] * 0.8, abs=0.01)
    assert found.warnings == ["The maps disagree about metal: 0% of metallic, 41% of the mask."]


def test_a_seam_that_the_diffuse_does_not_have_is_doubted_only_where_the_texture_tiles():
    ramp = np.broadcast_to(np.linspace(0.2, 0.8, SIDE, dtype=np.float32)[None, :, None], (SIDE, SIDE, 1))
    maps = material() | {MapKind.ROUGHNESS: ramp}
    assert "A seam shows" in judge(maps, (True, True)).warnings[0]
    assert judge(maps, (False, False)).warnings == []


def test_each_implausible_thing_takes_its_share():
    found = judge(material() | flat(MapKind.AO, 0.2) | flat(MapKind.ROUGHNESS, 0.4), (False, False))
    assert len(found.warnings) == 2
    assert found.confidence == pytest.approx(IMPLAUSIBLE**2, abs=1e-4)


def test_figures_are_numbers_from_which_the_confidence_can_be_made_again():
    found = judge(material() | flat(MapKind.METALLIC_MASK, 0.7), (True, True))
    again = np.prod([1 - weight * found.figures[f"doubt_{name}"] for name, weight in WEIGHTS.items()])
    assert found.confidence == pytest.approx(again, abs=1e-3)


def told(by, metal=0.5, alone=0.0, **more):
    return Decision(metal=metal, alone=alone, by=by, how="its name says that it is mostly metal", **more)


def test_a_decision_against_the_picture_is_doubted_the_more_the_less_its_source_is_trusted():
    doubts = [
        judge(material(), (True, True), told(by, 0.3, 0.0)).figures["doubt_metal"]
        - judge(material(), (True, True), told(by, 0.3, 0.3)).figures["doubt_metal"]
        for by in ("person", "companion", "name", "picture")
    ]
    assert doubts[:2] == sorted(doubts[:2])
    assert doubts[1] == pytest.approx(0.3 * DISAGREEMENT["companion"], abs=1e-3)
    assert list(DISAGREEMENT.values()) == sorted(DISAGREEMENT.values())


@pytest.mark.parametrize("by", list(IN_PART))
def test_metal_in_part_is_doubted_more_than_all_or_none(by):
    doubts = [
        judge(material(), (True, True), told(by, share, share)).figures["doubt_metal"]
        for share in (0.0, 0.2, 0.5, 0.8, 1.0)
    ]
    assert doubts == pytest.approx(doubts[::-1], abs=1e-3)
    assert doubts[:3] == sorted(doubts[:3])
    assert (doubts[0], doubts[2]) == (0.0, pytest.approx(min(1.0, IN_PART[by])))


def test_a_decision_against_the_picture_is_told():
    found = judge(material(), (True, True), told("name"))
    assert found.warnings == ["50% metal was decided against the picture, which alone said 0%."]


def test_a_name_and_a_mask_that_disagree_are_doubted_fully_whatever_the_picture_said():
    conflict = "Its name speaks of metal, its mask of none."
    found = judge(material(), (True, True), told("companion", 0.0, conflict=conflict))
    assert found.figures["doubt_metal"] == 1.0
    assert found.warnings[0].startswith(conflict)


def test_the_change_of_brightness_is_a_figure_in_stops():
    darker = material() | {MapKind.DIFFUSE: material()[MapKind.DIFFUSE] * np.float32(0.5)}
    lifts = [judge(maps, (True, True)).figures["albedo_lift"] for maps in (material(), darker)]
    assert lifts[0] == 0
    assert lifts[1] > 1.5
