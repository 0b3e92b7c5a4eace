"""The memory-mapped cache: every material decoded, measured and painted once; between `split` and `dataset`.

One folder per domain and long side:

    index.json                             one entry per material and scale
    entries/<category>/<name>/<scale>/     "<scale>-held" for validation and test
        maps8.npy    (H, W, C)  uint8      maps of 8 bits, channels side by side in the index's order
        maps16.npy   (H, W, C)  uint16     maps of 16 bits (heights)
        painted.npy  (V, H, W, 5) uint8    V variants: diffuse, then the specular and the environment mask (or 0)
        entry.json                         this entry of the index

A crop thus touches three files whatever the number of maps. An entry appears whole or not at all, so an
interrupted build goes on where it stopped.

A material has its own diffuse as a variant where it is a real pair; beside it, in MatSynth's domain, the paintings on
disk, or else paintings made here. Skyrim's are never painted.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from unbake.data.cache_checks import damaged
from unbake.data.cache_entry import ENTRY, EntryJob, build_entries, stored_entry
from unbake.data.cache_format import FORMAT_VERSION, MASKS, Entry, Index
from unbake.data.paintings import light_of, painter_fingerprint
from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource
from unbake.data.split import Split
from unbake.domain.layout import LONG_SIDE
from unbake.domain.maps import GEOMETRY, OUTPUTS, MapKind, spec
from unbake.domain.materials import Domain
from unbake.errors import UnbakeError, UsageError
from unbake.files import check_space, clear_drafts, write_atomic
from unbake.image.files import picture_size
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.locks import held
from unbake.synth.painter import EVALUATION_STYLES, STYLES, TRAINING_STYLES

MODS = 64
"""Mods that the paintings of a cache are dealt out to."""

HELD_MODS = 6
"""Those of the paintings that are kept out of training."""

_HEAD = 1 << 20
"""Bytes from the start of a picture, with its size."""


def build_cache(
    sources: Sequence[MaterialSource],
    splits: Mapping[str, Split],
    folder: Path,
    *,
    domain: Domain = "matsynth",
    long_side: int = LONG_SIDE,
    scales: tuple[float, ...] = (1.0, 0.5),
    styles: tuple[str, ...] = TRAINING_STYLES,
    held_styles: tuple[str, ...] = EVALUATION_STYLES,
    variants: int = 3,
    mods: int = MODS,
    seed: int = 0,
    traced: Path | None = None,
    bc7: float = 0.0,
    workers: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[str]:
    """Builds what is missing or out of date in `folder`; returns one sentence per material left out.

    sources: of `domain`. splits: from `unbake.data.split.split`. long_side: larger textures are reduced to it.
    scales: fractions of that size. styles: names in the painter's STYLES, dealt round to `mods` mods, each of one
    level; an entry has `variants` paintings, each of another mod. Materials outside "train" get the first scale only
    and one painting per held style, whatever paintings are on disk, with a painter seed that `seed` does not touch,
    so that validation never changes. mods: of the paintings for training; those kept out have HELD_MODS. traced: folder
    of path-traced light, for the styles that paint by it. bc7: of compressed paintings for training, the share that is
    so by BC7 and not BC1. workers: processes; 1 stays in this one. A second build does no work; a changed file redoes
    its material, a changed painter all that it painted; with other splits what moved is built, and what is not asked
    for now stays. An entry that is not as it was built (see `cache_checks`) is built again. While another process
    builds here, it waits.
    Errors: UsageError for names the painter does not know, for sources of another domain, or when nothing at all
    could be built; FileError for a folder that cannot be written in, or too small a disk.
    """
    _check(sources, domain, scales, styles, held_styles, variants)
    plans = {"train": (scales, styles, variants, mods, seed, bc7)}
    kept_out = (scales[:1], held_styles, len(held_styles), HELD_MODS, -1, 0.0)
    jobs = [
        _job(s, splits[s.id], folder, long_side, traced, *plans.get(splits[s.id], kept_out)) for s in sources
    ]
    with held(folder / ".lock", "builds a cache", wait_s=math.inf):
        clear_drafts(folder, recursive=True)
        done = _found(jobs, folder)
        waiting = [job for job in jobs if job.source.id not in done]
        check_space(folder, sum(map(_bytes_of, waiting)), "the cache")
        problems: list[str] = []
        for job, result in in_processes(build_entries, waiting, min(workers, len(waiting))):
            if isinstance(result, str):
                problems.append(f"{job.source.id}: {result}")
            else:
                done[job.source.id] = result
            if on_progress:
                on_progress(len(done) + len(problems), len(jobs))
        if not done:
            raise UsageError(f"Expected at least one usable material, got none: {'; '.join(problems)}")
        entries = tuple(entry for job in jobs for entry in done.get(job.source.id, ()))
        index = Index(FORMAT_VERSION, GEOMETRY_VERSION, domain, entries)
        write_atomic(folder / "index.json", msgspec.json.format(msgspec.json.encode(index), indent=1))
    return sorted(problems)


def _found(jobs: Sequence[EntryJob], folder: Path) -> dict[str, list[Entry]]:
    """The entries of each job whose scales an earlier build all left, and left sound."""
    stored = {(job.source.id, scale): stored_entry(job, scale) for job in jobs for scale in job.scales}
    wrong = damaged(folder, [entry for entry in stored.values() if entry])
    for name in wrong:
        (folder / name / ENTRY).unlink(missing_ok=True)
    found = {}
    for job in jobs:
        entries = [stored[job.source.id, scale] for scale in job.scales]
        whole = [entry for entry in entries if entry and entry.folder not in wrong]
        if len(whole) == len(entries):
            found[job.source.id] = whole
    return found


def _bytes_of(job: EntryJob) -> int:
    """Bytes that a material's entries take at most; 0 where its size cannot be read: building it says why."""
    path = job.source.sized_by
    try:
        with path.open("rb") as file:
            height, width = picture_size(file.read(_HEAD), str(path))
    except (OSError, UnbakeError):
        return 0
    texels = height * width * min(1.0, job.long_side / max(height, width)) ** 2
    variants = len(job.styles) + len(job.source.painted) + (job.source.own is not None)
    stored = sum(spec(kind).channels * spec(kind).bits // 8 for kind in (MapKind.NORMAL, *OUTPUTS, *GEOMETRY))
    return round(texels * sum(scale**2 for scale in job.scales) * (stored + (3 + len(MASKS)) * variants))


def _check(
    sources: Sequence[MaterialSource],
    domain: Domain,
    scales: tuple[float, ...],
    styles: tuple[str, ...],
    held_styles: tuple[str, ...],
    variants: int,
) -> None:
    """Raise UsageError for what no cache can be built from."""
    unknown = {*styles, *held_styles} - set(STYLES)
    if unknown or not styles or not held_styles or variants < 1 or not scales:
        raise UsageError(
            f"Expected scales, at least one variant, and styles among {', '.join(STYLES)}; "
            f"got scales {scales}, {variants} variants, styles {styles} and {held_styles}."
        )
    strange = sorted(source.id for source in sources if source.domain != domain)
    if strange:
        raise UsageError(
            f"Expected materials of the domain {domain}, got {strange[0]} of another; build a cache for each domain."
        )


def _job(
    source: MaterialSource,
    split: Split,
    folder: Path,
    long_side: int,
    traced: Path | None,
    scales: tuple[float, ...],
    styles: tuple[str, ...],
    variants: int,
    mods: int,
    seed: int,
    bc7: float,
) -> EntryJob:
    """What to build of a material: which paintings, where it has none on disk, and the key of the result."""
    offset = int.from_bytes(hashlib.sha256(f"{seed}:{source.id}".encode()).digest()[:4], "big")
    painted = source.painted if split == "train" else ()
    source = replace(source, painted=painted)
    paints = source.domain == "matsynth" and not painted
    dealt = tuple(styles[(offset + i) % len(styles)] for i in range(variants)) if paints else ()
    each = max(1, mods // len(styles))  # mods of one style
    numbers = tuple(
        styles.index(style) + len(styles) * ((offset // 256 + 5 * i) % each) for i, style in enumerate(dealt)
    )
    light = light_of(source.id, traced) if any(STYLES[style].light == "traced" for style in dealt) else None
    key = _key(source, light, long_side, dealt, numbers, offset, bc7)
    return EntryJob(source, split, key, scales, dealt, numbers, offset, long_side, folder, light, bc7)


def _key(
    source: MaterialSource,
    light: Path | None,
    long_side: int,
    styles: tuple[str, ...],
    mods: tuple[int, ...],
    seed: int,
    bc7: float,
) -> str:
    """Hash of all that a material's entries depend on: its files, what is known of it, and how it is painted."""
    pictures = [source.own, *source.painted]
    paths = [source.paths[kind] for kind in sorted(source.paths)]
    paths += [light] if light else []
    paths += [path for picture in pictures if picture for path in (picture.diffuse, picture.specular) if path]
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    metadata = (source.metal, source.tileable, source.category, source.source, source.licence)
    how = (
        FORMAT_VERSION,
        GEOMETRY_VERSION,
        source.domain,
        source.own is not None,
        source.marked,
        long_side,
    )
    painters = [painter_fingerprint(style) for style in styles]
    content = msgspec.json.encode((how, files, metadata, styles, mods, painters, seed))
    if bc7 and styles:  # not part of the keys of caches without it: they stay as they are
        content += msgspec.json.encode(bc7)
    return hashlib.sha256(content).hexdigest()[:32]
