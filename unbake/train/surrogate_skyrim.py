"""Surrogate for Skyrim's pairs, for rehearsals and machines without the game: materials painted in a style apart."""

from collections.abc import Callable, Sequence
from pathlib import Path
from zlib import crc32

from unbake.data.sources import MaterialSource
from unbake.data.truth import read_material
from unbake.domain.layout import METADATA, STEMS
from unbake.domain.maps import MapKind
from unbake.errors import UnbakeError
from unbake.image.resample import at_size
from unbake.prepare.folders import write_folder
from unbake.synth.levels import mod_level
from unbake.synth.painter import paint
from unbake.synth.styles import Style

STYLE = Style(
    sun=(0.35, 0.65),
    elevation=(30.0, 55.0),
    relief=(0.9, 1.7),
    warmth=(0.06, 0.14),
    cavity=(0.2, 0.55),
    edge=(0.1, 0.45),
    contrast=(1.05, 1.25),
    saturation=(0.6, 0.85),
    dirt=(0.15, 0.45),
    tint=(0.01, 0.04),
    soft=(0.2, 0.8),
    compress=1.0,
)
"""Darker, greyer, with a harder sun than the styles networks learn from, and made of none of evaluation's; always
block-compressed."""


def write_surrogate(
    materials: Sequence[MaterialSource],
    folder: Path,
    size: int = 512,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Write each material as a pair of the Skyrim domain under `folder`; returns a sentence for each left out.

    size: longest side, texels. A pair is `diffuse.png` (painted in STYLE), `specular.png` where that artist made
    one, and the truth maps. The pairs of one source are one mod, as the cache takes them: painted at one level.
    Existing pairs are not touched.
    """
    problems = []
    for done, source in enumerate(materials, 1):
        place = folder / source.id
        try:
            if not (place / METADATA).is_file():
                _write_pair(source, place, size)
        except UnbakeError as error:
            problems.append(f"{source.id}: {error}")
        if on_progress:
            on_progress(done, len(materials))
    return problems


def _write_pair(source: MaterialSource, place: Path, size: int) -> None:
    truth = read_material(source)
    height, width = truth[MapKind.ALBEDO].shape[:2]
    factor = min(1.0, size / max(height, width))
    truth = at_size(truth, round(height * factor), round(width * factor))
    about = {
        "name": place.name,
        "category": source.category,
        "license": source.licence,
        "source": source.source,
        "normal_convention": "opengl",
        "metallic": source.metal,
        "tileable": source.tileable,
        "surrogate": "painted from a material's maps; no game texture",
    }
    # A source is a mod to the cache (see `data.levels`), and networks read its diffuses at that mod's level.
    level = mod_level(crc32(source.source.encode())) if source.source else None
    painted = paint(truth, STYLE, sum(source.id.encode()), level)
    # Folders of pairs have no environment mask: real ones come without.
    write_folder(place, truth | {kind: painted[kind] for kind in STEMS if kind in painted}, about)
