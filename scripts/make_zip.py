"""Make the zip that a Windows modder unpacks and runs: `python scripts/make_zip.py OUT.zip`.

Any system with pip will do to make it, since pip fetches Windows' wheels, of the versions and with the hashes of
`requirements/core.txt` and, for .7z, `requirements/dev.txt`. The one file that pip does not have is Python itself,
python.org's "Windows embeddable package (64-bit)": name it with --python to pack it in, or let the modder put it beside
`unbake.bat`. `docs/WINDOWS.md` tells the whole recipe.
"""

import argparse
import ast
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

PROJECT = Path(__file__).parent.parent
RUNTIMES = ("onnxruntime", "onnxruntime-directml")
SITE = "python/Lib/site-packages"
NEWEST_KNOWN = "3.12"
"""The Python that a zip without one asks for."""

NOT_EMBEDDED = {"ensurepip", "idlelib", "lib2to3", "test", "tkinter", "turtle", "turtledemo", "venv"}
"""Parts of the standard library that the embeddable package leaves out."""

SEVEN_ZIP = (
    "py7zr", "backports-zstd", "brotli", "inflate64", "multivolumefile", "pybcj", "pycryptodomex", "pyppmd", "texttable"
)  # fmt: skip
"""The extra that a modder wants, with all that it needs on Windows; the rest of it is in the core."""

WITH_EXTRAS = {"pyarrow"}
"""Packages that come with an extra's and that only code for it imports."""

WINDOWS = {
    "sys_platform": "win32",
    "platform_machine": "AMD64",
    "platform_system": "Windows",
    "os_name": "nt",
}

READY = r"""@echo off
setlocal
if exist "%~dp0python\python.exe" goto ready
call "%~dp0python\unpack.bat"
if errorlevel 1 goto end
:ready
"""
"""Jumps and no brackets, since cmd.exe and Wine's read brackets and || after an `if` differently."""

RUN = rf"""{READY}"%~dp0python\python.exe" -X utf8 -m unbake.cli %*
:end
"""
APP = rf"""{READY}"%~dp0python\python.exe" -X utf8 -m unbake.cli app
:end
if errorlevel 1 pause
"""
DROP = rf"""{READY}if "%~1"=="" goto help
set "target=%~dpn1"
if exist "%~f1\*" set "target=%~f1"
"%~dp0python\python.exe" -X utf8 -m unbake.cli convert "%~f1" "%target% - PBR"
goto end
:help
echo Drop a mod's folder, a .zip, a .7z or a .bsa on this file. The result lies beside it, called "... - PBR".
:end
pause
"""
UNPACK = r"""@echo off
setlocal
pushd "%~dp0.."
for %%f in (python-{version}.*-embed-amd64.zip) do set "found=%%f"
if defined found "%SystemRoot%\System32\tar.exe" -xf "%found%" -C python
if exist python\python.exe copy /y python\paths.txt python\python{digits}._pth >nul
popd
if exist "%~dp0python{digits}._pth" exit /b 0
echo Expected the file python-{version}.*-embed-amd64.zip beside unbake.bat, got none that unpacks.
echo Download the "Windows embeddable package (64-bit)" of Python {version} from
echo https://www.python.org/downloads/windows/ and put it there as it is, then start this again.
exit /b 2
"""
PATHS = "python{digits}.zip\n.\nLib\\site-packages\nimport site\n"
"""By which the embeddable Python finds packages; it looks nowhere else."""

READ_ME = """unbake {version}: old game textures to PBR
{python}
1. Start "Start unbake.bat": a page in your browser does the rest. Or:
   drop a mod's folder (or a .zip, .7z or .bsa) on "Drop a mod here.bat".
2. Look at report.html in the new folder "... - PBR", then install that folder as a mod.
3. Run PGPatcher, then play with Community Shaders and its TruePBR feature on.

In a command window, "unbake.bat --help" tells the rest, and "unbake.bat doctor" whether all works.
Converting another author's textures gives you no right to redistribute them.
"""
ONE_FILE_MORE = """
0. Once: download the "Windows embeddable package (64-bit)" of Python {version} from
   https://www.python.org/downloads/windows/ and put the file here, beside unbake.bat, as it is.
"""


def make(out: Path, embedded: Path | None, runtime: str) -> None:
    """Build our wheel, fetch Windows' wheels of what it needs, check that nothing is missing, and zip all of it."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    python = NEWEST_KNOWN if embedded is None else python_version(embedded)
    with tempfile.TemporaryDirectory() as folder:
        site, wheel = Path(folder) / "site", build_wheel(Path(folder))
        windows = ["--quiet", "--platform", "win_amd64", "--python-version", python, "--implementation", "cp"]
        windows += ["--only-binary=:all:", "--no-deps", "--target", str(site)]
        locked = Path(folder) / "windows.txt"
        lines = pins("core.txt", python, leave_out=RUNTIMES[0] if runtime != RUNTIMES[0] else "")
        lines += [line for line in pins("dev.txt", python) if line.partition("==")[0] in SEVEN_ZIP]
        locked.write_text("\n".join(lines))
        pip("install", *windows, "--require-hashes", "--requirement", str(locked))
        pip("install", *windows, "pip", *([] if runtime == RUNTIMES[0] else [runtime]), str(wheel))
        if missing := lacking(site, project):
            sys.exit(
                f"The zip would not run: unbake imports {', '.join(missing)}, of which there is nothing in it."
            )
        assemble(embedded, site, out, project["version"], python)


def pins(lock: str, python: str, leave_out: str = "") -> list[str]:
    """The lines of a lock in requirements/ that hold on Windows with this Python, with hashes and without markers."""
    environment = WINDOWS | {"python_version": python, "python_full_version": f"{python}.0"}
    lines = []
    text = (PROJECT / "requirements" / lock).read_text("ascii")
    for block in re.findall(r"^\w.*(?:\n[ \t]+.*)*", text, re.MULTILINE):
        need = Requirement(block.partition("\\")[0])
        if need.name != leave_out and (need.marker is None or need.marker.evaluate(environment)):
            lines.append(" ".join([f"{need.name}{need.specifier}", *re.findall(r"--hash=\S+", block)]))
    return lines


def lacking(site: Path, project: dict[str, Any]) -> list[str]:
    """What unbake in `site` imports and neither `site` nor the embeddable Python has, but for what extras bring.

    project: the table of `pyproject.toml`.
    """
    extras = {import_name(need) for needs in project["optional-dependencies"].values() for need in needs}
    wanted: set[str] = set()
    for path in (site / "unbake").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                wanted.add((node.module or "").partition(".")[0])
    there = {path.name.partition(".")[0] for path in site.iterdir()}
    there |= set(sys.stdlib_module_names) - NOT_EMBEDDED
    left_out = extras - {import_name(need) for need in project["dependencies"]} | WITH_EXTRAS
    return sorted(wanted - there - left_out)


def import_name(need: str) -> str:
    """The name by which a required package is imported, as far as its own tells."""
    return Requirement(need).name.lower().replace("-", "_")


def build_wheel(folder: Path, *options: str) -> Path:
    """Our own wheel, built in a copy of the sources, since what an earlier build left beside them would get in."""
    sources = folder / "sources"
    shutil.copytree(PROJECT / "unbake", sources / "unbake", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, sources)
    pip("wheel", "--quiet", "--no-deps", *options, "--wheel-dir", str(folder / "wheels"), str(sources))
    (wheel,) = (folder / "wheels").glob("*.whl")
    return wheel


def assemble(embedded: Path | None, site: Path, out: Path, version: str, python: str) -> None:
    """One zip of a folder of installed packages, the files that start them, and the embeddable Python where given."""
    top, names = f"unbake-{version}", {"version": python, "digits": python.replace(".", "")}
    paths = PATHS.format(**names)
    texts = {
        "unbake.bat": RUN,
        "Start unbake.bat": APP,
        "Drop a mod here.bat": DROP,
        "READ ME.txt": READ_ME.format(
            version=version, python="" if embedded else ONE_FILE_MORE.format(**names)
        ),
        "LICENSE.txt": (PROJECT / "LICENSE").read_text("utf-8"),
    }
    if embedded is None:
        texts |= {"python/unpack.bat": UNPACK.format(**names), "python/paths.txt": paths}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            put(archive, f"{top}/{name}", in_lines_of_windows(text))
        if embedded is not None:
            with zipfile.ZipFile(embedded) as parts:
                for name in sorted(entry for entry in parts.namelist() if not entry.endswith("/")):
                    data = in_lines_of_windows(paths) if name.endswith("._pth") else parts.read(name)
                    put(archive, f"{top}/python/{name}", data)
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts and path.suffix != ".pdb":
                put(archive, f"{top}/{SITE}/{path.relative_to(site).as_posix()}", path.read_bytes())


def in_lines_of_windows(text: str) -> bytes:
    """A text with the line ends that cmd.exe needs."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode()


def put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """A file of the zip, without the time of day, so that the same parts give the same bytes."""
    archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)


def python_version(embedded: Path) -> str:
    """The version of an embeddable Python, such as 3.12, by its `python312._pth`."""
    with zipfile.ZipFile(embedded) as archive:
        for name in archive.namelist():
            if found := re.fullmatch(r"python(\d)(\d+)\._pth", name):
                return ".".join(found.groups())
    sys.exit(
        f"{embedded} was expected to be python.org's Windows embeddable package, but has no python3XX._pth"
    )


def pip(*arguments: str) -> None:
    """Run pip of the Python that runs this."""
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], check=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT.zip")
    parser.add_argument(
        "--python", type=Path, metavar="EMBEDDED.zip", help="pack python.org's embeddable package in"
    )
    parser.add_argument(
        "--runtime", choices=RUNTIMES, default=RUNTIMES[0], help="directml: any GPU on Windows"
    )
    given = parser.parse_args()
    make(given.out, given.python, given.runtime)
