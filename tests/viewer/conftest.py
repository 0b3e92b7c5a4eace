"""For the tests of the page: a real conversion by the real commands, and a watched tab of Debian's chromium."""

import io
import json
import os
import runpy
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import pytest
from PIL import Image

from unbake.domain.maps import MapKind
from unbake.image.files import write_png
from unbake.image.normals import encode_normal
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BUNDLED = Path(str(files("unbake"))) / "bundled"
BUILT = BUNDLED / "viewer" / "index.html"
EXAMPLES = BUNDLED / "examples" / "legacy" / "textures"
SETS = ("dungeons/ruins/ruinsgate01", "architecture/keep/keepbrick01", "clutter/toolchest01")
LARGE = "dungeons/plate01"
"""The set of 1024 x 1024 that is made here; the others are bundled."""

FLAGS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--force-color-profile=srgb",
)
"""Chromium without services of its own, drawing WebGL by software."""


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get("UNBAKE_BROWSER_TESTS") == "required":
        pytest.fail(f"{reason}, and UNBAKE_BROWSER_TESTS=required", pytrace=False)
    pytest.skip(reason)


def _unbake(*arguments: object) -> str:
    command = [sys.executable, "-m", "unbake.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def unavailable() -> Callable[[str], NoReturn]:
    """Skips a test for a reason, or fails it where browser tests are required, as in .ci/run."""
    return _unavailable


@pytest.fixture(scope="session")
def unbake() -> Callable[..., str]:
    """Runs the command as a process of its own; gives what it says on stdout."""
    return _unbake


@pytest.fixture(scope="session")
def npm() -> tuple[str, dict[str, str]]:
    """npm as `make viewer` finds it, and the environment it needs."""
    module = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "make_viewer.py"))
    try:
        return module["find_npm"]()
    except module["NoPageError"] as error:
        _unavailable(str(error))


@pytest.fixture(scope="session")
def packages() -> Path:
    """The sources of the page, with Node's packages as `.ci/browser` installs them."""
    viewer = Path(__file__).parents[2] / "viewer"
    if not (viewer / "node_modules" / "axe-core").is_dir():
        _unavailable("Node's packages are not installed (scripts/make_viewer.py --packages)")
    return viewer


@pytest.fixture(scope="session")
def built() -> Path:
    """The page as it is committed."""
    return BUILT


@pytest.fixture(scope="session")
def legacy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A game's folder: three bundled sets (rust on steel, bricks, painted metal) and a rusty plate of 1024 x 1024."""
    textures = tmp_path_factory.mktemp("legacy") / "textures"
    for name in SETS:
        for path in EXAMPLES.glob(f"{name}*"):
            (textures / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, (textures / name).parent)
    truth = procedural("rust", 1024, 3)
    painted = paint(truth, replace(STYLES["grunge"], compress=0.0), 3)
    write_png(textures / f"{LARGE}.png", painted[MapKind.DIFFUSE])
    write_png(textures / f"{LARGE}_n.png", encode_normal(truth[MapKind.NORMAL], "directx"))
    return textures.parent


@pytest.fixture(scope="session")
def out(built: Path, legacy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The conversion of that folder, with its page: `unbake convert`, then `unbake view`."""
    out = tmp_path_factory.mktemp("converted") / "mod"
    _unbake("convert", legacy, out, "--fast")
    _unbake("view", out, "--no-open")
    return out


@dataclass
class Tab:
    """A tab of the browser, and what it did: errors on the console, addresses that it asked for."""

    page: "Page"
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: Path, part: str = "") -> "Page":
        """A page from its file, when it shows something; part: what follows the #."""
        self.page.goto(path.as_uri() + (f"#{part}" if part else ""))
        self.wait("ready" if part else "gallery")
        return self.page

    def wait(self, state: str) -> None:
        """Until the page says that it is in this state: gallery, loading, ready."""
        self.page.wait_for_selector(f'html[data-state="{state}"]', state="attached")

    def choose(self, name: str) -> None:
        """Ticks a box or a radio button by its id."""
        self.page.check(f"#{name}", force=True)

    def settled(self) -> None:
        """Until what was changed has been drawn."""
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def picture(self, selector: str = "canvas") -> np.ndarray:
        """What an element looks like: uint8 (H, W, 3)."""
        self.settled()
        return np.asarray(Image.open(io.BytesIO(self.page.locator(selector).screenshot())).convert("RGB"))

    def foreign(self) -> list[str]:
        """The addresses that lie outside this machine."""
        return [
            url
            for url in self.asked
            if not url.startswith(("file:", "data:", "blob:", "about:blank", "http://127.0.0.1:"))
        ]


@pytest.fixture(scope="session")
def key_of(out: Path) -> Callable[[str], str]:
    """The key of a set in that page, by its name."""
    index = (out / "view.html").read_bytes().split(b"window.UNBAKE = ", 1)[1].split(b"</script>", 1)[0]
    return {one["name"]: one["key"] for one in json.loads(index)["sets"]}.__getitem__


@pytest.fixture
def soon(capsys: pytest.CaptureFixture[str]) -> Callable[[str, float, list[float]], None]:
    """Asserts that the median of what was measured is below a limit, and prints both.

    The limit holds where nothing else runs; where several programs want each core, it is as many times longer.
    """

    def check(what: str, limit: float, seconds: list[float]) -> None:
        busy = max(os.getloadavg()[0] / (os.cpu_count() or 1), 1.0)
        told = (
            f"{what}: {statistics.median(seconds):.2f} s of {limit:.0f} s x {busy:.1f} (the machine's load)"
        )
        with capsys.disabled():
            print(f"\n{told}")
        assert statistics.median(seconds) <= limit * busy, told

    return check


@pytest.fixture(scope="module")
def browser(built: Path) -> Iterator["Browser"]:
    """One chromium for a module: for longer, Playwright's event loop would be in the way of other rooms' tests."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _unavailable("playwright is not installed (make test installs it)")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        _unavailable("there is no chromium (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def desk(browser: "Browser") -> Tab:
    """The tab that the tests of a module share: a new one costs as much again as what is done in it."""
    return _new_tab(browser, {})


@pytest.fixture
def tab(browser: "Browser", desk: Tab) -> Iterator[Callable[..., Tab]]:
    """Gives the shared tab, emptied; or with any options of Playwright's `new_context` a tab of its own.

    Of every test, and every tab, it holds that nothing is complained of on the console and no request leaves.
    """
    tabs = [desk]
    desk.page.evaluate("() => { try { localStorage.clear() } catch {} }")  # a blank page has none
    desk.page.goto("about:blank")
    desk.errors.clear()
    desk.asked.clear()

    def give(**options: Any) -> Tab:
        if options:
            tabs.append(_new_tab(browser, options))
        return tabs[-1]

    yield give
    for one in tabs[1:]:
        one.page.context.close()
    assert [(one.errors, one.foreign()) for one in tabs] == [([], [])] * len(tabs)


def _new_tab(browser: "Browser", options: dict[str, Any]) -> Tab:
    """Software draws: a small window of 800 x 450 where nothing else is asked for."""
    context = browser.new_context(**{"viewport": {"width": 800, "height": 450}, **options})
    context.set_default_timeout(60_000)
    tab = Tab(context.new_page())
    tab.page.on("console", lambda said: said.type in ("error", "warning") and tab.errors.append(said.text))
    tab.page.on("pageerror", lambda error: tab.errors.append(str(error)))
    tab.page.on("request", lambda request: tab.asked.append(request.url))
    return tab
