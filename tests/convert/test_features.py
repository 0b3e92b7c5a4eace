"""TruePBR's features are on only where the picture bears out what the name says, and say why."""

import numpy as np

from unbake.convert.features import features_of
from unbake.domain.features import Features, Wish, Wishes
from unbake.domain.maps import MapKind
from unbake.image.arrays import CodedMaps

SIDE = 16
LEAF = Wishes(subsurface=Wish(0.4, because="name 'leaf' says plant"))
SNOW = Wishes(glint=Wish(1.0, because="name 'snow' says ice"))
CLOTH = Wishes(fuzz=Wish(1.0, because="name 'robe' is mostly cloth"))


def plane(value: int, channels: int = 1) -> np.ndarray:
    return np.full((SIDE, SIDE, channels), value, np.uint8)


def half() -> np.ndarray:
    """Cut out on the left."""
    alpha = plane(255)
    alpha[:, : SIDE // 2] = 0
    return alpha


def features(wishes: Wishes, material: str | None = None, **maps: np.ndarray) -> Features:
    given = {"albedo": plane(200, 3), "metallic": plane(0)} | maps
    return features_of(CodedMaps({MapKind(name): codes for name, codes in given.items()}), wishes, material)


def test_nothing_is_on_where_nothing_is_wished():
    assert features(Wishes()) == Features()


def test_light_shines_through_leaves_that_alpha_cuts_out():
    made = features(LEAF, opacity=half())
    assert made.subsurface == 0.4
    assert made.because == (
        "Light shines through it (40%), as through leaves: name 'leaf' says plant, and its alpha cuts the leaves out.",
    )


def test_leaves_without_an_alpha_are_a_solid_thing():
    made = features(LEAF)
    assert made.subsurface == 0
    assert "its alpha cuts no leaves out" in made.because[0]


def test_a_soft_alpha_cuts_no_leaves_out():
    ramp = np.linspace(0, 255, SIDE, dtype=np.uint8)[None, :, None].repeat(SIDE, 0)
    assert features(LEAF, opacity=ramp).subsurface == 0


def test_snow_glints_where_it_is_white():
    assert features(SNOW, albedo=plane(220, 3)).glint
    dark = features(SNOW, albedo=plane(90, 3))
    assert (dark.glint, "not white as snow" in dark.because[0]) == (False, True)


def test_cloth_with_buckles_gets_no_fuzz():
    assert features(CLOTH, "cloth").fuzz == 1.0
    buckled = features(CLOTH, "cloth", metallic=plane(40))
    assert (buckled.fuzz, "16% of it is metal" in buckled.because[0]) == (0.0, True)


def test_fur_is_softer_than_cloth():
    assert features(CLOTH, "fur").fuzz_colour > features(CLOTH, "cloth").fuzz_colour > 0


def test_a_persons_word_asks_no_picture():
    said = Wishes(
        subsurface=Wish(0.7, said=True, because="you said: subsurface"),
        fuzz=Wish(1.0, said=True, because="you said: fuzz"),
    )
    made = features(said, metallic=plane(255))
    assert (made.subsurface, made.fuzz) == (0.7, 1.0)


def test_a_surface_has_either_glints_or_fuzz():
    both = Wishes(glint=Wish(1.0, said=True), fuzz=Wish(1.0, said=True))
    made = features(both)
    assert (made.glint, made.fuzz) == (True, 0.0)
    assert "No fuzz: TruePBR draws either glints or fuzz." in made.because


def test_a_glow_map_glows_unless_it_is_black_or_a_person_says_no():
    glow = plane(0, 3)
    glow[0, 0] = 200
    assert features(Wishes(), emissive=glow).emissive
    assert not features(Wishes(), emissive=plane(0, 3)).emissive
    assert not features(Wishes(emissive=False), emissive=glow).emissive
    assert not features(Wishes(emissive=True)).emissive


def test_how_bright_it_glows_is_the_meshs_unless_a_person_says():
    glow = plane(200, 3)
    assert features(Wishes(), emissive=glow).emissive_scale is None
    assert features(Wishes(emissive=True), emissive=glow).emissive_scale is None
    assert features(Wishes(emissive=2.5), emissive=glow).emissive_scale == 2.5
