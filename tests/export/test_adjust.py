import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.export.adjust import Adjust, Change, NormalChange, adjusted, relief_factor
from unbake.export.rules import read_rules, rules_for
from unbake.image.normals import from_slopes, slopes

KINDS = [MapKind(name) for name in Adjust.__struct_fields__]


def material(seed=0, size=(8, 8)):
    rng = np.random.default_rng(seed)
    maps = {
        kind: rng.uniform(0.2, 0.8, (*size, SPECS[kind].channels)).astype(np.float32)
        for kind in (*KINDS, MapKind.DIFFUSE)
    }
    return maps | {MapKind.NORMAL: from_slopes(*rng.uniform(-1, 1, (2, *size)).astype(np.float32))}


def test_without_rules_every_map_is_the_very_same():
    maps = material()
    untouched = adjusted(maps, rules_for(read_rules(""), "pot"))
    assert [untouched[kind] is maps[kind] for kind in maps] == [True] * len(maps)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_one_and_bias_zero_change_no_bit(kind):
    maps = material()
    how = NormalChange(strength=1.0) if SPECS[kind].vector else Change(strength=1.0, bias=0.0, invert=False)
    assert adjusted(maps, Adjust(**{kind.value: how}))[kind] is maps[kind]


@pytest.mark.parametrize(
    ("kind", "end"),
    [(MapKind.ROUGHNESS, 0.0), (MapKind.METALLIC, 0.0), (MapKind.AO, 1.0), (MapKind.HEIGHT, 127 / 255)],
)
def test_strength_zero_gives_the_pivot_of_the_table(kind, end):
    changed = adjusted(material(), Adjust(**{kind.value: Change(strength=0.0)}))[kind]
    np.testing.assert_allclose(changed, end, atol=1e-6)


def test_strength_zero_of_albedo_is_the_diffuse_and_a_half_lies_between():
    maps = material()
    for strength in (0.0, 0.5):
        expected = maps[MapKind.DIFFUSE] + strength * (maps[MapKind.ALBEDO] - maps[MapKind.DIFFUSE])
        changed = adjusted(maps, Adjust(albedo=Change(strength=strength)))[MapKind.ALBEDO]
        np.testing.assert_allclose(changed, expected, atol=1e-6)


def test_strength_of_a_normal_multiplies_its_slopes_and_inverting_turns_them_over():
    maps = material()
    changed = adjusted(maps, Adjust(normal=NormalChange(strength=0.5, invert=True)))[MapKind.NORMAL]
    for ours, before in zip(slopes(changed), slopes(maps[MapKind.NORMAL]), strict=True):
        np.testing.assert_allclose(ours, -0.5 * before, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(changed, axis=-1), 1, atol=1e-5)


def test_inverting_comes_first_then_strength_then_bias_and_the_range_holds():
    flat = {MapKind.ROUGHNESS: np.full((1, 1, 1), 0.8, np.float32)}
    change = Change(invert=True, strength=2.0, bias=0.3)
    assert adjusted(flat, Adjust(roughness=change))[MapKind.ROUGHNESS].item() == pytest.approx(0.7)
    assert adjusted(flat, Adjust(roughness=Change(bias=0.5)))[MapKind.ROUGHNESS].item() == 1.0


def test_strips_of_rows_give_what_the_whole_gives():
    maps, how = (
        material(),
        Adjust(albedo=Change(strength=0.3), height=Change(bias=0.1), normal=NormalChange(strength=2)),
    )
    whole = adjusted(maps, how)
    halves = [
        adjusted({kind: one[rows] for kind, one in maps.items()}, how) for rows in (slice(4), slice(4, 8))
    ]
    for kind in maps:
        np.testing.assert_array_equal(whole[kind], np.concatenate([half[kind] for half in halves]))


def test_a_stronger_height_scales_the_displacement():
    assert relief_factor(rules_for(read_rules("height.strength = 2.0"), "pot")) == 2.0
    assert relief_factor(Adjust()) == 1.0
