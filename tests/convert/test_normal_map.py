from pathlib import Path

import numpy as np
import pytest

from unbake.convert.inputs import load_inputs
from unbake.convert.normal_map import follows_height, is_normal_map, read_normal_map
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import MapKind
from unbake.errors import TextureSetError
from unbake.image.files import Picture, write_png
from unbake.image.normals import Green, encode_normal, from_slopes

RNG = np.random.default_rng(3)


def surface(side: int = 64) -> np.ndarray:
    """A height (side, side) of bumps, in texels."""
    rows, columns = np.mgrid[:side, :side] / side * 2 * np.pi
    return 3 * np.sin(2 * columns + 1) * np.cos(3 * rows) + 2 * np.sin(rows - 2 * columns)


def normals(height: np.ndarray, green: Green = "directx") -> np.ndarray:
    """The stored normal map (H, W, 3) of a height, in [0, 1]."""
    down, right = np.gradient(height)
    return encode_normal(from_slopes(right, -down), green)


def picture(unit: np.ndarray) -> Picture:
    return Picture(np.rint(unit * 255).astype(np.uint8), "png/8")


def loaded_normal(folder: Path, stored: np.ndarray, **options: object) -> np.ndarray:
    return loaded(folder, stored, **options).maps[MapKind.NORMAL]


def loaded(folder: Path, stored: np.ndarray, height: np.ndarray | None = None, **options: object):
    write_png(folder / "a.png", np.full((*stored.shape[:2], 3), 0.4, np.float32))
    write_png(folder / "a_n.png", np.asarray(stored, np.float32))
    parallax = None
    if height is not None:
        write_png(folder / "a_p.png", np.asarray(height, np.float32)[..., None])
        parallax = Source(folder / "a_p.png")
    named = {name: options.pop(name) for name in ("green",) if name in options}
    files = TextureSet(
        "a", "a", Source(folder / "a.png"), Source(folder / "a_n.png"), parallax=parallax, **named
    )
    return load_inputs(files, **options)


ALPHA_ROUGH = RNG.random((64, 64))


@pytest.mark.parametrize(
    "channels",
    [
        lambda x, y: (np.zeros_like(x), y, np.zeros_like(x), x),
        lambda x, y: (np.ones_like(x), y, y, x),
        lambda x, y: (np.ones_like(x), y, np.ones_like(x), x),
        lambda x, y: (np.ones_like(x), y, np.zeros_like(x), x),
    ],
    ids=["dxt5nm", "unity", "red and blue full", "red full"],
)
def test_x_in_alpha_is_put_back(channels) -> None:
    stored = normals(surface())
    found = read_normal_map(picture(np.dstack(channels(stored[..., 0], stored[..., 1]))), "a_n.dds")
    assert found.codes is not None
    assert found.mask is None
    assert "DXT5nm" in found.note
    assert np.abs(found.codes / 255 - stored).max() < 0.02


def test_a_normal_without_z_gets_one() -> None:
    stored = normals(surface())
    found = read_normal_map(picture(np.dstack([stored[..., :2], np.zeros((64, 64))])), "a_n.png")
    assert found.codes is not None
    assert np.abs(found.codes / 255 - stored).max() < 0.02


def test_a_plain_normal_keeps_its_alpha_as_a_mask() -> None:
    stored = picture(np.dstack([normals(surface()), ALPHA_ROUGH]))
    found = read_normal_map(stored, "a_n.dds")
    assert (found.note, found.warning) == ("", "")
    assert np.array_equal(np.dstack([found.codes, found.mask]), stored.pixels)


@pytest.mark.parametrize(
    ("pixels", "what"),
    [
        (np.repeat(RNG.random((16, 16, 1)), 3, 2), "grey, as a bump map is"),
        (RNG.random((16, 16, 1)), "grey, as a bump map is"),
        (0.6 + 0.4 * np.repeat(RNG.random((16, 16, 1)), 3, 2), "grey, as a bump map is"),
        (RNG.random((16, 16, 3)) * [0.8, 0.5, 0.3], "no tangent normal map"),
        (0.5 + 0.5 * RNG.random((16, 16, 4)), "no tangent normal map"),
    ],
    ids=["bump", "grey file", "bright bump", "brown paint", "bright paint"],
)
def test_what_is_no_normal_map_is_taken_as_flat_and_told(pixels: np.ndarray, what: str) -> None:
    found = read_normal_map(picture(pixels), "a_n.png")
    assert found.codes is None
    assert what in found.warning


@pytest.mark.parametrize("grey", [0.0, 0.5, 1.0])
def test_a_placeholder_of_one_colour_is_flat_with_a_note_only(grey: float) -> None:
    found = read_normal_map(picture(np.full((8, 8, 3), grey)), "a_n.png")
    assert (found.codes, found.warning) == (None, "")
    assert "one colour" in found.note


def test_a_wrong_normal_map_is_flat_inside_a_set_and_a_person_is_warned(tmp_path: Path) -> None:
    inputs = loaded(tmp_path, np.repeat(RNG.random((16, 16, 1)), 3, 2))
    assert np.array_equal(inputs.maps[MapKind.NORMAL][0, 0], [0, 0, 1])
    assert len(inputs.warnings) == 1


def test_a_normal_map_named_as_a_colour_is_never_painted(tmp_path: Path) -> None:
    write_png(tmp_path / "odd.png", normals(surface()))
    with pytest.raises(TextureSetError, match="got a tangent normal map"):
        load_inputs(TextureSet("odd", "odd", Source(tmp_path / "odd.png")))


@pytest.mark.parametrize("colour", [(0.5, 0.5, 1.0), (0.3, 0.5, 0.9), (0.55, 0.55, 0.6)])
def test_blue_paint_stays_paint(colour: tuple[float, float, float]) -> None:
    shade = 1 - 0.02 * RNG.random((32, 32, 1)) * (colour != (0.5, 0.5, 1.0))
    assert not is_normal_map(picture(np.ones((32, 32, 3)) * colour * shade).pixels)


@pytest.mark.parametrize("green", ["opengl", "directx"])
def test_a_height_tells_which_way_green_points(green: Green) -> None:
    height = surface()
    codes = picture(normals(height, green)).pixels
    assert (
        follows_height(codes, picture(((height - height.min()) / np.ptp(height))[..., None]).pixels) == green
    )


def test_a_height_of_something_else_tells_nothing() -> None:
    codes = picture(normals(surface())).pixels
    assert follows_height(codes, picture(RNG.random((64, 64, 1))).pixels) is None


@pytest.mark.parametrize("green", ["opengl", "directx"])
@pytest.mark.parametrize("by", ["option", "name", "height"])
def test_the_same_surface_is_read_whatever_its_convention(tmp_path: Path, green: Green, by: str) -> None:
    height = surface()
    given: dict[str, object] = {
        "option": {"normals": green},
        "name": {"green": green},
        "height": {"height": (height - height.min()) / np.ptp(height)},
    }[by]
    truth = from_slopes(np.gradient(height, axis=1), -np.gradient(height, axis=0))
    found = loaded_normal(tmp_path, normals(height, green), **given)
    assert np.abs(found - truth).max() < 0.05


def test_a_convention_that_was_told_apart_is_noted(tmp_path: Path) -> None:
    stored = normals(surface(), "opengl")
    assert loaded(tmp_path, stored, green="opengl").notes == (
        "its normal map is read as OpenGL, as its name says",
    )
    assert loaded(tmp_path, stored, normals="opengl").notes == ()


def test_an_option_wins_over_a_name(tmp_path: Path) -> None:
    stored = normals(surface())
    named = loaded_normal(tmp_path, stored, green="opengl", normals="directx")
    assert np.array_equal(named, loaded_normal(tmp_path, stored))
