"""Audit of a project's materials: findings, near-copies and the split of each family; reads, and changes nothing.

Its findings are for a person, except near-copies: `join` lets them share a family, so that no split parts them.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from unbake.data.hygiene import (
    is_constant,
    mostly_black,
    near_copies,
    normal_problem,
    perceptual_hash,
    suspicious_relief,
)
from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource, list_materials, pictures_in
from unbake.data.split import split
from unbake.domain.layout import STEMS, data_folder, materials_folder, same_proportions
from unbake.domain.maps import MapKind, spec
from unbake.domain.materials import Domain
from unbake.errors import UnbakeError, UsageError
from unbake.files import is_draft
from unbake.image.files import read_picture
from unbake.prepare.folders import read_metadata, update_metadata

_MAY_BE_CONSTANT = (MapKind.METALLIC,)
"""One value all over says something true of most materials; of the others it is what a missing map looks like."""


UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one material. what: "black diffuse", "bad normal", "not square" ..."""

    material: str
    what: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Inspection:
    findings: tuple[Finding, ...]
    hash: int | None


def audit(
    root: Path,
    held_out: Collection[str] = (),
    workers: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The audit and the splits of everything under ROOT/data, two reports for JSON.

    The first: findings by kind; `near_copies` (pairs of materials with their families and splits), of which those
    in different splits are under `leaks`; `unreadable`. The second: by domain, the families of each split with
    their materials. held_out: sources kept for measuring, as in a recipe. Errors: UsageError when there is nothing, or
    nothing of a source that is held out.
    """
    sources = [source for domain in get_args(Domain) for source in _listed(root, domain)]
    if not sources:
        raise UsageError(
            f"Expected materials under {root / 'data'}, found none; import some: unbake data matsynth."
        )
    known = {source.source for source in sources}
    if unknown := sorted(set(held_out) - known):
        raise UsageError(
            f"Expected --held-out with sources of the materials ({', '.join(sorted(known))}), got "
            f"{', '.join(unknown)}; correct the name."
        )
    where = {
        (domain, material): part
        for domain in get_args(Domain)
        for material, part in split([s for s in sources if s.domain == domain], tuple(held_out)).items()
    }
    findings = [finding for domain in get_args(Domain) for finding in _left_out(root, domain, sources)]
    hashes: dict[str, int] = {}
    for done, (source, inspection) in enumerate(in_processes(_inspect, sources, workers), 1):
        findings += inspection.findings
        if inspection.hash is not None:
            hashes[_name(source)] = inspection.hash
        if on_progress:
            on_progress(done, len(sources))
    copies = _near_copies(sources, hashes, where)
    unreadable = [finding for finding in findings if finding.what == UNREADABLE]
    report = {
        "materials": dict(Counter(source.domain for source in sources)),
        "counts": dict(sorted(Counter(finding.what for finding in findings).items())),
        "findings": [
            {"material": f.material, "what": f.what, "detail": f.detail}
            for f in sorted(findings, key=lambda f: (f.what, f.material))
        ],
        "near_copies": copies,
        "leaks": [copy["materials"] for copy in copies if len(set(copy["splits"])) > 1],
        "unreadable": sorted({finding.material for finding in unreadable}),
    }
    return report, _splits(sources, where)


def join(root: Path, report: dict[str, Any]) -> list[list[str]]:
    """Let the near-copies of a report share a family, by `family` in their metadata; the groups that were joined.

    Groups that share a family already are left as they are. Errors: FileError.
    """
    groups: list[set[str]] = []
    families: dict[str, str] = {}
    for copy in report["near_copies"]:
        families |= dict(zip(copy["materials"], copy["families"], strict=True))
        pair = set(copy["materials"])
        touching = [group for group in groups if group & pair]
        groups = [group for group in groups if not group & pair] + [pair.union(*touching)]
    joined = []
    for group in sorted(map(sorted, groups)):
        if len({families[name] for name in group}) > 1:
            # The family of the first by name: whichever order they were found in.
            for name in group:
                update_metadata(data_folder(root) / name, {"family": families[group[0]]})
            joined.append(group)
    return joined


def _listed(root: Path, domain: Domain) -> list[MaterialSource]:
    folder = materials_folder(root, domain)
    if not any(folder.glob("*/*/")):
        return []
    return list_materials(folder, domain)


def _left_out(root: Path, domain: Domain, sources: Sequence[MaterialSource]) -> list[Finding]:
    """The folders with pictures that are taken for no material, since the colour or the normal is missing."""
    folder = materials_folder(root, domain)
    listed = {source.id for source in sources if source.domain == domain}
    needed = "a diffuse of its own" if domain == "skyrim" else "a base colour"
    return [
        Finding(
            place.relative_to(folder.parent).as_posix(), "no material", f"{needed} or the normal is missing"
        )
        for place in sorted(folder.glob("*/*/"))
        if place.relative_to(folder).as_posix() not in listed
        and not is_draft(place.name)
        and pictures_in(place)
    ]


def _name(source: MaterialSource) -> str:
    """Of a material among those of both domains: its path below ROOT/data."""
    return f"{materials_folder(Path(), source.domain).name}/{source.id}"


def _inspect(source: MaterialSource) -> _Inspection:
    """Reads every picture of a material once. Runs in a worker process."""
    name = _name(source)
    found: list[Finding] = []
    # A diffuse that is marked as no pair is inspected too.
    files = pictures_in(source.sized_by.parent)
    beside = {kind: files[stem] for kind, (stem, *_) in STEMS.items() if stem in files}
    pictures = beside | source.paths
    seen = {}
    for kind, path in sorted(pictures.items()):
        try:
            unit = read_picture(path).unit()
        except UnbakeError as error:
            found.append(Finding(name, UNREADABLE, str(error)))
            continue
        seen[kind] = unit[..., : spec(kind).channels]
        height, width = unit.shape[:2]
        if spec(kind).colour == "srgb" and mostly_black(seen[kind]):
            found.append(Finding(name, f"black {path.stem}"))
        elif kind not in _MAY_BE_CONSTANT and is_constant(seen[kind]):
            found.append(Finding(name, "constant map", path.stem))
        if path == source.sized_by and height != width:
            found.append(Finding(name, "not square", f"{width}x{height}"))
    first = seen.get(next(kind for kind, path in pictures.items() if path == source.sized_by))
    if first is not None:
        odd = [kind for kind, image in seen.items() if not same_proportions(image.shape, first.shape)]
        found += [Finding(name, "other proportions", pictures[kind].stem) for kind in odd]
    normal, base = seen.get(MapKind.NORMAL), seen.get(MapKind.ALBEDO, seen.get(MapKind.DIFFUSE))
    if normal is not None:
        if problem := normal_problem(normal, _length_before(source)):
            found.append(Finding(name, "bad normal", problem))
        if base is not None and suspicious_relief(base, normal):
            found.append(Finding(name, "suspicious", "a plain colour over a wild normal map"))
    return _Inspection(tuple(found), None if base is None else perceptual_hash(base))


def _near_copies(
    sources: Sequence[MaterialSource],
    hashes: dict[str, int],
    where: Mapping[tuple[Domain, str], str],
) -> list[dict[str, Any]]:
    """Pairs of materials with similar perceptual hashes, each with families, categories and splits."""
    by_name = {_name(source): source for source in sources}
    copies = []
    for pair in near_copies(hashes):
        two = [by_name[name] for name in pair]
        copies.append(
            {
                "materials": list(pair),
                "families": [source.family for source in two],
                "categories": [source.category for source in two],
                "splits": [where[source.domain, source.id] for source in two],
            }
        )
    return copies


def _length_before(source: MaterialSource) -> float | None:
    """Mean length of the normals before importing made them unit vectors, where it did."""
    length = (read_metadata(source.sized_by.parent) or {}).get("normal_length")
    return float(length) if isinstance(length, int | float) else None


def _splits(sources: Sequence[MaterialSource], where: Mapping[tuple[Domain, str], str]) -> dict[str, Any]:
    """By domain and split: each family with its materials."""
    report: dict[str, Any] = {}
    for source in sources:
        part = report.setdefault(source.domain, {}).setdefault(where[source.domain, source.id], {})
        part.setdefault(source.family, []).append(source.id)
    counts = {
        domain: {part: sum(map(len, families.values())) for part, families in sorted(parts.items())}
        for domain, parts in report.items()
    }
    return {"counts": counts} | report
