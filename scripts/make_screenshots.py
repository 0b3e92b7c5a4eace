"""Take the README's pictures of the pages: `python scripts/make_screenshots.py OUT [FOLDER]`, or `make screenshots`.

OUT is a conversion of the bundled examples whose page `unbake view` has written. Needs playwright and chromium.
"""

import os
import shutil
import sys
from pathlib import Path
from tempfile import gettempdir
from threading import Thread

from playwright.sync_api import Browser, sync_playwright

from unbake.app.site import AppSite
from unbake.app.state import Settings
from unbake.report.loopback import listen, url_of

EXAMPLES = Path(__file__).resolve().parent.parent / "unbake" / "bundled" / "examples" / "legacy"

SHOTS = {
    "architecture/keep/keepwall01": ("wall", "plane", "studio", (-55, 25)),
    "clutter/toolchest01": ("paint", "cylinder", "studio", (-35, 45)),
    "dungeons/ruins/ruinsgate01": ("rust", "sphere", "outdoor", (-50, 40)),
}
"""Of each set: the name of its picture, the shape, the surroundings, azimuth and height of the light."""

READY = (
    "name => document.documentElement.dataset.state === 'ready'"
    " && document.querySelector('#name').innerText === name"
)
"""Whether a set is shown."""

FLAGS = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--force-color-profile=srgb"]


def main(out: Path, folder: Path) -> None:
    """The gallery, then the stage of each set, before on the left and after on the right."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        page = browser.new_page(viewport={"width": 920, "height": 600}, device_scale_factor=1.5)
        page.goto((out / "view.html").resolve().as_uri())
        page.wait_for_function(
            "document.images.length > 5 && [...document.images].every(one => one.complete)"
        )
        page.screenshot(path=folder / "viewer-gallery.jpg", type="jpeg", quality=85)
        keys = page.evaluate("Object.fromEntries(UNBAKE.sets.map(it => [it.name, it.key]))")
        for name, (picture, shape, surroundings, light) in SHOTS.items():
            page.evaluate("key => { location.hash = '#set=' + key }", keys[name])
            page.wait_for_function(READY, arg=name)
            page.check(f"#shape-{shape}", force=True)
            page.check(f"#environment-{surroundings}", force=True)
            for control, value in zip(("azimuth", "elevation"), light, strict=True):
                page.locator(f"#light-{control}").fill(str(value))
            page.wait_for_timeout(1000)
            page.locator("#stage-box").screenshot(
                path=folder / f"viewer-{picture}.jpg", type="jpeg", quality=85
            )
        app(browser, out, folder)
        browser.close()


def app(browser: Browser, out: Path, folder: Path) -> None:
    """The page of `unbake app` with a finished conversion, under paths that say nothing of this machine."""
    place = Path(gettempdir(), "Mods")  # as the picture shows it
    place.mkdir()
    try:
        _app(browser, out, folder, place)
    finally:
        shutil.rmtree(place)


def _app(browser: Browser, out: Path, folder: Path, place: Path) -> None:
    os.environ["UNBAKE_CACHE"] = str(place / "cache")
    mod, result = Path(place, "Old Walls"), Path(place, "Old Walls - PBR")
    shutil.copytree(EXAMPLES, mod)
    result.symlink_to(out.resolve())
    site = AppSite(lambda shown: None)
    with listen(site) as served:
        Thread(target=served.serve_forever, daemon=True).start()
        site.job.show(Settings((str(mod),), str(result)))
        page = browser.new_page(viewport={"width": 900, "height": 1500})
        page.goto(url_of(served))
        page.locator("#result-list img").nth(5).wait_for()
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / "app.jpg", type="jpeg", quality=80)
        page.goto("about:blank")
        served.shutdown()


if __name__ == "__main__":
    docs = Path(__file__).resolve().parent.parent / "docs"
    main(Path(sys.argv[1]), Path(*sys.argv[2:]) if sys.argv[2:] else docs)
