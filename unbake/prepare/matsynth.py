"""Imports MatSynth's rows as folders in ROOT/data/MatSynth; between `matsynth_rows` and `data.sources`.

    <category>/<name>/{basecolor,diffuse,normal,roughness,metallic,height,ao,opacity}.png + metadata.json

Normals are OpenGL, heights 16 bit. MatSynth's own `specular` (the F0 of a renderer) is left out: beside a diffuse
that name means a game's specular mask.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from unbake.data.hygiene import is_normal_map, mark_of, mostly_black, normal_length
from unbake.data.parallel import in_processes
from unbake.data.truth import LEAST_SIDE
from unbake.domain.layout import MATSYNTH_MAPS, STEMS, same_proportions
from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import class_of
from unbake.errors import FileError, TextureSetError, UnbakeError
from unbake.files import STALE_S, clear_drafts
from unbake.image.arrays import Maps
from unbake.image.files import decode_picture
from unbake.image.normals import decode_normal, flip_green
from unbake.image.resample import at_size
from unbake.prepare.folders import finished, safe_name, write_folder
from unbake.prepare.matsynth_rows import Heading, Row, Shard, Source
from unbake.prepare.occlusion import derived_ao

Outcome = Literal["written", "blend"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows to import, and their size. px: long side at most, None = as published. licences: empty = all.

    blends: take rows with a blend mask too. They are mixtures of other rows, and no split can keep them apart from
    what they are made of.
    """

    px: int | None = 1024
    licences: Collection[str] = ()
    limit: int | None = None
    blends: bool = False


def import_rows(
    source: Source,
    into: Path,
    wanted: Wanted,
    workers: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write the wanted rows that are not in `into` yet; a report of what was found, for JSON.

    A row whose folder is complete is done, and a file with nothing but such rows is not fetched. A row that cannot
    be used is named under "failed" with its reason, and the rest goes on. on_progress: (rows done, rows there will
    be: an estimate until the last file is open).
    """
    clear_drafts(into, recursive=True, older_than_s=STALE_S)
    report = _Report()

    def jobs() -> Iterator[tuple[Row, Path]]:
        for shard in _within(source.shards(), wanted.limit, report):
            places = [report.place(into, heading, wanted) for heading in shard.headings]
            report.estimate(source.total, wanted.limit)
            if not any(places):
                continue
            try:
                # Places first: beyond the limit no row is fetched.
                for place, row in zip(places, shard.rows(), strict=False):
                    if place is not None:
                        yield row, place
            except Exception as error:  # damaged bytes, a lost connection: errors of many packages
                report.fail(shard.place, f"Expected to read all of it, got {type(error).__name__}: {error}")

    for (row, _), outcome in in_processes(partial(_written, wanted=wanted), jobs(), workers):
        report.note(row.heading, outcome)
        if on_progress:
            on_progress(report.done, max(report.done, report.expected))
    return report.summary(into)


def _within(shards: Iterator[Shard], limit: int | None, report: "_Report") -> Iterator[Shard]:
    """The shards up to the limit, which may cut through one; one without rows is a failure."""
    left = limit
    for shard in shards:
        if not shard.headings:
            report.fail(shard.place, shard.unread)
        yield replace(shard, headings=shard.headings[:left]) if left is not None else shard
        if left is not None:
            left -= len(shard.headings)
            if left <= 0:
                return


class _Report:
    """Counts of an import, and the places of its rows."""

    def __init__(self) -> None:
        self.done = self.expected = self._opened = self._there = self._written = 0
        self._failed: list[dict[str, str]] = []
        self._other_licences: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._places: list[Path] = []

    def place(self, into: Path, heading: Heading, wanted: Wanted) -> Path | None:
        """The folder of a row, or None when it is not wanted or there already."""
        name = safe_name(heading.name)
        if not name:
            self.fail(heading.place, "Expected a name, got none.")
            return None
        place = into / heading.category / name
        self._names[place.as_posix().lower()] += 1
        if (copies := self._names[place.as_posix().lower()]) > 1:
            place = place.with_name(f"{name}_{copies}")
        if wanted.licences and heading.licence.lower() not in {
            licence.lower() for licence in wanted.licences
        }:
            self._other_licences[heading.licence or "unknown"] += 1
            return None
        self._places.append(place)
        about = finished(place)
        if about is not None and not (about.get("left_out") and wanted.blends):
            self.done += 1
            self._there += 1
            return None
        return place

    def estimate(self, shards: int, limit: int | None) -> None:
        """So many rows there will be, if every file has as many as those opened so far."""
        self._opened += 1
        self.expected = min(
            round(len(self._places) * shards / self._opened), limit if limit is not None else 2**31
        )

    def note(self, heading: Heading, outcome: Outcome | str) -> None:
        """One row is done. outcome: of it, or the sentence why it failed."""
        self.done += 1
        if outcome == "written":
            self._written += 1
        elif outcome != "blend":
            self.fail(heading.place, outcome)

    def fail(self, row: str, reason: str) -> None:
        self._failed.append({"row": row, "reason": reason})

    def summary(self, into: Path) -> dict[str, Any]:
        """The report, with what all the rows asked for are, now and from earlier runs."""
        present = [about for place in self._places if (about := finished(place)) is not None]
        blends = [about["name"] for about in present if about.get("left_out")]
        taken = [about for about in present if not about.get("left_out")]

        def count(key: str) -> dict[str, int]:
            return dict(sorted(Counter(str(about.get(key, "none")) for about in taken).items()))

        categories = count("category")
        return {
            "folder": str(into),
            "materials": len(taken),
            "written": self._written,
            "there_already": self._there,
            "failed": sorted(self._failed, key=itemgetter("row")),
            "blends_left_out": sorted(blends),
            "other_licences": dict(sorted(self._other_licences.items())),
            "licences": count("license"),
            "categories": categories,
            "without_class": {name: n for name, n in categories.items() if class_of(name) is None},
            "diffuse": count("diffuse"),
            "ao": count("ao"),
            "metallic": count("metallic"),
        }


def _written(job: tuple[Row, Path], wanted: Wanted) -> Outcome | str:
    """Writes one material, whole or not at all; or the sentence that says why not. Runs in a worker process."""
    row, place = job
    try:
        if "blend_mask" in row.pictures and not wanted.blends:
            metadata = {"name": place.name, "blend": True, "left_out": "a blend of other materials"}
            write_folder(place, {}, metadata)
            return "blend"
        maps, published, length = _maps(row, wanted.px)
        metadata = _metadata(row, place.name, maps, published) | {"normal_length": round(length, 3)}
        write_folder(place, maps, metadata)
    except UnbakeError as error:
        return str(error)
    return "written"


def _maps(row: Row, px: int | None) -> tuple[Maps, set[MapKind], float]:
    """The maps of a row at their size, float32 in the ranges of their specs; which were published; the normals' length.

    The length is the mean before they are made unit vectors, which an audit could not see afterwards.
    """
    stored = _decoded(row)
    _check(stored)
    height, width = stored[MapKind.ALBEDO].shape[:2]
    length = normal_length(stored[MapKind.NORMAL])
    stored[MapKind.NORMAL] = decode_normal(stored[MapKind.NORMAL], "opengl")
    if "directx" in (row.heading.about.get("normal"), row.heading.about.get("normal_convention")):
        stored[MapKind.NORMAL] = flip_green(stored[MapKind.NORMAL])
    factor = min(1.0, px / max(height, width)) if px else 1.0
    maps = at_size(stored, max(LEAST_SIDE, round(height * factor)), max(LEAST_SIDE, round(width * factor)))
    published = set(maps)
    if MapKind.AO not in maps and MapKind.HEIGHT in maps:
        tiles = _tiles(row.heading)
        ao = derived_ao(maps[MapKind.HEIGHT], maps[MapKind.NORMAL], (tiles, tiles))
        if ao is not None:
            maps[MapKind.AO] = ao
    return maps, published, length


def _decoded(row: Row) -> Maps:
    """The pictures of a row as stored, float32 (H, W, C) in [0, 1], each of its own size."""
    stored: Maps = {}
    for kind in MATSYNTH_MAPS:
        column = next((stem for stem in STEMS[kind] if stem in row.pictures), None)
        if column is not None:
            unit = decode_picture(row.pictures[column], f"{column} of {row.heading.name}").unit()
            channels = spec(kind).channels
            unit = unit[..., :1] if channels == 1 else unit
            stored[kind] = unit.repeat(3, -1) if unit.shape[-1] < channels else unit[..., :channels]
    return stored


def _check(stored: Maps) -> None:
    """Raise TextureSetError for maps that do not fit together, FileError for one that cannot be its kind."""
    for kind in (MapKind.ALBEDO, MapKind.NORMAL):
        if kind not in stored:
            raise TextureSetError(f"Expected {STEMS[kind][0]} among its pictures, found none.")
    if mostly_black(stored[MapKind.ALBEDO]):
        raise FileError("Expected a base colour, got a black picture.")
    if not is_normal_map(stored[MapKind.NORMAL]):
        raise FileError("Expected a tangent normal map, got a picture with little blue.")
    height, width = stored[MapKind.ALBEDO].shape[:2]
    for kind, image in stored.items():
        if not same_proportions(image.shape, (height, width)):
            raise TextureSetError(
                f"Expected the base colour's proportions ({width}x{height}) in {STEMS[kind][0]}, "
                f"got {image.shape[1]}x{image.shape[0]}."
            )
    if min(height, width) < LEAST_SIDE:
        raise FileError(f"Expected {LEAST_SIDE} pixels a side or more, got {width}x{height}.")


def _metadata(row: Row, name: str, maps: Maps, published: set[MapKind]) -> dict[str, Any]:
    """metadata.json of a material; its published metadata stay under "published", for credits."""
    heading = row.heading
    metal = heading.about.get("metallic")
    if metal not in ("zero", "unknown"):
        metal = "given" if MapKind.METALLIC in maps else "unknown"
    metadata: dict[str, Any] = {
        "name": name,
        "category": heading.category,
        "source": str(heading.about.get("source") or "MatSynth"),
        "license": heading.licence or "unknown",
        "tileable": _tiles(heading),
        "metallic": metal,
        "normal_convention": "opengl",
        "size": [maps[MapKind.ALBEDO].shape[1], maps[MapKind.ALBEDO].shape[0]],
        "published": heading.about | {"split": heading.split},
    }
    if MapKind.AO in maps:
        metadata["ao"] = "given" if MapKind.AO in published else "derived"
    if MapKind.DIFFUSE in maps:
        metadata["diffuse"] = mark_of(maps[MapKind.DIFFUSE], maps[MapKind.ALBEDO], maps.get(MapKind.METALLIC))
    if "blend_mask" in row.pictures:
        metadata["blend"] = True
    return metadata


def _tiles(heading: Heading) -> bool:
    """MatSynth tiles, all of it; a folder's metadata may say otherwise."""
    return heading.about.get("tileable") is not False
