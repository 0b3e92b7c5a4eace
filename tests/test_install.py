"""The lock, and the script that heals ./.venv."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[1]
TOLD = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = TOLD["optional-dependencies"]


def pins(lock: str) -> dict[str, str]:
    text = (PROJECT / "requirements" / lock).read_text("ascii")
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", text, re.MULTILINE))


@pytest.mark.parametrize(
    "lock, needs",
    [
        ("core.txt", TOLD["dependencies"]),
        ("dev.txt", TOLD["dependencies"] + EXTRAS["train"] + EXTRAS["dev"]),
        ("torch.txt", [one for one in EXTRAS["train"] if one.startswith("torch>")]),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, needs: list[str]) -> None:
    there = pins(lock)
    asked = [Requirement(one) for one in needs]
    missing = [
        one.name
        for one in asked
        if (one.name != "torch" or lock == "torch.txt")
        and not one.specifier.contains(there.get(canonicalize_name(one.name), "0"))
    ]
    assert missing == []


def test_both_locks_hold_the_same_versions() -> None:
    core, dev = pins("core.txt"), pins("dev.txt")
    assert core == {name: dev[name] for name in core}


@pytest.mark.parametrize("lock", ["core.txt", "dev.txt"])
def test_every_pin_has_a_hash_and_none_tells_where_it_came_from(lock: str) -> None:
    text = (PROJECT / "requirements" / lock).read_text("ascii")
    assert all("--hash=sha256:" in one for one in re.split(r"\n(?=\w)", text))
    assert not re.search(r"--index|--find-links|://", text)


def test_wheels_are_looked_for_by_each_platforms_own_markers() -> None:
    needs = runpy.run_path(str(PROJECT / "scripts" / "check_wheels.py"))["needs"]
    names = {
        platform: {pin.partition("==")[0] for pin in needs(platform, "3.14")}
        for platform in ("Windows x64", "macOS 14 arm64", "Linux x64 glibc 2.28")
    }
    assert names["macOS 14 arm64"] == names["Linux x64 glibc 2.28"]
    assert names["Windows x64"] - names["macOS 14 arm64"] == {"bethkit", "colorama"}
    assert names["Windows x64"] > names["macOS 14 arm64"]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """The script in a project of its own."""
    (tmp_path / ".ci").mkdir()
    return Path(shutil.copy(PROJECT / ".ci" / "venv", tmp_path / ".ci" / "venv"))


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", str(script), *arguments], capture_output=True, text=True)


def fake_python(path: Path, version: str) -> Path:
    """A program that answers as a Python of that version does to the questions of the script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\ncase "$2" in *print*) echo {version} ;; *) exit 1 ;; esac\n')
    path.chmod(0o755)
    return path


needs_sh = pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")


@needs_sh
def test_a_venv_that_serves_stays(script: Path) -> None:
    venv = script.parents[1] / ".venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    assert run(script, "heal").stderr == ""
    assert venv.is_dir()


@needs_sh
def test_a_venv_without_a_python_that_runs_is_taken_away(script: Path) -> None:
    venv = script.parents[1] / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").symlink_to("/nowhere/python")
    told = "Expected Python 3.11 or newer in .venv, got none that runs; it is made anew.\n"
    assert run(script, "heal").stderr == told
    assert not venv.exists()


@needs_sh
def test_a_venv_of_an_old_python_is_taken_away(script: Path) -> None:
    venv = script.parents[1] / ".venv"
    fake_python(venv / "bin" / "python", "3.10")
    assert (
        run(script, "heal").stderr == "Expected Python 3.11 or newer in .venv, got 3.10; it is made anew.\n"
    )
    assert not venv.exists()


@needs_sh
def test_a_venv_without_pip_is_taken_away(script: Path) -> None:
    venv = script.parents[1] / ".venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    assert run(script, "heal").stderr == "Expected pip in .venv, got one half made; it is made anew.\n"
    assert not venv.exists()


@needs_sh
def test_no_venv_is_made_of_an_old_python(script: Path, tmp_path: Path) -> None:
    old = fake_python(tmp_path / "python3.10", "3.10")
    answer = run(script, "make", str(old))
    assert answer.returncode == 1
    assert answer.stderr.startswith("Expected Python 3.11 or newer, got 3.10; ")
    assert not (tmp_path / ".venv").exists()
