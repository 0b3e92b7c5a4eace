"""Lists the materials of a MatSynth-layout folder: the first step of a sample's way, before the split."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from unbake.domain.maps import MapKind
from unbake.errors import FileError, UsageError

Metal = Literal["given", "zero", "unknown"]

LAYOUT = (
    "<category>/<name>/{basecolor,normal,roughness[,metallic][,ao][,height]}.png|jpg|tga [+ metadata.json]"
)

# Later names give way to earlier ones: a folder with both height and displacement is read for its height.
_FILES: tuple[tuple[str, MapKind], ...] = (
    ("basecolor", MapKind.ALBEDO),
    ("normal", MapKind.NORMAL),
    ("roughness", MapKind.ROUGHNESS),
    ("metallic", MapKind.METALLIC),
    ("ao", MapKind.AO),
    ("height", MapKind.HEIGHT),
    ("displacement", MapKind.HEIGHT),
)
_SUFFIXES = (".png", ".jpg", ".jpeg", ".tga")
_NEEDED = (MapKind.ALBEDO, MapKind.NORMAL)

_RESOLUTION = re.compile(r"_\d{1,2}k(_(jpg|png))?$")
_COLOUR_WORD = re.compile(r"_(black|white|grey|gray|red|green|blue|yellow|brown|dark|light|color|colour)$")
_VARIANT_LETTER = re.compile(r"(?<=\d{3})_?[a-z]$")
_VARIANT_NUMBER = re.compile(r"(?<!\d)_?\d{1,2}$")
_ASSET_NUMBER = re.compile(r"_?(\d{3,})$")


@dataclass(frozen=True, slots=True)
class MaterialSource:
    """One material on disk, before any pixel is read.

    id: "<category>/<name>", unique in its folder.
    paths: the files there are, by what they hold; a missing map is absent (it is never zero).
    tileable: what the metadata say, or None: to be measured.
    metal: "given" = there is a metallic map; "zero" = a dielectric, metallic is 0 everywhere; "unknown".
    source: where it is from, without the commit ("owner/repo"), or "".
    family: near-copies share one; see `family`.
    """

    id: str
    category: str
    paths: dict[MapKind, Path]
    tileable: bool | None
    metal: Metal
    licence: str
    source: str
    family: str


def family(name: str, source: str = "") -> str:
    """The family of a material: what a split must not part, because its members are near-copies.

    An asset number (three digits or more) names a published asset, whoever ships it; the letter after
    it is a variant. Shorter numbers and colour words are variants too, and such plain names mean
    something only within one source.

    >>> family("Ground049A"), family("door_2", "a/b"), family("bishop_black")
    ('ground049', 'a/b:door', 'bishop')
    """
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    stem = _RESOLUTION.sub("", stem)
    before = ""
    while before != stem:
        before = stem
        for pattern in (_COLOUR_WORD, _VARIANT_LETTER, _VARIANT_NUMBER):
            stem = pattern.sub("", stem) or stem
    if _ASSET_NUMBER.search(stem):
        return _ASSET_NUMBER.sub(r"\1", stem)
    return f"{source}:{stem}" if source else stem


def list_materials(folder: Path) -> list[MaterialSource]:
    """Every material under `folder` that has at least a base colour and a normal, sorted by id.

    Names are MatSynth's and case does not matter. Errors: UsageError when there is none, FileError when
    a metadata.json cannot be read (it decides metal and licence, so nothing is guessed).

    >>> list_materials(Path("materials"))[0].id          # doctest: +SKIP
    'ceramic/roofingtiles012a'
    """
    if not folder.is_dir():
        raise UsageError(
            f"Expected a folder of materials at {folder}, which does not exist; lay it out as {LAYOUT}."
        )
    found = []
    for place in sorted(folder.glob("*/*/")):
        paths = _maps_in(place)
        if all(kind in paths for kind in _NEEDED):
            found.append(_material(place, paths))
    if not found:
        raise UsageError(
            f"Expected materials with basecolor and normal in {folder}, found none; lay it out as {LAYOUT}."
        )
    return found


def _maps_in(place: Path) -> dict[MapKind, Path]:
    files = {p.name.lower(): p for p in sorted(place.iterdir()) if p.suffix.lower() in _SUFFIXES}
    paths: dict[MapKind, Path] = {}
    for stem, kind in _FILES:
        for suffix in _SUFFIXES:
            if stem + suffix in files:
                paths.setdefault(kind, files[stem + suffix])
    return paths


def _material(place: Path, paths: dict[MapKind, Path]) -> MaterialSource:
    about = _metadata(place / "metadata.json")
    source = str(about.get("source") or "").split("@")[0]
    tileable = about.get("tileable")
    return MaterialSource(
        id=f"{place.parent.name}/{place.name}",
        category=place.parent.name.lower(),
        paths=paths,
        tileable=tileable if isinstance(tileable, bool) else None,
        metal=_metal(about.get("metallic"), MapKind.METALLIC in paths),
        licence=str(about.get("license") or about.get("licence") or ""),
        source=source,
        family=family(place.name, source),
    )


def _metal(said: object, has_map: bool) -> Metal:
    """What is known of the metal: the metadata's word first, as a shipped map can be a placeholder."""
    if said == "zero":
        return "zero"
    if said == "unknown" or not has_map:
        return "unknown"
    return "given"


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (msgspec.DecodeError, OSError) as error:
        raise FileError(
            f"Expected a JSON object in {path}, got something else ({error}); correct or remove it."
        ) from error
