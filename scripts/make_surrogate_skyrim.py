"""Fill a project with a surrogate for Skyrim's pairs, where there is no game: some materials in a style of their own.

A quarter of the material families (by a hash of their names) goes to ROOT/data/Skyrim as painted pairs, the rest
stays MatSynth's; held-out sources stay whole. Legacy texture packs join with their height as the only target.
"""

import json
import shutil
import zlib
from pathlib import Path
from typing import Annotated

import typer

from unbake.data.sources import MaterialSource, list_materials
from unbake.domain.maps import MapKind, spec
from unbake.image.files import read_picture
from unbake.image.normals import decode_normal
from unbake.prepare.folders import write_folder
from unbake.project import Project
from unbake.train.surrogate_skyrim import write_surrogate

LEGACY = {"d": MapKind.DIFFUSE, "n": MapKind.NORMAL, "s": MapKind.SPECULAR, "h": MapKind.HEIGHT}
"""Contents of a legacy pack's files, by the end of their names."""


def main(
    materials: Annotated[Path, typer.Argument(help="Ground truth in MatSynth's layout.")],
    root: Annotated[Path, typer.Argument(help="Project to fill.")],
    legacy: Annotated[Path | None, typer.Option(help="<pack>/<name>_{d,n,s,h}.jpg, normals DirectX.")] = None,
    held_out: Annotated[list[str] | None, typer.Option(help="Sources kept for measuring.")] = None,
    share: Annotated[float, typer.Option(help="Share of the other families that becomes Skyrim.")] = 0.25,
) -> None:
    """Fill ROOT/data/MatSynth and ROOT/data/Skyrim from one folder of materials (and legacy packs)."""
    sources = list_materials(materials, "matsynth")
    moved = [s for s in sources if s.source not in (held_out or ()) and unit(s) < share]
    for source in sources:
        if source not in moved:
            place = Project(root).materials("matsynth") / source.id
            shutil.copytree(materials / source.id, place, dirs_exist_ok=True)
    for problem in write_surrogate(moved, Project(root).materials("skyrim")):
        typer.echo(f"left out: {problem}", err=True)
    packs = sorted(legacy.glob("*/*_h.jpg"))[::5] if legacy else []  # else they outnumber the painted pairs
    for height in packs:
        write_legacy(height, Project(root).materials("skyrim"))
    typer.echo(
        f"{len(sources) - len(moved)} materials, {len(moved)} surrogate pairs, {len(packs)} legacy textures"
    )


def unit(source: MaterialSource) -> float:
    """A number in [0, 1) that depends on the family's name alone."""
    return zlib.crc32(f"stand-in {source.family}".encode()) / 2**32


def write_legacy(height: Path, folder: Path) -> None:
    """One legacy texture as a pair whose only target is its height."""
    stem = height.stem.removesuffix("_h")
    maps = {}
    for suffix, kind in LEGACY.items():
        path = height.with_name(f"{stem}_{suffix}.jpg")
        if path.is_file():
            about = spec(kind)
            unit = read_picture(path).unit()[..., : about.channels]
            maps[kind] = decode_normal(unit, "directx") if about.vector else unit
    licence = json.loads((height.parent / "LICENSE.json").read_bytes())
    metadata = {
        "name": stem,
        "category": "legacy",
        "license": licence.get("license", ""),
        "metallic": "unknown",
    }
    metadata |= {"source": height.parent.name, "normal_convention": "opengl"}
    write_folder(folder / "legacy" / f"{height.parent.name}_{stem}", maps, metadata)


if __name__ == "__main__":
    typer.run(main)
