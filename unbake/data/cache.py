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
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from unbake.data.cache_checks import checksums, damaged
from unbake.data.cache_format import (
    FORMAT_VERSION,
    MASKS,
    PAINTED_FILE_STYLE,
    REAL_STYLE,
    Entry,
    Index,
)
from unbake.data.hygiene import mark_of, mostly_black
from unbake.data.levels import painted_level
from unbake.data.paintings import light_of, painter_fingerprint, paintings
from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource
from unbake.data.split import Split
from unbake.data.truth import LEAST_SIDE, read_material, read_painting
from unbake.decoding import decode_json
from unbake.domain.layout import LONG_SIDE
from unbake.domain.maps import GEOMETRY, OUTPUTS, MapKind, spec
from unbake.domain.materials import Domain
from unbake.errors import FileError, TextureSetError, UnbakeError, UsageError
from unbake.files import check_space, clear_drafts, write_atomic, write_folder_atomic
from unbake.image.arrays import Codes, Maps, Wrap, dequantise, quantise
from unbake.image.files import picture_size
from unbake.image.geometry import GEOMETRY_VERSION, geometry_channels
from unbake.image.resample import at_size
from unbake.image.tiling import tileable_axes
from unbake.locks import held
from unbake.synth.painter import EVALUATION_STYLES, STYLES, TRAINING_STYLES

ENTRY = "entry.json"
MODS = 64
"""Mods that the paintings of a cache are dealt out to."""

HELD_MODS = 6
"""Those of the paintings that are kept out of training."""

_HEAD = 1 << 20
"""Bytes from the start of a picture, with its size."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One material to build: what a worker process needs, and nothing else."""

    source: MaterialSource
    split: Split
    key: str
    scales: tuple[float, ...]
    styles: tuple[str, ...]
    mods: tuple[int, ...]
    seed: int
    long_side: int
    folder: Path
    traced: Path | None
    bc7: float


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
        for job, result in in_processes(_build, waiting, min(workers, len(waiting))):
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


def _found(jobs: Sequence[_Job], folder: Path) -> dict[str, list[Entry]]:
    """The entries of each job whose scales an earlier build all left, and left sound."""
    stored = {(job.source.id, scale): _stored(job, scale) for job in jobs for scale in job.scales}
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


def _bytes_of(job: _Job) -> int:
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
) -> _Job:
    offset = int.from_bytes(hashlib.sha256(f"{seed}:{source.id}".encode()).digest()[:4], "big")
    painted = source.painted if split == "train" else ()
    source = replace(source, painted=painted)
    paints = source.domain == "matsynth" and not painted
    dealt = tuple(styles[(offset + i) % len(styles)] for i in range(variants)) if paints else ()
    each = max(1, mods // len(styles))  # mods of one style
    numbers = tuple(
        styles.index(style) + len(styles) * ((offset // 256 + 5 * i) % each) for i, style in enumerate(dealt)
    )
    pictures = [source.own, *painted]
    paths = [source.paths[kind] for kind in sorted(source.paths)]
    light = light_of(source.id, traced) if any(STYLES[style].light == "traced" for style in dealt) else None
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
    painters = [painter_fingerprint(style) for style in dealt]
    content = msgspec.json.encode((how, files, metadata, dealt, numbers, painters, offset))
    if bc7 and dealt:  # not part of the keys of caches without it: they stay as they are
        content += msgspec.json.encode(bc7)
    key = hashlib.sha256(content).hexdigest()[:32]
    return _Job(source, split, key, scales, dealt, numbers, offset, long_side, folder, light, bc7)


def _folder(job: _Job, scale: float) -> Path:
    # Validation and test have folders of their own: another fold finds most of what it needs built already.
    suffix = "" if job.split == "train" else "-held"
    return job.folder / "entries" / job.source.id / f"{round(scale * 1000):04d}{suffix}"


def _stored(job: _Job, scale: float) -> Entry | None:
    """The entry of a job at one scale, where an earlier build left it complete."""
    try:
        entry = decode_json((_folder(job, scale) / ENTRY).read_bytes(), Entry)
    except (OSError, msgspec.DecodeError):
        return None
    return replace(entry, split=job.split) if entry.key == job.key else None


def _build(job: _Job) -> list[Entry] | str:
    """All scales of one material, or the sentence that says why not. Runs in a worker process."""
    source = job.source
    try:
        truth = read_material(source)
        pictures = _pictures(source, truth)
        if source.tileable is None:
            colour = truth[MapKind.ALBEDO] if MapKind.ALBEDO in truth else pictures[0][1][MapKind.DIFFUSE]
            rows, columns = tileable_axes(colour)
            wrap = (bool(rows), bool(columns))
        else:
            wrap = (source.tileable, source.tileable)
        return [
            _stored(job, scale) or _build_scale(job, truth, pictures, wrap, scale) for scale in job.scales
        ]
    except UnbakeError as error:
        return str(error)


def _pictures(source: MaterialSource, truth: Maps) -> list[tuple[str, Maps]]:
    """The diffuses on disk of a material, at its size, with their styles; its own only if it is one."""
    size = truth[MapKind.NORMAL].shape[:2]
    pictures = []
    if source.own:
        picture = read_painting(source.own, source, size)
        if _is_own(picture[MapKind.DIFFUSE], source, truth):
            pictures.append((REAL_STYLE, picture))
        elif source.domain == "skyrim":
            raise TextureSetError(
                f"Expected a painted diffuse in {source.own.diffuse}, got a black picture or the base colour again; "
                "remove the material."
            )
    for painting in source.painted:
        pictures.append((PAINTED_FILE_STYLE, read_painting(painting, source, size)))
        if mostly_black(pictures[-1][1][MapKind.DIFFUSE]):
            raise FileError(
                f"Expected a painted diffuse in {painting.diffuse}, got a black picture; replace or remove it."
            )
    return pictures


def _is_own(diffuse: np.ndarray, source: MaterialSource, truth: Maps) -> bool:
    if source.marked or MapKind.ALBEDO not in truth:
        return not mostly_black(diffuse)
    # MatSynth's diffuse is the base colour without its metals; a game's is painted there too.
    metallic = truth.get(MapKind.METALLIC) if source.domain == "matsynth" else None
    return mark_of(diffuse, truth[MapKind.ALBEDO], metallic) == "own"


def _build_scale(
    job: _Job, truth: Maps, pictures: Sequence[tuple[str, Maps]], wrap: Wrap, scale: float
) -> Entry:
    native_height, native_width = truth[MapKind.NORMAL].shape[:2]
    factor = scale * min(1.0, job.long_side / max(native_height, native_width))
    height = max(LEAST_SIDE, round(native_height * factor))
    width = max(LEAST_SIDE, round(native_width * factor))
    maps = at_size(truth, height, width)
    stored = {kind: quantise(kind, image) for kind, image in maps.items()}
    # Geometry is that of the stored normal, as conversion will compute it from a file's eight bits.
    maps[MapKind.NORMAL] = dequantise(MapKind.NORMAL, stored[MapKind.NORMAL])
    geometry = geometry_channels(maps[MapKind.NORMAL], wrap)
    maps |= geometry
    stored |= {kind: quantise(kind, image) for kind, image in geometry.items()}

    own = [(style, at_size(picture, height, width)) for style, picture in pictures]
    variants = own + paintings(maps, job.styles, job.mods, job.seed, scale, job.traced, job.bc7)
    # Paintings on disk are each of a level of its own; a game's own diffuses are one mod.
    mods = [
        f"{job.source.source}/{style}" if style == REAL_STYLE else f"{job.source.id}/{number}"
        for number, (style, _) in enumerate(own)
    ]
    mods += [f"{style}-{mod}" for style, mod in zip(job.styles, job.mods, strict=True)]
    kinds8 = tuple(kind for kind in stored if spec(kind).bits == 8)
    kinds16 = tuple(kind for kind in stored if spec(kind).bits == 16)
    folder = _folder(job, scale)
    entry = Entry(
        id=job.source.id,
        category=job.source.category,
        split=job.split,
        source=job.source.source,
        licence=job.source.licence,
        key=job.key,
        folder=folder.relative_to(job.folder).as_posix(),
        scale=scale,
        height=height,
        width=width,
        wrap=wrap,
        maps8=kinds8,
        maps16=kinds16,
        styles=tuple(style for style, _ in variants),
        specular=tuple(MapKind.SPECULAR in picture for _, picture in variants),
        environment=tuple(MapKind.ENVIRONMENT in picture for _, picture in variants),
        mods=tuple(mods),
        levels=tuple(round(painted_level(picture[MapKind.DIFFUSE], maps), 4) for _, picture in variants),
    )
    with write_folder_atomic(folder) as draft:
        np.save(draft / "maps8.npy", np.concatenate([stored[kind] for kind in kinds8], -1))
        np.save(draft / "maps16.npy", np.concatenate([stored[kind] for kind in kinds16], -1))
        np.save(draft / "painted.npy", _side_by_side([picture for _, picture in variants]))
        entry = replace(entry, files=checksums(draft))
        (draft / ENTRY).write_bytes(msgspec.json.encode(entry))
    return entry


def _side_by_side(pictures: Sequence[Maps]) -> Codes:
    """Diffuses and the masks beside them as codes (V, H, W, 5), zeros where a mask is absent."""
    height, width = pictures[0][MapKind.DIFFUSE].shape[:2]
    painted = np.zeros((len(pictures), height, width, 3 + len(MASKS)), np.uint8)
    for variant, picture in zip(painted, pictures, strict=True):
        variant[..., :3] = quantise(MapKind.DIFFUSE, picture[MapKind.DIFFUSE])
        for place, kind in enumerate(MASKS, 3):
            if kind in picture:
                variant[..., place : place + 1] = quantise(kind, picture[kind])
    return painted
