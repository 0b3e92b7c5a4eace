"""Reads what Vortex has deployed into a game's Data folder as a load order; for `load_order`.

Vortex links the files of all mods into Data, of several with one name the winner alone, and writes
`vortex.deployment.json` beside them: which mod each file is from. So Data is what the game sees, and the manifest tells
whose it is.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

from unbake.convert.load_order import LoadOrder
from unbake.decoding import decode_json
from unbake.errors import UsageError
from unbake.evidence.load_order import active_names

MANIFEST: Final = "vortex.deployment.json"

_LONGEST: Final = 1 << 30


class _File(msgspec.Struct, frozen=True, rename="camel"):
    """A deployed file: its path below Data, in a folder `target` of it where there is one, and its mod."""

    rel_path: str
    source: str
    target: str = ""


class _Manifest(msgspec.Struct, frozen=True):
    files: list[_File] = []


def deployment_at(folder: Path) -> Path | None:
    """The Data folder with a manifest: the folder itself or the one in it; None where there is none."""
    return next((place for place in (folder, folder / "Data") if (place / MANIFEST).is_file()), None)


def read_deployment(data: Path, plugins: Path | None = None) -> LoadOrder:
    """The load order that is deployed in `data`.

    plugins: a `plugins.txt`, None for the game's own of this account. UsageError where the manifest cannot be read.
    """
    path = data / MANIFEST
    try:
        if path.stat().st_size > _LONGEST:
            raise UsageError(
                f"Expected a list of files in {path}, got a file of more than 1 GB; deploy again."
            )
        manifest = decode_json(path.read_bytes(), _Manifest)
    except (OSError, msgspec.DecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(
            f"Expected Vortex's list of files in {path}, got: {why}; deploy again in Vortex."
        ) from error
    owners = {
        "/".join(part for part in (*_parts(file.target), *_parts(file.rel_path)) if part).lower(): file.source
        for file in manifest.files
    }
    order = plugins if plugins is not None else plugins_of_this_account()
    return LoadOrder(
        title="what Vortex has deployed",
        mods=(),
        data=data,
        owners=owners,
        plugins=() if order is None else tuple(active_names(order)),
        places=(data,),
    )


def plugins_of_this_account() -> Path | None:
    """The list of plugins that the game reads, on Windows; None where there is none."""
    local = os.environ.get("LOCALAPPDATA")
    path = Path(local) / "Skyrim Special Edition" / "plugins.txt" if local else None
    return path if path is not None and path.is_file() else None


def _parts(path: str) -> list[str]:
    return path.replace("\\", "/").split("/")
