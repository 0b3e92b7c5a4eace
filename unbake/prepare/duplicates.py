"""Diffuses that copy the base colour: game pairs are quarantined, MatSynth's are marked; after `skyrim`.

ROOT/data/Skyrim/<folder>/<name>  ->  ROOT/data/duplicates/<folder>/<name>
ROOT/data/duplicates/undo.json        names of the moved materials, to move them back
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any, get_args

from unbake.data.hygiene import Mark, mark_of
from unbake.data.parallel import in_processes
from unbake.data.sources import pictures_in
from unbake.decoding import decode_any_json
from unbake.domain.layout import data_folder, duplicates_folder, materials_folder
from unbake.domain.materials import Domain
from unbake.errors import FileError, UnbakeError, UsageError
from unbake.files import is_draft, safe_join, write_atomic
from unbake.image.files import read_picture
from unbake.prepare.folders import read_metadata, update_metadata

LARGE_SHARE = 0.2
"""More of the game's pairs than this are moved only when a person says so."""

UNDO = "undo.json"


def find_duplicates(
    root: Path, workers: int = 2, on_progress: Callable[[int, int], None] | None = None
) -> tuple[dict[str, Mark], dict[str, Mark], list[dict[str, str]]]:
    """The kind of every diffuse, by material: those of MatSynth, those of Skyrim; and the files that cannot be read.

    Materials that were painted over, or have no diffuse, are not among them. UsageError where there is no project.
    """
    if not (data_folder(root)).is_dir():
        raise UsageError(
            f"Expected a project in {root}, found none; check --root, or lay one out: unbake init."
        )
    places = [place for domain in get_args(Domain) for place in _with_diffuse(materials_folder(root, domain))]
    found: dict[Path, dict[str, Mark]] = {materials_folder(root, domain): {} for domain in get_args(Domain)}
    failed = []
    work = partial(_mark, matsynth=materials_folder(root, "matsynth"))
    for done, (place, (mark, problem)) in enumerate(in_processes(work, places, workers), 1):
        material = f"{place.parent.name}/{place.name}"
        if mark is not None:
            found[place.parents[1]][material] = mark
        if problem:
            failed.append({"material": material, "reason": problem})
        if on_progress:
            on_progress(done, len(places))
    matsynth, skyrim = found.values()
    return matsynth, skyrim, sorted(failed, key=itemgetter("material"))


def quarantine(
    root: Path, matsynth: dict[str, Mark], skyrim: dict[str, Mark], sure: bool = False
) -> dict[str, Any]:
    """Move the game's duplicates to a folder of their own and mark MatSynth's diffuses; a report, for JSON.

    matsynth, skyrim: from `find_duplicates`. sure: also when more than LARGE_SHARE of the game's pairs are to be
    moved; else that is a UsageError, and nothing is moved or marked. Errors: FileError.
    """
    moving = sorted(material for material, mark in skyrim.items() if mark == "basecolor")
    if not sure and len(moving) > LARGE_SHARE * len(skyrim):
        raise UsageError(
            f"Expected at most {LARGE_SHARE:.0%} of the {len(skyrim)} pairs to be duplicates, found {len(moving)}; "
            "look at some of them (--dry-run names them), then say --yes to move them."
        )
    matsynth_folder, skyrim_folder = (materials_folder(root, domain) for domain in get_args(Domain))
    for material, mark in matsynth.items():
        update_metadata(matsynth_folder / material, {"diffuse": mark})
    for material, mark in skyrim.items():
        if mark == "black":
            update_metadata(skyrim_folder / material, {"diffuse": mark})
    quarantined = duplicates_folder(root)
    if moving:
        # First what is to be undone: killed between two moves, everything can still go back.
        _write_undo(quarantined, [*_read_undo(quarantined), *moving])
    for material in moving:
        _move(skyrim_folder / material, quarantined / material)
    return summary(matsynth, skyrim)


def summary(matsynth: dict[str, Mark], skyrim: dict[str, Mark]) -> dict[str, Any]:
    """The findings, for the report: counts, and the names of materials that are no pair of their own."""

    def names(marks: dict[str, Mark], mark: Mark) -> list[str]:
        return sorted(material for material, found in marks.items() if found == mark)

    return {
        "matsynth": dict(sorted(Counter(matsynth.values()).items())),
        "skyrim": dict(sorted(Counter(skyrim.values()).items())),
        "moved": names(skyrim, "basecolor"),
        "black": names(matsynth, "black") + names(skyrim, "black"),
    }


def undo(root: Path) -> list[str]:
    """Move back the materials that `quarantine` moved; their names. UsageError when there is nothing to undo."""
    quarantined, skyrim_folder = duplicates_folder(root), materials_folder(root, "skyrim")
    moved = _read_undo(quarantined)
    if not moved:
        raise UsageError(f"Expected moves to undo in {quarantined / UNDO}, found none; nothing was moved.")
    back = []
    for material in moved:
        place = safe_join(quarantined, material)
        if place.is_dir():  # else it was never moved: that run was killed
            _move(place, safe_join(skyrim_folder, material))
            back.append(material)
            with suppress(OSError):  # other materials may be in it
                place.parent.rmdir()
    (quarantined / UNDO).unlink()
    return back


def _with_diffuse(folder: Path) -> Iterator[Path]:
    for place in sorted(folder.glob("*/*/")):
        if not is_draft(place.name) and {"diffuse", "basecolor"} <= pictures_in(place).keys():
            yield place


def _mark(place: Path, matsynth: Path) -> tuple[Mark | None, str]:
    """The kind of a folder's diffuse, None where it is a painting; and the sentence why that is unknown."""
    files = pictures_in(place)
    try:
        if (read_metadata(place) or {}).get("diffuse") == "synthetic":
            return None, ""
        diffuse, basecolor = (read_picture(files[stem]).rgb() for stem in ("diffuse", "basecolor"))
        # MatSynth's diffuse is the base colour without its metals; a game's is painted there too.
        bare = place.parents[1] == matsynth and "metallic" in files
        metallic = read_picture(files["metallic"]).unit()[..., :1] if bare else None
        return mark_of(diffuse, basecolor, metallic), ""
    except UnbakeError as error:
        return None, str(error)


def _read_undo(quarantined: Path) -> list[str]:
    path = quarantined / UNDO
    if not path.is_file():
        return []
    try:
        return [str(material) for material in decode_any_json(path.read_bytes())["moved"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileError(
            f"Expected what was moved in {path}, got {error}; mend the file, or move by hand."
        ) from error


def _write_undo(quarantined: Path, moved: list[str]) -> None:
    undoing = {"from": "data/Skyrim", "moved": sorted(set(moved))}
    write_atomic(quarantined / UNDO, json.dumps(undoing, indent=1, ensure_ascii=False).encode())


def _move(place: Path, to: Path) -> None:
    if to.exists():
        raise FileError(f"Expected no folder at {to}, found one; remove one of it and {place}.")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        place.rename(to)
    except OSError as error:
        raise FileError(
            f"{place} cannot be moved to {to} ({error.strerror}); check space and rights."
        ) from error
