"""Procedural materials as a folder in MatSynth's layout: data for rehearsals, and more of it for training."""

from collections.abc import Sequence
from pathlib import Path

from unbake.data.sources import PROCEDURAL
from unbake.domain.layout import METADATA
from unbake.domain.maps import MapKind
from unbake.prepare.folders import write_folder
from unbake.synth.materials import CATEGORY, NAMES, procedural

_IMPLIED = (MapKind.AO, MapKind.HEIGHT)


def write_library(
    folder: Path, size: int = 512, seeds: int = 1, implied: bool = False, names: Sequence[str] = NAMES
) -> int:
    """Write `seeds` materials of each of these procedural kinds under `folder`; returns how many were written.

    size: side, texels. implied: also write AO and height, which follow exactly from the normal map here as they
    never do in the field, so that networks trained on them would learn to trust the geometry channels blindly.
    Normals are OpenGL, as MatSynth's. Seeds vary widely. A material that is there already is left alone.
    Errors: FileError.
    """
    written = 0
    for name in names:
        for seed in range(seeds):
            place = folder / CATEGORY[name] / f"procedural_{name}_{seed}"
            if (place / METADATA).is_file():
                continue
            maps = procedural(name, size, seed, varied=True)
            metadata = {
                "name": place.name,
                "category": CATEGORY[name],
                "license": "CC0",
                "source": PROCEDURAL,
                "normal": "opengl",
                "metallic": "given",
                "tileable": True,
            }
            write_folder(
                place, {kind: maps[kind] for kind in maps if implied or kind not in _IMPLIED}, metadata
            )
            written += 1
    return written
