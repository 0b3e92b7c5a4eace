"""Values of the sliders become rules: as a download that convert reads, and straight into the mod when served."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from unbake.export.adjust import Change
from unbake.export.rules import RULES, read_rules, rules_for
from unbake.image.files import read_picture

NAME = "clutter/toolchest01"
SAID = '# By hand.\n[roughness]\nbias = 0.05\n\n[[rules]]\nmatch = "clutter/*"\nao = { strength = 0.5 }\n'
"""What the mod's own file says before anything is saved."""


@pytest.fixture(scope="module")
def mod(
    built: Path, legacy: Path, unbake: Callable, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Path]:
    """A mod of one set with rules of its own, and its conversion."""
    folder = tmp_path_factory.mktemp("saving")
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
    """That set in the page from its file, with a roughness that has been changed."""
    page = tab().open(mod[1] / "view.html")
    page.click("#sets a")
    page.wait_for_selector('html[data-state="ready"]', state="attached")
    page.locator("#roughness-bias").fill("0.4")
    return page


@pytest.fixture
def served(mod: tuple[Path, Path]) -> Iterator[str]:
    """The address of `unbake view --serve`, a process of its own."""
    command = [sys.executable, "-m", "unbake.cli", "view", str(mod[1]), "--serve", "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/\S+/", process.stdout.readline())
        assert found is not None
        yield found.group()
        process.terminate()


def saved(page) -> str:
    """The file that the page gives."""
    with page.expect_download() as download:
        page.click("#save")
    assert download.value.suggested_filename == RULES
    return Path(download.value.path()).read_text("utf-8")


def roughness(out: Path) -> np.ndarray:
    """The roughness in the file for the game, (H, W), [0, 255]."""
    return read_picture(out / "textures" / "pbr" / f"{NAME}_rmaos.dds").pixels[..., 0].astype(float)


def test_the_sliders_stand_where_the_rules_do(page):
    assert page.locator("#ao-strength").input_value() == "0.5"


def test_a_download_keeps_what_the_file_said_and_adds_a_rule_for_the_set(page):
    rules = read_rules(saved(page))
    assert rules_for(rules, NAME).roughness == Change(strength=1, bias=0.4, invert=False)
    assert rules_for(rules, NAME).ao == Change(strength=0.5)
    assert rules_for(rules, "clutter/another").roughness == Change(bias=0.05)


def test_a_download_for_all_sets_says_so_to_every_name(page):
    page.check("#scope-all", force=True)
    rules = read_rules(saved(page))
    assert rules_for(rules, "anything").roughness == Change(strength=1, bias=0.4, invert=False)
    assert rules_for(rules, NAME).ao == Change(strength=0.5)


def test_nothing_is_saved_where_nothing_has_changed(page):
    page.click("#reset")
    page.click("#save")
    assert page.locator("#saved").inner_text().startswith("Nothing has changed")


def test_converting_again_with_the_download_does_what_the_page_showed(
    page, mod: tuple[Path, Path], unbake: Callable, tmp_path: Path
):
    wanted = np.clip(roughness(mod[1]) + 0.35 * 255, 0, 255)
    (tmp_path / "tried.toml").write_text(saved(page))
    again = shutil.copytree(mod[1], tmp_path / "out")
    unbake("convert", mod[0], again, "--fast", "--max-size", 128, "--rules", tmp_path / "tried.toml")
    assert np.abs(roughness(again) - wanted).mean() < 8  # both are compressed


def test_a_served_page_saves_into_out_and_shows_it_when_opened_again(
    tab, mod: tuple[Path, Path], served: str
):
    try:
        for expected in ("0.05", "-0.2"):
            one = tab()
            one.page.goto(served)
            one.page.click("#sets a")
            one.wait("ready")
            assert one.page.locator("#roughness-bias").input_value() == expected
            one.page.locator("#roughness-bias").fill("-0.2")
            one.page.click("#save")
            one.page.wait_for_selector("#saved:not(:empty)")
        text = (mod[1] / RULES).read_text("utf-8")
        assert text.startswith(SAID)
        assert (mod[0] / RULES).read_text("utf-8") == SAID
        assert rules_for(read_rules(text), NAME).roughness.bias == -0.2
    finally:
        (mod[1] / RULES).unlink(missing_ok=True)
