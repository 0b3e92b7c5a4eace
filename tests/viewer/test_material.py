"""One material of a real conversion in the page: what each control does to the pixels of the stage."""

import base64
import io
import time
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.image.files import read_picture

RUST = "dungeons/ruins/ruinsgate01"
BRICKS = "architecture/keep/keepbrick01"
LARGE = "dungeons/plate01"

FIRST_FRAME = 3.0
"""Seconds to the first frame of 1024 x 1024 on two cores that do nothing else."""


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of two pictures, of 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


@pytest.fixture
def opened(tab, out: Path, key_of: Callable[[str], str]):
    """Opens a set in a new tab."""

    def open_set(name: str = RUST, **options):
        made = tab(**options)
        made.open(out / "view.html", f"set={key_of(name)}")
        return made

    return open_set


def middle(picture: np.ndarray) -> np.ndarray:
    """A picture without the captions at its top and bottom."""
    return picture[60:-60]


def drawn(one) -> np.ndarray:
    """The texels of the flat map: uint8 (H, W, 4)."""
    url = one.page.locator("#flat canvas").evaluate("it => it.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))))


class TestStage:
    def test_a_surface_stands_before_the_background(self, opened):
        picture = opened().picture()
        apart = np.abs(picture.astype(int) - picture[-10, 10]).max(-1) > 8
        assert 0.15 < apart.mean() < 0.9

    def test_the_light_moves(self, opened):
        one = opened()
        before = one.picture()
        one.page.locator("#light-azimuth").fill("90")
        assert difference(before, one.picture()) > 3

    def test_the_light_moves_by_the_right_button(self, opened):
        one = opened()
        before, box = one.picture(), one.page.locator("#stage").bounding_box()
        one.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 200)
        one.page.mouse.down(button="right")
        one.page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 200, steps=3)
        one.page.mouse.up(button="right")
        assert difference(before, one.picture()) > 2
        assert one.page.locator("#light-azimuth").input_value() != "-40"

    def test_every_shape_looks_different(self, opened):
        one = opened()
        pictures = [one.picture()]
        for shape in ("plane", "cube", "cylinder"):
            one.choose(f"shape-{shape}")
            pictures.append(one.picture())
        assert min(difference(a, b) for a, b in combinations(pictures, 2)) > 3

    def test_every_slider_of_the_view_changes_the_picture(self, opened):
        one = opened(BRICKS)
        one.choose("shape-cube")
        changed = {"tiling": 4, "depth": 3, "light-elevation": -20, "light-strength": 3}
        pictures = [one.picture()]
        for name, value in changed.items():
            one.page.locator(f"#{name}").fill(str(value))
            pictures.append(one.picture())
        by = dict(zip(changed, map(difference, pictures, pictures[1:]), strict=False))
        assert {name: amount for name, amount in by.items() if amount < 0.5} == {}

    def test_surroundings_are_seen_in_metal_and_a_flipped_normal_too(self, opened):
        one = opened()
        pictures = [one.picture()]
        for name in ("environment-outdoor", "directx"):
            one.choose(name)
            pictures.append(one.picture())
        assert min(map(difference, pictures, pictures[1:])) > 1

    def test_nothing_is_drawn_while_nothing_changes(self, opened):
        one = opened()
        one.settled()
        frames = one.page.locator("#stage").get_attribute("data-frames")
        one.page.wait_for_timeout(400)
        assert one.page.locator("#stage").get_attribute("data-frames") == frames

    def test_the_first_frame_of_a_large_set_comes_soon(
        self, tab, out: Path, key_of: Callable[[str], str], soon: Callable[[str, float, list[float]], None]
    ):
        seconds = []
        for _ in range(3):
            one = tab(viewport={"width": 1280, "height": 720})
            began = time.perf_counter()
            one.open(out / "view.html", f"set={key_of(LARGE)}")
            assert np.ptp(one.picture().mean(-1)) > 64  # drawn, and not only asked for
            seconds.append(time.perf_counter() - began)
        soon("first frame of 1024 x 1024", FIRST_FRAME, seconds)


class TestBeforeAndAfter:
    def test_left_of_the_divider_is_before_and_right_is_after(self, opened):
        one = opened()
        both = middle(one.picture())
        one.page.select_option("#compare", "before")
        before = middle(one.picture())
        one.page.select_option("#compare", "after")
        after = middle(one.picture())
        half, edge = both.shape[1] // 2, 24
        assert difference(before, after) > 3
        assert difference(both[:, : half - edge], before[:, : half - edge]) < 0.5
        assert difference(both[:, half + edge :], after[:, half + edge :]) < 0.5

    def test_the_divider_moves_by_mouse(self, opened):
        one = opened()
        before, handle = middle(one.picture()), one.page.locator("#split").bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        one.page.mouse.move(x, y)
        one.page.mouse.down()
        one.page.mouse.move(x - 100, y, steps=3)
        one.page.mouse.up()
        moved = middle(one.picture())
        half = before.shape[1] // 2
        assert difference(before[:, half - 70 : half - 30], moved[:, half - 70 : half - 30]) > 2
        assert difference(before[:, half + 30 :], moved[:, half + 30 :]) < 0.5

    def test_the_divider_moves_by_keys_and_tells_where_it_is(self, opened):
        split = opened().page.locator("#split")
        told = []
        for pressed in ("ArrowRight", "Shift+ArrowLeft", "Home", "End"):
            split.press(pressed)
            told.append(split.get_attribute("aria-valuenow"))
        assert told == ["52", "42", "0", "100"]


class TestMaps:
    def test_each_map_is_shown_alone(self, opened):
        one = opened()
        one.choose("shape-flat")
        pictures = {}
        for name in ("diffuse", "albedo", "normal", "roughness", "metallic", "ao", "height"):
            one.page.select_option("#show", name)
            pictures[name] = drawn(one)
        same = [
            pair for pair in combinations(pictures, 2) if difference(*(pictures[one] for one in pair)) < 0.5
        ]
        assert same == []

    def test_a_flat_map_is_what_the_conversion_wrote(self, opened, out: Path):
        one = opened(LARGE)
        one.choose("shape-flat")
        one.page.select_option("#show", "albedo")
        shown = drawn(one)
        written = read_picture(out / "textures/pbr" / f"{LARGE}.dds").pixels
        assert shown.shape[:2] == (1024, 1024)
        assert difference(shown[..., :3], written[..., :3]) < 4  # JPEG here, BC7 there

    def test_each_channel_of_the_packing_is_the_map_that_lies_there(self, opened):
        one = opened()
        one.choose("shape-flat")

        def grey() -> np.ndarray:
            return drawn(one)[..., 0]

        for name, channel in {"roughness": "r", "metallic": "g", "ao": "b", "height": "a"}.items():
            one.page.select_option("#show", name)
            alone = grey()
            one.page.select_option("#show", "packed")
            one.page.select_option("#channel", channel)
            assert np.array_equal(alone, grey()), name

    def test_a_map_is_shown_on_the_surface_without_light(self, opened):
        one = opened()
        one.page.select_option("#show", "roughness")
        before = one.picture()
        one.page.locator("#light-azimuth").fill("90")
        assert difference(before, one.picture()) == 0

    def test_the_strength_of_every_map_changes_the_picture_at_once(self, opened):
        one = opened()
        maps = ("normal", "albedo", "roughness", "ao", "metallic")
        pictures = [one.picture()]
        for name in maps:
            one.page.locator(f"#{name}-strength").fill("0")
            pictures.append(one.picture())
        by = dict(zip(maps, map(difference, pictures, pictures[1:]), strict=False))
        assert {name: amount for name, amount in by.items() if amount < 0.1} == {}

    def test_reset_takes_every_change_back(self, opened):
        one = opened()
        before = one.picture()
        one.page.locator("#roughness-bias").fill("0.5")
        one.choose("metallic-invert")
        assert difference(before, one.picture()) > 1
        one.page.click("#reset")
        assert difference(before, one.picture()) == 0
