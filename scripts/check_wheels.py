"""Checks that the core has a wheel for every platform it is meant for: `python scripts/check_wheels.py [STAMP]`.

Asks pip for the versions of `requirements/core.txt`, by each platform's own markers, and installs nothing. STAMP is
touched when all are there. Where no package index answers, it says so and that is no failure.
"""

import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.requirements import Requirement

LOCK = Path(__file__).parent.parent / "requirements" / "core.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
GLIBC = [f"manylinux{name}_x86_64" for name in (*(f"_2_{minor}" for minor in range(28, 16, -1)), 2014, 2010)]

PLATFORMS = {
    "Windows x64": (["win_amd64"], {"sys_platform": "win32", "platform_machine": "AMD64"}),
    "macOS 14 arm64": (["macosx_14_0_arm64"], {"sys_platform": "darwin", "platform_machine": "arm64"}),
    "Linux x64 glibc 2.28": (GLIBC, {"sys_platform": "linux", "platform_machine": "x86_64"}),
}
"""Of each platform pip's tags and what environment markers see there. macOS 14 is what ONNX Runtime asks for."""


def needs(platform: str, python: str) -> list[str]:
    """The pins that hold on a platform, as name==version."""
    environment = {**PLATFORMS[platform][1], "python_version": python, "python_full_version": f"{python}.0"}
    pins = [Requirement(line) for line in re.findall(r"^(\w[^\\\n]*)", LOCK.read_text("ascii"), re.MULTILINE)]
    held = [pin for pin in pins if pin.marker is None or pin.marker.evaluate(environment)]
    return [f"{pin.name}{pin.specifier}" for pin in held]


def ask(requirements: list[str], *options: str) -> tuple[str, set[str]]:
    """The pin that pip finds no wheel for, "" for none, and the pins that have a wheel for any platform."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "install",
            "--quiet",
            "--dry-run",
        ]
        command += [
            "--ignore-installed",
            "--no-deps",
            "--only-binary=:all:",
            "--report",
            "-",
            "--target",
            folder,
        ]
        answer = subprocess.run([*command, *options, *requirements], capture_output=True, text=True)
    if answer.returncode:
        missing = re.search(r"No matching distribution found for (\S+)", answer.stderr)
        return missing[1] if missing else answer.stderr.strip().splitlines()[-1], set()
    wheels = [
        wheel["download_info"]["url"].rpartition("/")[2] for wheel in json.loads(answer.stdout)["install"]
    ]
    pure = {wheel.split("-")[0].lower() for wheel in wheels if wheel.endswith("-none-any.whl")}
    return "", {pin for pin in requirements if pin.partition("==")[0].replace("-", "_") in pure}


def column(python: str) -> list[str]:
    """The table's cells of one Python; wheels for any platform are asked for once."""
    cells: list[str] = []
    anywhere: set[str] = set()
    for platform, (tags, _) in PLATFORMS.items():
        words = [word for tag in tags for word in ("--platform", tag)]
        pins = [pin for pin in needs(platform, python) if pin not in anywhere]
        missing, found = ask(pins, *words, "--python-version", python, "--implementation", "cp")
        cells.append(f"no {missing}" if missing else "ok")
        anywhere |= found
    return cells


def main(stamp: str | None) -> int:
    """Print the table; 1 where a wheel is missing."""
    if ask(["pip"], "--retries", "0")[0]:
        print("No package index answers, so wheels for other platforms are not looked for.")
        return 0
    with ThreadPoolExecutor(len(PYTHONS)) as pool:
        columns = list(pool.map(column, PYTHONS))
    print(f"{'wheels of the core':22}" + "  ".join(f"{python:6}" for python in PYTHONS))
    for platform, *cells in zip(PLATFORMS, *columns, strict=True):
        print(f"{platform:22}" + "  ".join(f"{cell:6}" for cell in cells))
    if any(cell != "ok" for cells in columns for cell in cells):
        return 1
    if stamp:
        Path(stamp).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(next(iter(sys.argv[1:]), None)))
