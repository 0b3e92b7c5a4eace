"""Lit pictures: the two ways of light, their size, and what each map does to them."""

import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.image.files import read_picture
from unbake.image.normals import from_slopes
from unbake.report.lit import SIDE, lit_after, lit_before, save_lit

SIZE = (48, 32)


def full(kind: MapKind, *values: float, size: tuple[int, int] = SIZE) -> np.ndarray:
    given = values or SPECS[kind].neutral
    return np.broadcast_to(np.float32(given), (*size, SPECS[kind].channels)).copy()


def material(**values: float) -> dict[MapKind, np.ndarray]:
    kinds = ("diffuse", "normal", "albedo", "roughness", "metallic", "ao")
    return {MapKind(name): full(MapKind(name), *([values[name]] if name in values else [])) for name in kinds}


def difference(one: np.ndarray | None, other: np.ndarray | None) -> float:
    assert one is not None and other is not None
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def test_the_longest_side_is_bounded_and_small_textures_keep_theirs():
    large = {MapKind.DIFFUSE: full(MapKind.DIFFUSE, size=(2 * SIDE, SIDE))}
    shapes = [picture.shape for picture in (lit_before(large), lit_before(material())) if picture is not None]
    assert shapes == [(SIDE, SIDE // 2, 3), (*SIZE, 3)]


def test_without_the_map_that_has_the_colour_there_is_no_picture():
    assert lit_before({MapKind.AO: full(MapKind.AO)}) is None
    assert lit_after({MapKind.AO: full(MapKind.AO)}) is None


@pytest.mark.parametrize(
    ("name", "value"), [("albedo", 0.2), ("roughness", 0.1), ("metallic", 1.0), ("ao", 0.2)]
)
def test_every_map_is_seen_after_and_none_of_them_before(name: str, value: float):
    usual, changed = material(), material(**{name: value})
    assert difference(lit_after(usual), lit_after(changed)) > 2
    assert difference(lit_before(usual), lit_before(changed)) == 0


def test_before_has_its_own_normal_and_specular_mask():
    maps = material()
    slope = np.full((*SIZE, 1), 0.5, np.float32)
    tilted = maps | {MapKind.NORMAL: from_slopes(slope[..., 0], 0 * slope[..., 0])}
    shiny = maps | {MapKind.SPECULAR: full(MapKind.SPECULAR, 1.0)}
    for other in (tilted, shiny):
        assert difference(lit_before(maps), lit_before(other)) > 2


def test_light_comes_from_above_on_the_left_whatever_the_shape():
    picture = lit_before(material())
    assert picture is not None
    high, wide = SIZE
    corners = picture[0, 0].sum(), picture[high - 1, wide - 1].sum()
    assert corners[0] > corners[1] + 20


def test_what_is_cut_out_shows_a_grey_behind_on_both_sides():
    holes = full(MapKind.OPACITY)
    holes[:10] = 0
    maps = material() | {MapKind.OPACITY: holes}
    for picture in (lit_before(maps), lit_after(maps)):
        assert picture is not None
        assert len(np.unique(picture[:10])) == 1


def test_both_lie_beside_the_thumbnails(tmp_path):
    saved = save_lit(material(), material(), "clutter/pot", tmp_path)
    assert saved == {"before": "report/clutter/pot/before.jpg", "after": "report/clutter/pot/after.jpg"}
    assert {read_picture(tmp_path / path).pixels.shape for path in saved.values()} == {(*SIZE, 3)}
    assert list(save_lit({}, material(), "pot", tmp_path)) == ["after"]
