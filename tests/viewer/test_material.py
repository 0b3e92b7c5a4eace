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

    def test_before_has_no_relief_and_its_own_normal_as_the_old_game_shows_it(self, opened):
        one = opened(BRICKS)
        one.choose("shape-plane")
        one.page.select_option("#compare", "before")
        before = middle(one.picture())
        one.page.locator("#depth").fill("3")
        one.page.locator("#normal-strength").fill("3")
        one.page.locator("#ao-strength").fill("0")
        assert difference(before, middle(one.picture())) == 0
        one.page.select_option("#compare", "after")
        deep = middle(one.picture())
        one.page.locator("#depth").fill("0")
        assert difference(deep, middle(one.picture())) > 1


class TestOwnSurroundings:
    def test_a_panorama_that_a_person_chooses_is_reflected_and_goes_nowhere(self, opened, tmp_path: Path):
        one = opened()
        before = one.picture()
        panorama = np.zeros((64, 128, 3), np.uint8)
        panorama[:, :64, 0] = panorama[:, 64:, 2] = 255
        Image.fromarray(panorama).save(tmp_path / "room.png")
        asked = len(one.asked)
        one.page.set_input_files("#panorama", tmp_path / "room.png")
        one.page.wait_for_function("document.querySelector('#environment-own').checked")
        shown = one.picture()
        assert difference(before, shown) > 3
        assert difference(shown[..., 0], shown[..., 2]) > 3  # red on one side, blue on the other
        assert one.asked[asked:] == []
        assert (
            "room.png is shown; it stays in this browser." in one.page.locator("#panorama-read").inner_text()
        )

    def test_a_radiance_picture_is_read_too(self, opened, tmp_path: Path):
        one = opened()
        before = one.picture()
        texels = bytes([200, 20, 20, 128]) * (16 * 8)
        head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 8 +X 16\n"
        (tmp_path / "room.hdr").write_bytes(head + texels)
        one.page.set_input_files("#panorama", tmp_path / "room.hdr")
        one.page.wait_for_function("document.querySelector('#environment-own').checked")
        shown = one.picture()
        assert difference(before, shown) > 3
        assert shown[..., 0].mean() > shown[..., 2].mean() + 3

    def test_what_is_no_picture_is_refused_in_one_sentence(self, opened, tmp_path: Path):
        one = opened()
        (tmp_path / "notes.png").write_text("no picture")
        before = one.picture()
        one.page.set_input_files("#panorama", tmp_path / "notes.png")
        one.page.wait_for_function(
            "document.querySelector('#panorama-read').textContent.startsWith('notes.png is no picture')"
        )
        assert one.page.locator("#environment-own").is_disabled()
        assert difference(before, one.picture()) == 0


class TestPicture:
    def test_the_button_saves_what_is_shown_with_its_captions(self, opened, tmp_path: Path):
        one = opened()
        seen = one.picture("#stage-box")
        with one.page.expect_download() as waited:
            one.page.click("#snapshot")
        path = tmp_path / "saved.png"
        waited.value.save_as(path)
        assert waited.value.suggested_filename == "dungeons-ruins-ruinsgate01.png"
        saved = np.asarray(Image.open(path).convert("RGB"))
        assert abs(saved.shape[1] / saved.shape[0] - seen.shape[1] / seen.shape[0]) < 0.02
        assert np.ptp(middle(saved).mean(-1)) > 64
        scaled = np.asarray(Image.fromarray(saved).resize(seen.shape[1::-1]))
        assert difference(middle(scaled)[:, :200], middle(seen)[:, :200]) < 6

    def test_a_flat_map_is_saved_in_its_own_texels(self, opened, tmp_path: Path):
        one = opened()
        one.choose("shape-flat")
        one.page.select_option("#show", "roughness")
        expected = drawn(one)
        with one.page.expect_download() as waited:
            one.page.click("#snapshot")
        waited.value.save_as(tmp_path / "saved.png")
        saved = np.asarray(Image.open(tmp_path / "saved.png").convert("RGB"))
        assert saved.shape[:2] == expected.shape[:2]
        assert difference(saved[: -len(saved) // 8], expected[: -len(saved) // 8, :, :3]) < 1


class TestReload:
    def test_changes_survive_a_reload_until_they_are_taken_back(self, opened):
        one = opened()
        plain = one.picture()
        one.page.locator("#roughness-bias").fill("0.5")
        changed = one.picture()
        one.page.reload()
        one.wait("ready")
        assert one.page.locator("#roughness-bias").input_value() == "0.5"
        assert "not saved yet" in one.page.locator("#saved").inner_text()
        assert difference(changed, one.picture()) < 0.5
        one.page.click("#reset")
        one.page.reload()
        one.wait("ready")
        assert one.page.locator("#roughness-bias").input_value() == "0"
        assert difference(plain, one.picture()) < 0.5

    def test_what_is_kept_of_one_set_is_not_of_another(self, opened):
        one = opened()
        one.page.locator("#ao-strength").fill("0")
        one.settled()
        page = one.page
        page.keyboard.press("Escape")
        one.wait("gallery")
        page.locator("#sets a", has_text=BRICKS).click()
        one.wait("ready")
        assert page.locator("#ao-strength").input_value() == "1"

    def test_a_choice_of_what_it_is_survives_a_reload(self, opened):
        one = opened()
        one.choose("metal-all")
        one.page.reload()
        one.wait("ready")
        assert one.page.locator("#metal-all").is_checked()

    def test_what_is_kept_wrongly_is_left_alone(self, opened, key_of: Callable[[str], str]):
        one = opened()
        for value in ('{"ao": 3, "x": {"strength": 2}}', "broken", "[]", '{"ao": {"strength": "2"}}'):
            one.page.evaluate(
                "value => localStorage.setItem(`unbake adjust ${UNBAKE.title} " + key_of(RUST) + "`, value)",
                value,
            )
            one.page.reload()
            one.wait("ready")
            assert one.page.locator("#ao-strength").input_value() == "1"


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
