"""The page's way into a wheel: built where Node is, left out with a sentence where it is not, never built twice."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
PAGE = "unbake/bundled/viewer/index.html"

NPM = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$1" = ci ]; then mkdir -p node_modules && echo {} > node_modules/.package-lock.json; fi
if [ "$1" = run ]; then mkdir -p dist && echo "the page" > dist/index.html; fi
"""
"""What of npm matters here."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What packaging reads of the project, without the models."""
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "scripts/make_viewer.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    for name in (
        "viewer/src/main.ts",
        "viewer/package.json",
        "viewer/package-lock.json",
        "unbake/__init__.py",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("")
    (tmp_path / "unbake" / "bundled").mkdir()
    return tmp_path


def environment(checkout: Path, node: str = "v24.1.0") -> dict[str, str]:
    """The environment of a machine whose Node says this of its version; "" has none."""
    tools = checkout / "tools"
    tools.mkdir(exist_ok=True)
    if node:
        for name, text in {"node": f"#!/bin/sh\necho {node}\n", "npm": NPM}.items():
            (tools / name).write_text(text)
            (tools / name).chmod(0o755)
    for name in ("sh", "mkdir"):
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name) or name)
    return {**os.environ, "PATH": str(tools), "CALLS": str(checkout / "calls")}


def make(checkout: Path, node: str = "v24.1.0") -> subprocess.CompletedProcess[str]:
    """`make viewer`, by a Python that has no Node beside it."""
    code = (
        "import runpy, sys; sys.executable = '/nowhere/python'; runpy.run_path(sys.argv[1], None, '__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(checkout / "scripts" / "make_viewer.py")],
        env=environment(checkout, node),
        capture_output=True,
        text=True,
        check=False,
    )


def calls(checkout: Path) -> list[str]:
    """What npm was asked, by its first word."""
    return [line.split()[0] for line in (checkout / "calls").read_text().splitlines()]


def wheel(checkout: Path, node: str) -> tuple[list[str], str]:
    """The names in the wheel that pip builds, and what pip said."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-v", "--no-deps", "--no-index", "--no-build-isolation",
         "--disable-pip-version-check", "--wheel-dir", str(checkout / "wheels"), str(checkout)],
        env=environment(checkout, node), capture_output=True, text=True, check=True,
    )  # fmt: skip
    (path,) = (checkout / "wheels").glob("*.whl")
    return zipfile.ZipFile(path).namelist(), done.stdout + done.stderr


def test_a_wheel_carries_the_page_where_node_can_build_it(checkout: Path):
    names, _ = wheel(checkout, "v24.1.0")
    assert (PAGE in names, calls(checkout)) == (True, ["ci", "run"])


@pytest.mark.skipif(
    bool(shutil.which("npm", path=str(Path(sys.executable).parent))),
    reason="this Python has a Node of its own",
)
def test_a_wheel_without_node_is_built_without_the_page_and_says_so(checkout: Path):
    names, told = wheel(checkout, "")
    assert ("unbake/__init__.py" in names, PAGE in names) == (True, False)
    assert "this wheel has no viewer page (Expected Node 20.19 or newer with npm" in told


def test_nothing_is_built_twice(checkout: Path):
    told = [make(checkout).stdout for _ in range(2)]
    assert told == [f"{PAGE}: built\n", f"{PAGE}: up to date\n"]
    assert calls(checkout) == ["ci", "run"]


def test_a_changed_source_is_built_again_with_the_packages_that_are_there(checkout: Path):
    make(checkout)
    later = (checkout / PAGE).stat().st_mtime + 1
    os.utime(checkout / "viewer" / "src" / "main.ts", (later, later))
    make(checkout)
    assert calls(checkout) == ["ci", "run", "run"]


@pytest.mark.parametrize(("node", "came"), [("", "there is none"), ("v18.20.4", "there is Node v18.20.4")])
def test_a_machine_without_a_usable_node_gets_one_sentence(checkout: Path, node: str, came: str):
    done = make(checkout, node)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("unbake: Expected Node 20.19 or newer")
    assert came in done.stderr
