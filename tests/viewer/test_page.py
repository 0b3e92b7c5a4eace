"""The page as a whole: its size, its own tests, what it says without data, and whether everyone can use it."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

VIEWER = Path(__file__).parents[2] / "viewer"
LARGEST = 1_500_000
AXE = VIEWER / "node_modules" / "axe-core" / "axe.min.js"


def violations(page) -> dict[str, list[str]]:
    """The rules of WCAG 2.2 AA and of good practice that axe finds broken, and where."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "axe.run().then(done => done.violations.map(it => [it.id, it.nodes.map(one => one.html)]))"
    )
    return dict(found)


def test_the_page_is_small(built: Path):
    assert built.stat().st_size <= LARGEST


def test_the_page_names_no_other_place(built: Path):
    """Nothing to load from elsewhere; what three.js says of its papers in comments is no request."""
    text = built.read_text("utf-8")
    assert [tag for tag in ('src="http', 'href="http', "@import", 'src="/', 'href="/') if tag in text] == []


def test_an_empty_page_says_how_to_fill_it(tab, built: Path):
    one = tab()
    one.page.goto(built.as_uri())
    one.wait("empty")
    assert (
        one.page.locator("main").inner_text().endswith("This is the empty viewer; unbake view OUT fills it.")
    )


def test_a_set_whose_pictures_are_gone_says_so(tab, out: Path, key_of: Callable[[str], str], tmp_path: Path):
    shutil.copy(out / "view.html", tmp_path)
    one = tab()
    one.page.goto((tmp_path / "view.html").as_uri() + f"#set={key_of('clutter/toolchest01')}")
    one.wait("error")
    assert "run unbake view again" in one.page.locator("#message").inner_text()
    assert [error for error in one.errors if "ERR_FILE_NOT_FOUND" not in error] == []
    one.errors.clear()


def test_without_webgl_the_flat_maps_are_there(tab, out: Path, key_of: Callable[[str], str]):
    one = tab(viewport={"width": 1280, "height": 720})
    one.page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind.startsWith('webgl') ? null : get.call(this, kind, ...more);"
        "};"
    )
    page = one.open(out / "view.html", f"set={key_of('clutter/toolchest01')}")
    assert "WebGL" in page.locator("#no-webgl").inner_text()
    assert page.locator("#flat canvas").is_visible()


@pytest.mark.parametrize("name", ["", "clutter/toolchest01"], ids=["gallery", "material"])
def test_axe_finds_nothing_that_shuts_people_out_in_light_or_dark(
    tab, out: Path, key_of: Callable[[str], str], packages: Path, name: str
):
    page = tab(color_scheme="light").open(out / "view.html", f"set={key_of(name)}" if name else "")
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found[scheme] = violations(page)
    assert found == {"light": {}, "dark": {}}


def test_every_control_has_a_name_and_a_size_for_fingers(tab, out: Path, key_of: Callable[[str], str]):
    page = tab().open(out / "view.html", f"set={key_of('clutter/toolchest01')}")
    small = page.evaluate(
        "[...document.querySelectorAll('button, select, input')].filter(it => it.checkVisibility())"
        ".map(it => [it.id, it.getBoundingClientRect()]).filter(([_, box]) => box.width < 17 || box.height < 17)"
        ".map(([id]) => id)"
    )
    assert small == []


def test_nothing_moves_for_who_wants_no_motion(tab, out: Path, key_of: Callable[[str], str]):
    page = tab(reduced_motion="reduce").open(out / "view.html", f"set={key_of('clutter/toolchest01')}")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].map(it => getComputedStyle(it)).filter(css => css.animationName !== 'none'"
        " || parseFloat(css.transitionDuration) > 0 || css.scrollBehavior === 'smooth').length"
    )
    assert (moving, page.evaluate("document.getAnimations().length")) == (0, 0)


@pytest.mark.parametrize("script", ["check", "test"])
def test_the_pages_own_types_and_tests_hold(packages: Path, npm: tuple[str, dict[str, str]], script: str):
    command, environment = npm
    done = subprocess.run(
        [command, "run", "--silent", script],
        cwd=packages,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
