"""Packs materials small enough to carry to another machine: reduced, as JPEG, in the layout that `sources` reads.

OUT/<category>/<name>/<map>.jpg    no larger than `px`, never enlarged
OUT/<category>/<name>/metadata.json    as it was, but for the size and the list of maps
OUT/pack.json                      how it was packed, and what was left out
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unbake.data.parallel import in_processes
from unbake.data.sources import MaterialSource, Painting, list_materials, pictures_in
from unbake.data.truth import LEAST_SIDE, read_material, read_painting
from unbake.domain.layout import METADATA
from unbake.domain.maps import MapKind, spec
from unbake.errors import UnbakeError, UsageError
from unbake.files import write_folder_atomic
from unbake.image.files import encode_jpeg, picture_size, read_start
from unbake.image.normals import encode_normal
from unbake.image.resample import at_size
from unbake.prepare.folders import read_metadata

PACK = "pack.json"
"""The file of a pack that says how it was made; a folder that has one may be packed into anew."""

STEP, LEAST_PX = 32, 64
_HEAD = 1 << 20
"""Bytes from the start of a picture, with its size."""


class Quality(NamedTuple):
    """JPEG qualities of a pack: of colours and masks, and of normals and heights, whose slopes are read."""

    plain: int
    relief: int


QUALITIES: Final = (Quality(92, 95), Quality(86, 93), Quality(80, 90))
"""Tried in this order before a smaller size is."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack that was written.

    materials: how many. px: longest side at most, texels. size: bytes of all its files. dropped: a sentence for each
    material that was left out, and for pictures that nothing reads.
    """

    materials: int
    px: int
    quality: Quality
    size: int
    dropped: tuple[str, ...]


def pack(
    folders: Sequence[Path],
    out: Path,
    px: int = 384,
    at_most: int = 45 << 20,
    workers: int = 2,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Packed:
    """Write the materials of some folders to `out`, reduced and compressed until they take `at_most` bytes.

    px: their longest side at most, texels; lower where the lowest of QUALITIES does not fit. Of two materials of one
    id the first is taken. `out` appears whole or not at all. Errors: UsageError for an `out` that holds other things,
    for folders without materials, and where even LEAST_PX does not fit.
    """
    if out.exists() and not (out / PACK).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"Expected a new folder or an older pack to write to, got {out}; name another.")
    sources, dropped = _listed(folders)
    with write_folder_atomic(out) as draft:
        while True:
            sizes, problems = _written(sources, draft, px, workers, on_progress)
            fitting = [quality for quality, size in sizes.items() if size <= at_most]
            if fitting:
                break
            px = _lower(px, min(sizes.values()), at_most)
        _keep(draft, fitting[0])
        dropped += problems
        packed = Packed(len(sources) - len(problems), px, fitting[0], sizes[fitting[0]], tuple(dropped))
        about = {
            "px": px,
            "quality": packed.quality._asdict(),
            "materials": packed.materials,
            "dropped": dropped,
        }
        (draft / PACK).write_bytes(json.dumps(about, indent=1, ensure_ascii=False).encode())
    return packed


def _listed(folders: Sequence[Path]) -> tuple[list[MaterialSource], list[str]]:
    """The materials of all folders, each id once, and a sentence for what a pack leaves out before any is read."""
    found: dict[str, MaterialSource] = {}
    dropped = []
    unread: dict[str, int] = {}
    for folder in folders:
        for source in list_materials(folder):
            if source.id in found:
                dropped.append(f"{source.id}: {folder.name} has another material of this name")
                continue
            found[source.id] = source
            for stem in set(pictures_in(source.sized_by.parent)) - set(_pictures(source)):
                unread[stem] = unread.get(stem, 0) + 1
    dropped += [
        f"{count} × {stem}: training reads no such picture there" for stem, count in sorted(unread.items())
    ]
    return list(found.values()), dropped


def _pictures(source: MaterialSource) -> dict[str, MapKind]:
    """The pictures of a material that training reads, by their stem in lower case."""
    pictures = {path.stem.lower(): kind for kind, path in _trusted(source).items()}
    for painting in _paintings(source):
        pictures[painting.diffuse.stem.lower()] = MapKind.DIFFUSE
        if painting.specular is not None:
            pictures[painting.specular.stem.lower()] = MapKind.SPECULAR
    return pictures


def _trusted(source: MaterialSource) -> dict[MapKind, Path]:
    """The maps that training reads: not a metallic map that the metadata disown."""
    disowned = set() if source.metal == "given" else {MapKind.METALLIC}
    return {kind: path for kind, path in source.paths.items() if kind not in disowned}


def _paintings(source: MaterialSource) -> tuple[Painting, ...]:
    return (source.own, *source.painted) if source.own else source.painted


def _written(
    sources: Sequence[MaterialSource],
    draft: Path,
    px: int,
    workers: int,
    on_progress: Callable[[int, int], None],
) -> tuple[dict[Quality, int], list[str]]:
    """Write all materials at every quality below `draft`; bytes of each quality, and a sentence for each left out."""
    sizes = dict.fromkeys(QUALITIES, 0)
    problems = []
    results = in_processes(partial(_pack_one, draft=draft, px=px), sources, min(workers, len(sources)))
    for done, (source, result) in enumerate(results, 1):
        if isinstance(result, str):
            problems.append(f"{source.id}: {result}")
        else:
            sizes = {quality: sizes[quality] + size for quality, size in zip(QUALITIES, result, strict=True)}
        on_progress(done, len(sources))
    if len(problems) == len(sources):
        raise UsageError(f"Expected at least one usable material, got none: {'; '.join(sorted(problems))}")
    return sizes, sorted(problems)


def _pack_one(source: MaterialSource, draft: Path, px: int) -> tuple[int, ...] | str:
    """Write one material at every quality; bytes of each, or the sentence that says why not. In a worker process."""
    try:
        pictures = dict(_reduced(source, px))
        about = read_metadata(source.sized_by.parent)
    except UnbakeError as error:
        return str(error)
    if about is not None:
        height, width = next(iter(pictures.values()))[1].shape[:2]
        news = {"size": [width, height], "maps": sorted(pictures)}
        about |= {key: value for key, value in news.items() if key in about}
    sizes = []
    for number, quality in enumerate(QUALITIES):
        place = draft / str(number) / source.id
        place.mkdir(parents=True, exist_ok=True)
        files = {f"{stem}.jpg": _encoded(kind, codes, quality) for stem, (kind, codes) in pictures.items()}
        if about is not None:
            files[METADATA] = json.dumps(about, indent=1, ensure_ascii=False).encode()
        for name, data in files.items():
            (place / name).write_bytes(data)
        sizes.append(sum(map(len, files.values())))
    return tuple(sizes)


def _reduced(source: MaterialSource, px: int) -> Iterator[tuple[str, tuple[MapKind, NDArray[np.uint8]]]]:
    """Stem, kind and eight-bit codes (H, W, C) of each picture that training reads, no side longer than `px`."""
    truth = read_material(source)
    size = truth[MapKind.ALBEDO].shape[:2]
    read = [(path, kind, truth[kind]) for kind, path in _trusted(source).items()]
    for painting in _paintings(source):
        maps = read_painting(painting, source, size)
        read.append((painting.diffuse, MapKind.DIFFUSE, maps[MapKind.DIFFUSE]))
        if painting.specular is not None and MapKind.SPECULAR in maps:
            read.append((painting.specular, MapKind.SPECULAR, maps[MapKind.SPECULAR]))
    factor = min(1.0, px / max(size))
    height, width = (max(LEAST_SIDE, round(side * factor)) for side in size)
    for path, kind, image in read:
        about = spec(kind)
        image = at_size({kind: image}, height, width)[kind]
        unit = (
            encode_normal(image, "opengl") if about.vector else (image - about.low) / (about.high - about.low)
        )
        yield path.stem.lower(), (kind, np.rint(np.clip(unit, 0, 1) * 255).astype(np.uint8))


def _encoded(kind: MapKind, codes: NDArray[np.uint8], quality: Quality) -> bytes:
    relief = spec(kind).vector or spec(kind).bits > 8
    return encode_jpeg(codes, quality.relief if relief else quality.plain, full_colour=relief)


def _lower(px: int, size: int, at_most: int) -> int:
    """The next size to try: a multiple of STEP below `px`, as much smaller as bytes go with texels."""
    lower = min(px - 1, int(px * (at_most / size) ** 0.5) + STEP) // STEP * STEP
    if px <= LEAST_PX:
        raise UsageError(
            f"Expected the pack to fit in {at_most / 2**20:.2f} MiB, got {size / 2**20:.2f} MiB at {px} px; give fewer "
            "folders, or raise --at-most-mib."
        )
    return max(LEAST_PX, lower)


def _keep(draft: Path, quality: Quality) -> None:
    """Leave the materials of one quality alone in `draft`."""
    for number, other in enumerate(QUALITIES):
        folder = draft / str(number)
        if other == quality:
            for category in folder.iterdir():
                category.rename(draft / category.name)
        shutil.rmtree(folder)


def link_materials(folders: Sequence[Path], into: Path) -> tuple[int, int]:
    """Put the materials of some folders under `into` where they are absent: links, or copies where links cannot be.

    Returns how many were put there and how many were there before; links that lead nowhere are replaced. Errors:
    UsageError for a folder without materials.
    """
    new = there = 0
    for folder in folders:
        for source in list_materials(folder):
            place = into / source.id
            if place.exists():
                there += 1
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.unlink(missing_ok=True)
            try:
                place.symlink_to(source.sized_by.parent.resolve(), target_is_directory=True)
            except OSError:  # Windows without the right, or a file system without links
                with write_folder_atomic(place) as draft:
                    shutil.copytree(source.sized_by.parent, draft, dirs_exist_ok=True)
            new += 1
    return new, there


def longest_side(sources: Sequence[MaterialSource]) -> int:
    """The longest side of all materials, texels, by the headers of their pictures. Errors: FileError."""
    return max(
        max(picture_size(read_start(source.sized_by, _HEAD), str(source.sized_by))) for source in sources
    )
