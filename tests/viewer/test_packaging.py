"""The committed page: built from today's sources, in every wheel, and built anew where Node is."""

import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = "unbake/bundled/viewer/index.html"

NPM = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$1" = ci ]; then
  mkdir -p node_modules/three && echo {} > node_modules/.package-lock.json && echo MIT > node_modules/three/LICENSE
fi
if [ "$1" = run ]; then mkdir -p dist && printf '<meta charset="utf-8">\\nthe page\\n' > dist/index.html; fi
"""
"""What of npm matters here."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What building the page reads of the project."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(PROJECT / "scripts" / "make_viewer.py", tmp_path / "scripts")
    for name in ("src/main.ts", "index.html", "package.json", "package-lock.json", "vite.config.ts"):
        path = tmp_path / "viewer" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text("")
    (tmp_path / "unbake" / "bundled").mkdir(parents=True)
    return tmp_path


def make(checkout: Path, node: str = "v24.1.0", *options: str) -> subprocess.CompletedProcess[str]:
    """`make viewer`, by a Python that has no Node beside it; node: what Node says of its version, "" for none."""
    tools = checkout / "tools"
    shutil.rmtree(tools, ignore_errors=True)
    tools.mkdir()
    if node:
        for name, text in {"node": f"#!/bin/sh\necho {node}\n", "npm": NPM}.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
    for name in ("sh", "mkdir"):
        (tools / name).symlink_to(shutil.which(name) or name)
    script = checkout / "scripts" / "make_viewer.py"
    code = (
        "import runpy, sys; sys.executable = '/nowhere/python'; del sys.argv[0];"
        "runpy.run_path(sys.argv[0], None, '__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(script), *options],
        env={"PATH": str(tools), "CALLS": str(checkout / "calls")},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    """What npm was asked, by its first word."""
    made = checkout / "calls"
    return [line.split()[0] for line in made.read_text().splitlines()] if made.exists() else []


def script() -> dict[str, Any]:
    return runpy.run_path(str(PROJECT / "scripts" / "make_viewer.py"))


def test_the_committed_page_was_built_from_todays_sources():
    made = script()
    assert made["built_from"]() == made["fingerprint"](), "run `make viewer` and commit the page"


def test_the_committed_page_is_what_node_builds_from_its_sources(
    packages: Path, npm: tuple[str, dict[str, str]], tmp_path: Path
):
    command, environment = npm
    subprocess.run(
        [command, "run", "--silent", "build", "--", "--outDir", str(tmp_path), "--logLevel", "error"],
        cwd=packages, env=environment, capture_output=True, check=True,
    )  # fmt: skip
    assert script()["marked"]((tmp_path / "index.html").read_bytes()) == (PROJECT / PAGE).read_bytes()


def test_the_page_carries_the_licence_of_what_is_inside():
    page = (PROJECT / PAGE).read_text("utf-8")
    assert "three.js authors" in page and "Permission is hereby granted" in page


def test_a_wheel_carries_the_page_and_needs_no_node(tmp_path: Path):
    for name in ("pyproject.toml", "README.md", "LICENSE", "unbake/__init__.py", "unbake/version.py", PAGE):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
         "--disable-pip-version-check", "--wheel-dir", str(tmp_path / "wheels"), str(tmp_path)],
        capture_output=True, check=True,
    )  # fmt: skip
    (wheel,) = (tmp_path / "wheels").glob("*.whl")
    assert PAGE in zipfile.ZipFile(wheel).namelist()


def test_nothing_is_built_twice_and_the_second_time_needs_no_node(checkout: Path):
    told = [make(checkout, node).stdout for node in ("v24.1.0", "")]
    assert told == [f"{PAGE}: built\n", f"{PAGE}: up to date\n"]
    assert calls(checkout) == ["ci", "run"]


def test_a_changed_source_is_built_again_with_the_packages_that_are_there(checkout: Path):
    make(checkout)
    (checkout / "viewer" / "src" / "main.ts").write_text("changed")
    make(checkout)
    assert calls(checkout) == ["ci", "run", "run"]


def test_a_source_with_other_line_ends_is_the_same_source(checkout: Path):
    told = []
    for ends in ("a\nb\n", "a\r\nb\r\n"):
        (checkout / "viewer" / "src" / "main.ts").write_bytes(ends.encode())
        told.append(make(checkout).stdout)
    assert told == [f"{PAGE}: built\n", f"{PAGE}: up to date\n"]


def test_packages_are_installed_where_the_page_is_up_to_date_if_asked(checkout: Path):
    make(checkout)
    shutil.rmtree(checkout / "viewer" / "node_modules")
    make(checkout, "v24.1.0", "--packages")
    assert calls(checkout) == ["ci", "run", "ci"]


@pytest.mark.parametrize(("node", "came"), [("", "got none"), ("v18.20.4", "got Node v18.20.4")])
def test_a_machine_without_a_usable_node_gets_one_sentence(checkout: Path, node: str, came: str):
    done = make(checkout, node)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("unbake: Expected Node 20.19 or newer")
    assert came in done.stderr
