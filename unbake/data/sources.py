"""Lists the materials of a folder, MatSynth's or Skyrim's, before any pixel is read; between the disk and `split`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from unbake.decoding import decode_json
from unbake.domain.layout import METADATA, PICTURE_SUFFIXES, STEMS
from unbake.domain.maps import MapKind
from unbake.domain.materials import Domain
from unbake.errors import FileError, UsageError
from unbake.files import is_draft

PROCEDURAL = "unbake/procedural"
"""The source that procedural materials name in their metadata."""

Metal = Literal["given", "zero", "unknown"]

LAYOUT = (
    "<category>/<name>/{basecolor,normal,roughness[,metallic][,ao][,height][,diffuse][,specular]}.png|jpg|tga "
    "[+ metadata.json]"
)

_READ: tuple[MapKind, ...] = (
    MapKind.ALBEDO, MapKind.NORMAL, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT
)  # fmt: skip
"""The targets, and the normal, in the order of the cache's channels."""

_PAINTED = re.compile(r"diffuse_syn_(\d+)$")

_RESOLUTION = re.compile(r"_\d{1,2}k(_(jpg|png))?$")
_COLOUR_WORD = re.compile(r"_(black|white|grey|gray|red|green|blue|yellow|brown|dark|light|color|colour)$")
_VARIANT_LETTER = re.compile(r"(?<=\d{3})_?[a-z]$")
_VARIANT_NUMBER = re.compile(r"(?<!\d)_?\d{1,2}$")
_ASSET_NUMBER = re.compile(r"_?(\d{3,})$")


@dataclass(frozen=True, slots=True)
class Painting:
    """A legacy diffuse on disk, and the specular mask beside it where its artist made one."""

    diffuse: Path
    specular: Path | None


@dataclass(frozen=True, slots=True)
class MaterialSource:
    """One material on disk, before any pixel is read.

    id: "<category>/<name>", unique in its folder.
    paths: the targets and the normal there are, by what they hold; a missing map is absent (it is never zero).
    tileable: what the metadata say, or None: to be measured.
    metal: "given" = there is a metallic map; "zero" = a dielectric, metallic is 0 everywhere; "unknown".
    source: where it is from, without the commit ("owner/repo"), or "".
    family: near-copies share one; see `family`, and `audit.join`, which writes it to the metadata.
    own: the material's own diffuse, which makes it a real pair; None where it has none or the metadata say it is
    another's. marked: the metadata say it is its own; without a mark the pixels decide (`hygiene.mark_of`).
    painted: synthetic diffuses on disk. derived: maps computed during preparation: they may be trained on, and are no
    ground truth to measure a prediction by.
    """

    id: str
    category: str
    paths: dict[MapKind, Path]
    tileable: bool | None
    metal: Metal
    licence: str
    source: str
    family: str
    domain: Domain = "matsynth"
    own: Painting | None = None
    marked: bool = False
    painted: tuple[Painting, ...] = ()
    derived: frozenset[MapKind] = frozenset()

    @property
    def sized_by(self) -> Path:
        """The file whose size all maps are brought to: what the networks predict from, or for."""
        if self.domain == "skyrim" and self.own is not None:
            return self.own.diffuse
        return self.paths[MapKind.ALBEDO]


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


def list_materials(folder: Path, domain: Domain = "matsynth") -> list[MaterialSource]:
    """Every material under `folder` that can be trained on, sorted by id.

    "matsynth" needs a base colour and a normal; "skyrim" a diffuse of its own and a normal, every target may be
    missing. Names are MatSynth's and case does not matter. metadata.json may say of `diffuse`: "own" (a real
    pair), "basecolor" or "black" (left aside), "synthetic" (painted: it counts as such). Errors: UsageError
    when there is none, FileError when a metadata.json cannot be read (it decides metal and licence, so nothing
    is guessed).

    >>> list_materials(Path("materials"))[0].id          # doctest: +SKIP
    'ceramic/roofingtiles012a'
    """
    if not folder.is_dir():
        raise UsageError(
            f"Expected a folder of materials at {folder}, which does not exist; import some (unbake data {domain}), "
            f"or lay it out as {LAYOUT}."
        )
    found = []
    for place in sorted(folder.glob("*/*/")):
        if is_draft(place.name):
            continue
        material = _material(place, domain)
        input_there = material.own is not None if domain == "skyrim" else MapKind.ALBEDO in material.paths
        if input_there and MapKind.NORMAL in material.paths:
            found.append(material)
    if not found:
        needed = "a diffuse of their own" if domain == "skyrim" else "basecolor"
        raise UsageError(
            f"Expected materials with {needed} and normal in {folder}, found none; import some (unbake data "
            f"{domain}), or lay it out as {LAYOUT}."
        )
    return found


def pictures_in(place: Path) -> dict[str, Path]:
    """The pictures of a folder by their stem in lower case; of two suffixes the first of PICTURE_SUFFIXES."""
    files = [path for path in sorted(place.iterdir()) if path.suffix.lower() in PICTURE_SUFFIXES]
    found: dict[str, Path] = {}
    for path in sorted(files, key=lambda path: PICTURE_SUFFIXES.index(path.suffix.lower())):
        found.setdefault(path.stem.lower(), path)
    return found


def _material(place: Path, domain: Domain) -> MaterialSource:
    pictures = pictures_in(place)
    paths: dict[MapKind, Path] = {}
    for kind in _READ:
        for stem in reversed(STEMS[kind]):
            if stem in pictures:
                paths[kind] = pictures[stem]
    about = _metadata(place / METADATA)
    source = str(about.get("source") or "").split("@")[0]
    tileable, mark = about.get("tileable"), about.get("diffuse")
    own = Painting(pictures["diffuse"], pictures.get("specular")) if "diffuse" in pictures else None
    numbers = sorted(int(match[1]) for stem in pictures if (match := _PAINTED.match(stem)))
    painted = [Painting(pictures[f"diffuse_syn_{k}"], pictures.get(f"specular_syn_{k}")) for k in numbers]
    if own and mark == "synthetic":
        painted.insert(0, own)
    return MaterialSource(
        id=f"{place.parent.name}/{place.name}",
        category=place.parent.name.lower(),
        paths=paths,
        tileable=tileable if isinstance(tileable, bool) else None,
        metal=_metal(about.get("metallic"), MapKind.METALLIC in paths),
        licence=str(about.get("license") or about.get("licence") or ""),
        source=source,
        family=str(about.get("family") or family(place.name, source)),
        domain=domain,
        own=None if mark in ("basecolor", "black", "synthetic") else own,
        marked=mark == "own",
        painted=tuple(painted),
        derived=frozenset({MapKind.AO}) if about.get("ao") == "derived" else frozenset(),
    )


def _metal(stated: object, has_map: bool) -> Metal:
    """Knowledge of the metal: the metadata come first, as a shipped map can be a placeholder."""
    if stated == "zero":
        return "zero"
    if stated == "unknown" or not has_map:
        return "unknown"
    return "given"


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return decode_json(path.read_bytes(), dict[str, Any])
    except (msgspec.DecodeError, OSError) as error:
        raise FileError(
            f"Expected a JSON object in {path}, got something else ({error}); correct or remove it."
        ) from error
