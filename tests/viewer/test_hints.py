"""What a person says a texture is: chosen on its page, saved as rules, applied by the next conversion."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unbake.domain.hints import FINISH_ROUGHNESS, METAL_SHARES, PAINTED_STOPS, Hint
from unbake.export.rules import RULES, hint_for, read_hint, read_rules
from unbake.image.files import read_picture

CONTRACT = Path(__file__).parents[2] / "viewer" / "src" / "contract.ts"
NAME, BESIDE = "clutter/toolchest01", "clutter/other01"
SAID = '# By hand.\n[[rules]]\nmatch = "clutter/*"\npainted = "bright"\n'


@pytest.fixture(scope="module")
def mod(
    built: Path, legacy: Path, unbake: Callable, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A mod of one set with a hint for its folder, and its conversion."""
    folder = tmp_path_factory.mktemp("hints")
    target = folder / "mod" / "textures" / "clutter"
    target.mkdir(parents=True)
    for path in (legacy / "textures" / "clutter").glob("toolchest01*"):
        shutil.copy(path, target)
    (folder / "mod" / RULES).write_text(SAID)
    unbake("convert", folder / "mod", folder / "out", "--fast", "--max-size", 128)
    unbake("view", folder / "out", "--no-open")
    return folder / "mod", folder / "out"


@pytest.fixture
def page(tab, mod: tuple[Path, Path]):
    """That set in the page from its file."""
    page = tab().open(mod[1] / "view.html")
    page.click("#sets a")
    page.wait_for_selector('html[data-state="ready"]', state="attached")
    return page


def saved(page) -> str:
    """The file that the page gives."""
    with page.expect_download() as download:
        page.click("#save-hints")
    return Path(download.value.path()).read_text("utf-8")


def words(name: str) -> list[str]:
    """The words that the page offers for a hint."""
    found = re.search(rf"^  {name}: \[(.+)\],$", CONTRACT.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return re.findall(r'"(\w+)"', found[1])


def test_the_page_offers_the_words_that_rules_know():
    assert [words(name) for name in ("metal", "finish", "painted")] == [
        list(METAL_SHARES),
        list(FINISH_ROUGHNESS),
        list(PAINTED_STOPS),
    ]


@pytest.mark.parametrize("name", ["subsurface", "fuzz", "glint", "emissive"])
def test_a_feature_of_truepbr_is_offered_as_yes_and_no_which_hints_take(name: str):
    assert words(name) == ["yes", "no"]
    assert (
        name
        in CONTRACT.read_text("utf-8").partition("FEATURES: readonly HintName[] = [")[2].partition("]")[0]
    )
    assert [getattr(read_hint(f"*: {name}={word}").hint, name) for word in words(name)] == [True, False]


def test_the_choices_stand_where_the_rules_do(page):
    assert page.locator("#painted-bright").is_checked()
    assert page.locator("#metal-unsaid").is_checked()


def test_the_page_says_when_a_hint_is_applied_and_that_no_network_runs(page):
    assert "the networks do not run again" in page.locator("#hints").inner_text()


def test_the_page_says_why_there_is_metal(page):
    assert "The picture alone" in page.locator("#about .reasons").inner_text()


def test_a_hint_for_one_texture_is_a_rule_for_it_alone(page):
    page.check("#metal-most", force=True)
    rules = read_rules(saved(page))
    assert hint_for(rules, NAME) == Hint(metal="most", painted="bright")
    assert hint_for(rules, BESIDE) == Hint(painted="bright")
    assert "convert again" in page.locator("#hints-saved").inner_text()


def test_a_hint_for_the_folder_is_a_rule_for_all_in_it(page):
    page.check("#finish-satin", force=True)
    page.check("#hint-scope-folder", force=True)
    rules = read_rules(saved(page))
    assert hint_for(rules, BESIDE) == Hint(finish="satin", painted="bright")
    assert hint_for(rules, "weapons/sword") == Hint()


def test_a_hint_can_be_said_by_keys_alone(page):
    page.locator("#metal-unsaid").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#metal-none").is_checked()
    assert hint_for(read_rules(saved(page)), NAME).metal == "none"


def test_a_feature_is_said_in_the_fold_below_and_saved_as_true_or_false(page):
    assert not page.locator("#fuzz-yes").is_visible()
    page.click("#features summary")
    page.check("#fuzz-yes", force=True)
    page.check("#glint-no", force=True)
    text = saved(page)
    assert "fuzz = true" in text and "glint = false" in text
    said = hint_for(read_rules(text), NAME)
    assert (said.fuzz, said.glint, said.emissive, said.painted) == (True, False, None, "bright")


def test_nothing_is_saved_where_nothing_was_chosen(page):
    page.click("#save-hints")
    assert page.locator("#hints-saved").inner_text().startswith("Nothing has changed")


def test_converting_again_with_the_download_does_what_was_said_without_the_networks(
    page, mod: tuple[Path, Path], unbake: Callable, tmp_path: Path
):
    page.check("#metal-all", force=True)
    (tmp_path / "said.toml").write_text(saved(page))
    again = shutil.copytree(mod[1], tmp_path / "out")
    told = unbake(
        "convert", mod[0], again, "--fast", "--max-size", 128, "--rules", tmp_path / "said.toml", "--json"
    )
    assert '"inferred":false' in told
    metal = read_picture(again / "textures" / "pbr" / f"{NAME}_rmaos.dds").pixels[..., 1]
    assert metal.mean() > 250


@pytest.fixture
def served(mod: tuple[Path, Path]) -> Iterator[str]:
    """The address of `unbake view --serve`, a process of its own."""
    command = [sys.executable, "-m", "unbake.cli", "view", str(mod[1]), "--serve", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*", process.stdout.readline())
        assert found is not None
        yield found.group()
        process.terminate()


def test_a_served_page_saves_a_hint_and_shows_it_when_opened_again(tab, mod: tuple[Path, Path], served: str):
    try:
        for place, expected in enumerate(("unsaid", "little")):
            one = tab()
            one.page.goto(served)
            one.page.click("#sets a")
            one.wait("ready")
            assert one.page.locator(f"#metal-{expected}").is_checked()
            if place == 0:
                one.page.check("#metal-little", force=True)
                one.page.click("#save-hints")
                one.page.wait_for_selector("#hints-saved:not(:empty)")
                assert one.page.locator("#hints-saved").inner_text().startswith("Saved")
    finally:
        (mod[0] / RULES).write_text(SAID)
