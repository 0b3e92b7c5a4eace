"""The app in a browser: a mod converted, corrected, zipped; a load order; reload, stop, keys, a phone, 2 000 sets."""

import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.mod_managers import instance

from unbake.app.folders import remember
from unbake.app.state import Settings
from unbake.batch.provenance import read_provenance
from unbake.batch.speed import Spent, keep_speeds, key_of
from unbake.image.files import read_picture
from unbake.report.listing import REPORT, listing
from unbake.report.outcome import ModReport, SetReport

EXAMPLES = Path(__file__).parents[2] / "unbake" / "bundled" / "examples" / "legacy" / "textures"
PAIR = ("landscape/snow01", "clutter/rug01")
"""The smallest of the bundled sets."""

AXE = Path(__file__).parents[2] / "viewer" / "node_modules" / "axe-core" / "axe.min.js"
MANY = 2000
SETTLED = 5.0
"""Seconds from the click to the first of that many sets, and to the last, on two cores that do nothing else."""


@dataclass
class Place:
    """A person's folders: their mods, and what the program keeps for them."""

    folder: Path

    def __post_init__(self) -> None:
        # Known speeds, so that no test waits for a measurement.
        os.environ["UNBAKE_CACHE"] = str(self.folder / "cache")
        keep_speeds(key_of(None, "skyrim", 0, fast=False), [Spent(1 << 14, 0.1, 0.3, 0.2)] * 2)

    def mod(self, name: str, *sets: str) -> Path:
        """A mod of some of the bundled sets, as small as they come."""
        for one in sets:
            target = self.folder / "mods" / name / "textures" / one
            target.parent.mkdir(parents=True, exist_ok=True)
            for path in EXAMPLES.glob(f"{one}*"):
                shutil.copy(path, target.parent)
        return self.folder / "mods" / name


def files_of(name: str) -> dict[str, bytes]:
    """The files of a bundled set, by path in a mod."""
    found = sorted(EXAMPLES.glob(f"{name}*"))
    return {f"textures/{path.relative_to(EXAMPLES).as_posix()}": path.read_bytes() for path in found}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("UNBAKE_CACHE", "")  # comes back after the test
    return Place(tmp_path)


@pytest.fixture
def address(built: Path, place: Place, tab) -> Iterator[str]:
    """The address of `unbake app`, a process of its own at home in `place`; the page is left before it ends."""
    command = [sys.executable, "-m", "unbake.cli", "app", "--no-open"]
    own = {**os.environ, "HOME": str(place.folder)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        assert process.stdout is not None
        found = re.match(r"(http://127\.0\.0\.1:\d+/\S+/) ", process.stdout.readline())
        assert found is not None
        yield found[1]
        tab().page.goto("about:blank")
        process.terminate()
        process.wait(60)


def phase(page, wanted: str) -> None:
    page.wait_for_selector(f'html[data-state="{wanted}"]', state="attached")


def browse(page, mod: Path) -> None:
    """From the button to the folder around a mod, and to the mod."""
    page.click("#add-folder")
    page.fill("#folder-path", str(mod.parent))
    page.click("#go-folder")
    page.locator("#folder-items button", has_text=mod.name).first.click()


def choose(page, address: str, mod: Path) -> None:
    """From the empty page to a chosen mod."""
    page.goto(address)
    phase(page, "idle")
    browse(page, mod)
    page.wait_for_selector("#folder-items >> text=textures")
    page.click("#take-folder")
    page.wait_for_selector("#settings:not([hidden])")


def statuses(page) -> dict[str, str]:
    rows = page.locator("#result-list a")
    return {row.get_attribute("data-name"): row.get_attribute("data-status") for row in rows.all()}


def faults(page) -> list[str]:
    """The rules of WCAG 2.2 AA and of good practice that axe finds broken."""
    page.evaluate(AXE.read_text("utf-8"))
    return page.evaluate(
        "axe.run().then(done => done.violations.map(it => it.id + it.nodes.map(n => n.html)))"
    )


def test_a_mod_is_converted_corrected_and_zipped_by_clicks(tab, place: Place, address: str, packages: Path):
    mod, page = place.mod("Old Things", *PAIR), tab().page
    out = mod.with_name("Old Things - PBR")
    choose(page, address, mod)
    assert page.locator("#out").input_value() == str(out)
    assert str(out) in page.locator("#command-convert").inner_text()

    page.click("#look")
    phase(page, "planned")
    page.wait_for_selector("#plan-sum")
    assert re.match(
        r"2 textures would be converted, about \d+ seconds", page.locator("#plan-sum").inner_text()
    )
    assert not out.exists()

    page.click("#go")
    phase(page, "ended")
    assert statuses(page) == dict.fromkeys(PAIR, "converted")
    assert "2 textures converted" in page.locator("#status").inner_text()
    assert page.locator('#result-list img[alt="after, lit as PBR"]').count() == 2
    assert all(text.endswith(".") for text in page.locator("#result-list .headline").all_inner_texts())
    assert faults(page) == []
    picture = page.locator('a[data-name="clutter/rug01"] img').last.get_attribute("src")

    rug = "textures/pbr/clutter/rug01_rmaos.dds"
    before = read_picture(out / rug).pixels[..., 1].mean()
    page.click('a[data-name="clutter/rug01"]')
    phase(page, "ready")
    page.check("#metal-all", force=True)
    page.click("#save-hints")
    page.wait_for_selector("#hints-saved:not(:empty)")
    page.click("#back-to-app")
    phase(page, "ended")
    page.locator("#go", has_text="Convert again what changed").click()
    page.wait_for_selector('a[data-name="landscape/snow01"][data-status="unchanged"]')
    phase(page, "ended")
    assert statuses(page) == {"clutter/rug01": "converted", "landscape/snow01": "unchanged"}
    assert "All metal" in page.locator('a[data-name="clutter/rug01"] .headline').inner_text()
    assert page.locator('a[data-name="clutter/rug01"] img').last.get_attribute("src") != picture
    assert before < 100 < 250 < read_picture(out / rug).pixels[..., 1].mean()

    page.click("#zip")
    page.wait_for_selector("#zipped:not(:empty)")
    with zipfile.ZipFile(mod.with_name("Old Things - PBR.zip")) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
        assert rug in archive.namelist()
    assert {"textures", "PBRNIFPatcher"} <= tops <= {"textures", "PBRNIFPatcher", "PBRTextureSets"}


def test_a_profile_of_mod_organizer_is_converted_as_the_game_sees_it(tab, place: Place, address: str):
    rug, snow = PAIR[1], PAIR[0]
    over = {f"textures/{rug}.dds": files_of(rug)[f"textures/{rug}.dds"]}
    done = files_of("clutter/toolchest01") | {"textures/pbr/clutter/toolchest01_rmaos.dds": b"x"}
    mods = {"Rug": files_of(rug), "Over": over, "Snow": files_of(snow), "Done": done}
    lists = {"Default": ["+Snow"], "My own": ["+Done", "+Over", "-Snow", "+Rug"]}
    root = instance(place.folder / "MO2", mods, lists, selected="Default")
    page = tab().page
    page.goto(address)
    phase(page, "idle")

    browse(page, root / "mods")
    page.wait_for_selector("#folder-items >> text=Over")
    page.click("#take-folder")
    page.wait_for_selector("#advice:not(:empty)")
    assert "keeps 4 of them; give its own folder" in page.locator("#advice").inner_text()

    page.click("#add-folder")
    page.locator("#places button", has_text="Mod Organizer: MO2").click()
    page.locator("#take-folder", has_text="Convert all mods of it").click()
    page.wait_for_selector("#profile")
    assert page.locator("#advice").inner_text() == ""
    assert page.locator("#sources li").count() == 1
    assert page.locator("#profile").input_value() == "Default"
    page.select_option("#profile", "My own")
    page.locator("#command-convert", has_text="--profile 'My own'").wait_for()
    page.click("#go")
    phase(page, "ended")
    assert statuses(page) == {rug: "converted"}
    provenance = read_provenance(place.folder / "MO2 - PBR")
    assert provenance is not None
    (files,) = provenance.sets
    assert [file.path.relative_to(root / "mods").parts[0] for file in files.files] == ["Over", "Rug"]
    page.reload()
    page.wait_for_selector("#profile")
    assert page.locator("#profile").input_value() == "My own"


def test_an_archive_is_chosen_as_it_was_downloaded(tab, place: Place, address: str):
    with zipfile.ZipFile(place.folder / "Rugs 1.2.zip", "w") as archive:
        for name, data in files_of(PAIR[1]).items():
            archive.writestr(name, data)
    page = tab().page
    page.goto(address)
    phase(page, "idle")
    browse(page, place.folder / "Rugs 1.2.zip")
    page.wait_for_selector("#settings:not([hidden])")
    assert page.locator("#out").input_value() == str(place.folder / "Rugs 1.2 - PBR")
    page.click("#look")
    phase(page, "planned")
    page.locator("#plan-sum", has_text="1 texture would be converted").wait_for()


def test_a_run_survives_a_reload_and_goes_on_where_it_was_paused(tab, place: Place, address: str):
    normals = EXAMPLES.rglob("*_n.dds")  # enough of them that some are still to be made when it is stopped
    sets = [path.relative_to(EXAMPLES).as_posix().removesuffix("_n.dds") for path in normals]
    page = tab().page
    choose(page, address, place.mod("Many", *sets))
    page.select_option("#max-size", "512")
    page.click("#go")
    page.wait_for_selector("#result-list li", state="attached")

    page.reload()
    phase(page, "running")
    assert page.locator("#max-size").input_value() == "512"
    page.wait_for_selector("#result-list li")
    page.click("#pause")
    phase(page, "paused")
    finished = statuses(page)
    assert 0 < len(finished) < len(sets)

    page.reload()
    phase(page, "paused")
    page.wait_for_selector("#result-list li")
    assert statuses(page) == finished
    page.click("#result-list a")
    phase(page, "ready")
    page.click("#back-to-app")
    page.locator("#go", has_text="Go on").click()
    page.locator('a[data-status="unchanged"]').nth(len(finished) - 1).wait_for()
    page.click("#stop")
    phase(page, "stopped")
    kept = {name for name, status in statuses(page).items() if status == "unchanged"}
    assert kept == finished.keys()


def test_keys_alone_are_enough(tab, place: Place, address: str):
    mod, page = place.mod("By keys", PAIR[0]), tab().page
    page.goto(address)
    phase(page, "idle")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.locator(f"{selector}:focus").count():
                return
        raise AssertionError(f"Tab never reaches {selector}")

    tab_to("#add-folder")
    page.keyboard.press("Enter")
    page.wait_for_selector("#folder-items button")
    tab_to("#folder-path")
    page.keyboard.press("Control+a")
    page.keyboard.type(str(mod.parent))
    page.keyboard.press("Enter")
    page.wait_for_selector("#folder-items >> text=By keys")
    tab_to("#folder-items button:has-text('By keys')")
    page.keyboard.press("Enter")
    page.wait_for_selector("#folder-items >> text=textures")
    tab_to("#take-folder")
    page.keyboard.press("Enter")
    page.wait_for_selector("#settings:not([hidden])")
    tab_to("#go")
    page.keyboard.press("Enter")
    phase(page, "ended")
    tab_to("#result-list a")
    page.keyboard.press("Enter")
    phase(page, "ready")


@pytest.fixture
def many(place: Place) -> Settings:
    """An earlier result of 2 000 sets, a hundred of them doubtful and one failed, as its report tells them."""
    mod, out = place.mod("Huge", PAIR[0]), place.folder / "mods" / "Huge - PBR"
    out.mkdir()
    names = [f"architecture/hall{number // 10:03}/wall{number:04}" for number in range(MANY - 1)]
    reports = [
        SetReport(
            name, confidence=0.4 if number % 20 == 0 else 0.9, warnings=["The normal map is nearly flat."]
        )
        for number, name in enumerate(names)
    ]
    reports.append(SetReport("broken", "failed", "Its header is damaged."))
    (out / REPORT).write_bytes(listing(reports, ModReport()))
    settings = Settings((str(mod),), str(out))
    remember(settings)
    return settings


def test_two_thousand_sets_are_listed_problems_first_and_scroll(
    tab, many: Settings, address: str, soon: Callable[[str, float, list[float]], None]
):
    page = tab().page
    page.goto(address)
    page.wait_for_selector("#recent button")
    began = time.monotonic()
    page.locator("#recent button", has_text="look").click()
    page.wait_for_selector("#result-list li:nth-child(2000)", state="attached")
    listed = time.monotonic() - began
    assert page.locator("#result-list a").first.get_attribute("data-name") == "broken"
    assert "101 textures that you should look at" in page.locator("#results-count").inner_text()
    began = time.monotonic()
    page.locator("#result-list a").first.focus()
    page.keyboard.press("End")
    page.locator("#result-list li:last-child a:focus strong").wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    soon("2 000 sets in the app", SETTLED, [listed])
    soon("the last of 2 000 sets", SETTLED, [time.monotonic() - began])


def test_on_a_phone_nothing_is_wider_than_the_screen(tab, many: Settings, address: str, packages: Path):
    page = tab(viewport={"width": 390, "height": 800}, has_touch=True).page
    page.goto(address)
    page.wait_for_selector("#recent button")

    def width() -> int:
        return page.evaluate("document.documentElement.scrollWidth")

    page.tap("#add-folder")
    page.wait_for_selector("#folder-items button")
    assert width() <= 390
    box = page.locator("#folders").bounding_box()
    assert box is not None and box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.tap("#cancel-folder")
    page.locator("#recent button").first.tap()
    page.wait_for_selector("#settings:not([hidden])")
    assert faults(page) == []
    page.locator("#recent button", has_text="look").tap()
    page.wait_for_selector("#result-list li:nth-child(2000)", state="attached")
    assert width() <= 390
