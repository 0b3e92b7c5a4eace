"""Make the zip that a Windows modder unpacks and runs: `python scripts/make_zip.py EMBEDDED_PYTHON.zip OUT.zip`.

EMBEDDED_PYTHON.zip is python.org's "Windows embeddable package (64-bit)". Any system with pip will do to make it,
since pip fetches Windows' wheels; `docs/WINDOWS.md` tells the whole recipe.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parent.parent
RUNTIMES = ("onnxruntime", "onnxruntime-directml")
SITE = "python/Lib/site-packages"

RUN = r"""@echo off
"%~dp0python\python.exe" -X utf8 -m unbake.cli %*
"""
DROP = r"""@echo off
if "%~1"=="" (
  echo Drop a mod's folder or a .bsa on this file. The result lies beside it, called "... - PBR".
) else (
  "%~dp0python\python.exe" -X utf8 -m unbake.cli convert "%~f1" "%~f1 - PBR"
)
pause
"""
READ_ME = """unbake {version}: old game textures to PBR

1. Drop a mod's folder (or a .bsa) on "Drop a mod here.bat".
2. Look at report.html in the new folder "... - PBR", then install that folder as a mod.
3. Run PGPatcher, then play with Community Shaders and its TruePBR feature on.

In a command window, "unbake.bat --help" tells the rest, and "unbake.bat doctor" whether all works.
Converting another author's textures gives you no right to redistribute them.
"""


def make(embedded: Path, out: Path, runtime: str) -> None:
    """Build the wheel, fetch Windows' wheels of what it needs, and put all of it into one zip."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    # Markers would be read for the system that runs this, and every one of the core's holds on Windows.
    needs = [re.sub(r"^onnxruntime\b", runtime, need).partition(";")[0] for need in project["dependencies"]]
    lock = (PROJECT / "requirements" / "core.txt").read_text("ascii")
    with tempfile.TemporaryDirectory() as folder:
        site, wheel = Path(folder) / "site", build_wheel(Path(folder))
        windows = ["--platform", "win_amd64", "--python-version", python_version(embedded)]
        windows += ["--only-binary=:all:", "--target", str(site)]
        pins = (
            Path(folder) / "pins.txt"
        )  # without their hashes, for pip and another runtime are not in the lock
        pins.write_text("\n".join(re.findall(r"^[\w.-]+==[\w.]+", lock, re.MULTILINE)))
        pip("install", *windows, "--constraint", str(pins), "pip", *needs)
        pip("install", *windows, "--no-deps", str(wheel))
        assemble(embedded, site, out, project["version"])


def build_wheel(folder: Path, *options: str) -> Path:
    """Our own wheel, built in a copy of the sources, since what an earlier build left beside them would get in."""
    sources = folder / "sources"
    shutil.copytree(PROJECT / "unbake", sources / "unbake", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(PROJECT / name, sources)
    pip("wheel", "--quiet", "--no-deps", *options, "--wheel-dir", str(folder / "wheels"), str(sources))
    (wheel,) = (folder / "wheels").glob("*.whl")
    return wheel


def assemble(embedded: Path, site: Path, out: Path, version: str) -> None:
    """One zip of the embeddable Python, a folder of installed packages, and the files that start it."""
    top = f"unbake-{version}"
    texts = {
        "unbake.bat": RUN,
        "Drop a mod here.bat": DROP,
        "READ ME.txt": READ_ME.format(version=version),
        "LICENSE.txt": (PROJECT / "LICENSE").read_text("utf-8"),
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, zipfile.ZipFile(embedded) as python:
        for name, text in texts.items():
            put(archive, f"{top}/{name}", text.replace("\r\n", "\n").replace("\n", "\r\n").encode())
        for name in sorted(entry for entry in python.namelist() if not entry.endswith("/")):
            data = python.read(name)
            if name.endswith("._pth"):  # by which the embeddable Python finds no packages unless told
                data = (
                    f"{name.removesuffix('._pth')}.zip\r\n.\r\nLib\\site-packages\r\nimport site\r\n".encode()
                )
            put(archive, f"{top}/python/{name}", data)
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            if "__pycache__" not in path.parts and path.suffix != ".pdb":
                put(archive, f"{top}/{SITE}/{path.relative_to(site).as_posix()}", path.read_bytes())


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
    parser.add_argument("embedded", type=Path, metavar="EMBEDDED_PYTHON.zip")
    parser.add_argument("out", type=Path, metavar="OUT.zip")
    parser.add_argument(
        "--runtime", choices=RUNTIMES, default=RUNTIMES[0], help="directml: any GPU on Windows"
    )
    given = parser.parse_args()
    make(given.embedded, given.out, given.runtime)
