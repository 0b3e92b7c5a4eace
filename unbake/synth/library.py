"""Procedural materials as a folder in MatSynth's layout: data for rehearsals, and more of it for training."""

import json
from collections.abc import Sequence
from pathlib import Path

from unbake.domain.maps import MapKind, spec
from unbake.image.files import write_atomic, write_png
from unbake.image.normals import encode_normal
from unbake.synth.materials import CATEGORY, NAMES, procedural

SOURCE = "unbake/procedural"
"""What `metadata.json` names as the source: splits can hold it apart from measured materials."""

_FILES = {MapKind.ALBEDO: "basecolor"}
_IMPLIED = (MapKind.AO, MapKind.HEIGHT)


def write_library(
    folder: Path, size: int = 512, seeds: int = 1, implied: bool = False, names: Sequence[str] = NAMES
) -> int:
    """Write `seeds` materials of each of these procedural kinds under `folder`; returns how many were written.

    size: side, texels. implied: also write AO and height, which follow exactly from the normal map here as they
    never do in the field, so that networks trained on them would learn to trust the geometry channels blindly.
    Normals are OpenGL, as MatSynth's. Seeds vary widely. A material that is there already is left alone.
    """
    written = 0
    for name in names:
        for seed in range(seeds):
            place = folder / CATEGORY[name] / f"procedural_{name}_{seed}"
            if (place / "metadata.json").is_file():
                continue
            place.mkdir(parents=True, exist_ok=True)
            for kind, pixels in procedural(name, size, seed, varied=True).items():
                if kind in _IMPLIED and not implied:
                    continue
                unit = encode_normal(pixels, "opengl") if spec(kind).vector else pixels
                write_png(place / f"{_FILES.get(kind, str(kind))}.png", unit, bits=spec(kind).bits)
            metadata = {
                "name": place.name,
                "category": CATEGORY[name],
                "license": "CC0",
                "source": SOURCE,
                "normal": "opengl",
                "metallic": "given",
                "tileable": True,
            }
            write_atomic(place / "metadata.json", json.dumps(metadata, indent=1).encode())
            written += 1
    return written
