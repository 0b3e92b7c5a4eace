"""Fill a project with a stand-in for Skyrim, where there is no game: part of the materials, painted otherwise.

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
from unbake.image.files import read_picture, write_atomic, write_png
from unbake.image.normals import decode_normal, encode_normal
from unbake.train.standin import write_standin


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
            place = root / "data" / "MatSynth" / source.id
            shutil.copytree(materials / source.id, place, dirs_exist_ok=True)
    for problem in write_standin(moved, root / "data" / "Skyrim"):
        typer.echo(f"left out: {problem}", err=True)
    packs = sorted(legacy.glob("*/*_h.jpg"))[::5] if legacy else []  # else they outnumber the painted pairs
    for height in packs:
        write_legacy(height, root / "data" / "Skyrim")
    typer.echo(f"{len(sources) - len(moved)} materials, {len(moved)} stand-ins, {len(packs)} legacy textures")


def unit(source: MaterialSource) -> float:
    """A number in [0, 1) that depends on the family's name alone."""
    return zlib.crc32(f"stand-in {source.family}".encode()) / 2**32


def write_legacy(height: Path, folder: Path) -> None:
    """One legacy texture as a pair whose only target is its height."""
    stem = height.stem.removesuffix("_h")
    place = folder / "legacy" / f"{height.parent.name}_{stem}"
    place.mkdir(parents=True, exist_ok=True)
    for suffix, name in (("d", "diffuse"), ("n", "normal"), ("s", "specular"), ("h", "height")):
        path = height.with_name(f"{stem}_{suffix}.jpg")
        if path.is_file():
            pixels = read_picture(path).unit()
            if name == "normal":
                pixels = encode_normal(decode_normal(pixels[..., :3], "directx"), "opengl")
            write_png(place / f"{name}.png", pixels if name in ("diffuse", "normal") else pixels[..., :1])
    licence = json.loads((height.parent / "LICENSE.json").read_bytes())
    about = {"name": stem, "category": "legacy", "license": licence.get("license", ""), "metallic": "unknown"}
    about |= {"source": height.parent.name, "normal_convention": "opengl"}
    write_atomic(place / "metadata.json", json.dumps(about, indent=1).encode())


if __name__ == "__main__":
    typer.run(main)
