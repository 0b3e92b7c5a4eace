import numpy as np
import pytest

from unbake.domain.maps import SPECS, MapKind
from unbake.errors import TextureSetError
from unbake.image.files import read_picture
from unbake.report.pictures import SHOWN, contact_sheet, save_thumbnails, thumbnail


def full(kind, size=(64, 32)):
    spec = SPECS[kind]
    return np.broadcast_to(np.float32(spec.neutral), (*size, spec.channels)).copy()


@pytest.mark.parametrize(
    ("size", "expected"), [((640, 320), (160, 80)), ((100, 40), (100, 40)), ((2000, 1), (160, 1))]
)
def test_the_longest_side_of_a_thumbnail_is_bounded(size, expected):
    assert thumbnail(full(MapKind.AO, size), MapKind.AO).shape == (*expected, 3)


def test_a_neutral_normal_is_shown_in_the_well_known_blue():
    assert thumbnail(full(MapKind.NORMAL), MapKind.NORMAL)[0, 0].tolist() == [128, 128, 255]


def test_a_checkerboard_of_colour_is_averaged_in_linear_light():
    board = np.indices((320, 320)).sum(0) % 2
    image = np.repeat(board[..., None], 3, axis=2).astype(np.float32)
    assert abs(int(thumbnail(image, MapKind.ALBEDO)[80, 80, 0]) - 188) <= 1


def test_thumbnails_lie_in_the_tree_of_the_textures(tmp_path):
    saved = save_thumbnails({kind: full(kind) for kind in SHOWN}, "clutter/pot", tmp_path)
    assert saved == {kind.value: f"report/clutter/pot/{kind}.jpg" for kind in SHOWN}
    assert {read_picture(tmp_path / path).pixels.shape for path in saved.values()} == {(64, 32, 3)}


def test_maps_that_are_missing_or_inner_have_no_thumbnail(tmp_path):
    maps = {MapKind.AO: full(MapKind.AO), MapKind.GEO_AO: full(MapKind.GEO_AO)}
    assert list(save_thumbnails(maps, "pot", tmp_path)) == ["ao"]


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path):
    with pytest.raises(TextureSetError):
        save_thumbnails({MapKind.AO: full(MapKind.AO)}, "../pot", tmp_path)


def test_a_contact_sheet_places_every_picture_in_its_cell():
    red, grey = np.zeros((10, 12, 3), np.uint8), np.full((10, 12, 1), 99, np.uint8)
    red[..., 0] = 255
    sheet = contact_sheet([[red, grey], [None, grey]], ["a", "b"])
    assert sheet.shape == (24 + 2 * 14, 28, 3)
    assert sheet[24:34, :12].reshape(-1, 3).tolist() == [[255, 0, 0]] * 120
    assert sheet[24:34, 16:28].reshape(-1, 3).tolist() == [[99] * 3] * 120
    assert sheet[38:48, 16:28].reshape(-1, 3).tolist() == [[99] * 3] * 120
    assert (sheet[38:48, :16] == 255).all()


def test_a_contact_sheet_bears_its_labels():
    blank = np.full((20, 60, 3), 255, np.uint8)
    assert (contact_sheet([[blank]], ["height"])[:20] < 128).any()
