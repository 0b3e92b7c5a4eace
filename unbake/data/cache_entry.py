"""Builds the cached entries of one material: decoded, measured, painted, stored; run by `cache`, in any process."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np

from unbake.data.cache_checks import checksums
from unbake.data.cache_format import MASKS, PAINTED_FILE_STYLE, REAL_STYLE, Entry
from unbake.data.hygiene import mark_of, mostly_black
from unbake.data.levels import painted_level
from unbake.data.paintings import paintings
from unbake.data.sources import MaterialSource
from unbake.data.split import Split
from unbake.data.truth import LEAST_SIDE, read_material, read_painting
from unbake.decoding import decode_json
from unbake.domain.maps import MapKind, spec
from unbake.errors import FileError, TextureSetError, UnbakeError
from unbake.files import write_folder_atomic
from unbake.image.arrays import Codes, Maps, Wrap, dequantise, quantise
from unbake.image.geometry import geometry_channels
from unbake.image.resample import at_size
from unbake.image.tiling import tileable_axes

ENTRY = "entry.json"


@dataclass(frozen=True, slots=True)
class EntryJob:
    """One material to build: all that a worker process needs, and nothing else.

    key: hash of what its entries depend on. scales: an entry each. styles, mods, seed: of its paintings, see
    `paintings.paintings`. folder: of the cache. traced: its path-traced light. bc7: share of paintings so compressed.
    """

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


def stored_entry(job: EntryJob, scale: float) -> Entry | None:
    """The entry of a job at one scale, where an earlier build left it complete."""
    try:
        entry = decode_json((_folder(job, scale) / ENTRY).read_bytes(), Entry)
    except (OSError, msgspec.DecodeError):
        return None
    return replace(entry, split=job.split) if entry.key == job.key else None


def build_entries(job: EntryJob) -> list[Entry] | str:
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
            stored_entry(job, scale) or _build_scale(job, truth, pictures, wrap, scale)
            for scale in job.scales
        ]
    except UnbakeError as error:
        return str(error)


def _folder(job: EntryJob, scale: float) -> Path:
    # Validation and test have folders of their own: another fold finds most of what it needs built already.
    suffix = "" if job.split == "train" else "-held"
    return job.folder / "entries" / job.source.id / f"{round(scale * 1000):04d}{suffix}"


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
    job: EntryJob, truth: Maps, pictures: Sequence[tuple[str, Maps]], wrap: Wrap, scale: float
) -> Entry:
    """Builds one entry; truth: the maps at full size, pictures: their diffuses on disk."""
    height, width = _size(job, truth, scale)
    maps, stored = _with_geometry(at_size(truth, height, width), wrap)
    own = [(style, at_size(picture, height, width)) for style, picture in pictures]
    variants = own + paintings(maps, job.styles, job.mods, job.seed, scale, job.traced, job.bc7)
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
        mods=_mods(job, [style for style, _ in own]),
        levels=tuple(round(painted_level(picture[MapKind.DIFFUSE], maps), 4) for _, picture in variants),
    )
    with write_folder_atomic(folder) as draft:
        np.save(draft / "maps8.npy", np.concatenate([stored[kind] for kind in kinds8], -1))
        np.save(draft / "maps16.npy", np.concatenate([stored[kind] for kind in kinds16], -1))
        np.save(draft / "painted.npy", _side_by_side([picture for _, picture in variants]))
        entry = replace(entry, files=checksums(draft))
        (draft / ENTRY).write_bytes(msgspec.json.encode(entry))
    return entry


def _size(job: EntryJob, truth: Maps, scale: float) -> tuple[int, int]:
    """Height and width of an entry: those of the material, within the cache's long side, times the scale."""
    height, width = truth[MapKind.NORMAL].shape[:2]
    factor = scale * min(1.0, job.long_side / max(height, width))
    return max(LEAST_SIDE, round(height * factor)), max(LEAST_SIDE, round(width * factor))


def _with_geometry(maps: Maps, wrap: Wrap) -> tuple[Maps, dict[MapKind, Codes]]:
    """The maps and the geometry channels of their normal: as floats to paint from, and as the codes to store."""
    stored = {kind: quantise(kind, image) for kind, image in maps.items()}
    # Geometry is that of the stored normal, as conversion will compute it from a file's eight bits.
    normal = dequantise(MapKind.NORMAL, stored[MapKind.NORMAL])
    geometry = geometry_channels(normal, wrap)
    stored |= {kind: quantise(kind, image) for kind, image in geometry.items()}
    return {**maps, MapKind.NORMAL: normal, **geometry}, stored


def _mods(job: EntryJob, own: Sequence[str]) -> tuple[str, ...]:
    """The mod of each variant, those of one level; own: styles of the diffuses on disk, which come first."""
    # Paintings on disk are each of a level of its own; a game's own diffuses are one mod.
    on_disk = (
        f"{job.source.source}/{style}" if style == REAL_STYLE else f"{job.source.id}/{number}"
        for number, style in enumerate(own)
    )
    dealt = (f"{style}-{mod}" for style, mod in zip(job.styles, job.mods, strict=True))
    return (*on_disk, *dealt)


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
