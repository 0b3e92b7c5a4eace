"""Imports pairs from the game, vanilla textures and a mod's `textures/pbr`, to ROOT/data/Skyrim for `data.sources`.

    <folder>/<name>/{diffuse,normal,specular,basecolor,roughness,metallic,ao,height}.png + metadata.json

Found by path, whatever the case; kept where `alignment` says that the artwork is the same. Diffuse, normal and
specular mask (the normal's alpha) are vanilla, the targets the mod's: R, G and B of `_rmaos`, the base colour, `_p`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from unbake.data.hygiene import is_constant, is_normal_map, mark_of, mostly_black, normal_length
from unbake.data.parallel import in_processes
from unbake.data.truth import LEAST_SIDE
from unbake.domain.layout import same_proportions
from unbake.domain.maps import MapKind
from unbake.domain.texture_paths import EXTENSIONS, below_textures, is_texture, unsupported_folder
from unbake.errors import FileError, TextureSetError, UnbakeError, UsageError
from unbake.files import STALE_S, clear_drafts
from unbake.image.arrays import Floats, Maps
from unbake.image.dds.deblock import BLOCKY, soften_blocks
from unbake.image.files import Picture, read_picture
from unbake.image.normals import decode_normal
from unbake.image.resample import at_size
from unbake.image.tiling import tileable_axes
from unbake.prepare.alignment import THRESHOLD, alignment
from unbake.prepare.folders import finished, safe_name, write_folder

PBR_FOLDER = "pbr"
"""Below `textures`, where TruePBR files lie."""

_VERSION = 2
"""Of what is made of the same files; 2: the blocks of diffuses are softened. Pairs of another are made again."""

_RMAOS = "_rmaos"


@dataclass(frozen=True, slots=True)
class PairFiles:
    """The files of one pair. name: path below the texture root, lower case, without a suffix."""

    name: str
    diffuse: Path
    normal: Path
    basecolor: Path
    rmaos: Path
    pbr_normal: Path | None
    height: Path | None

    @property
    def place(self) -> str:
        """Of its folder: <folders, joined>/<name>."""
        *folders, name = self.name.split("/")
        return f"{safe_name('_'.join(folders)) or 'textures'}/{safe_name(name)}"


def find_pairs(vanilla: Path, pbr: Path) -> tuple[list[PairFiles], dict[str, str]]:
    """The pairs of two trees by relative path, and why each other PBR set has none, by its name.

    vanilla: a folder with `textures` (or that folder); pbr: a mod's, with `textures/pbr` (or that). Errors:
    UsageError when one is missing, or no set has its `_rmaos`.
    """
    for folder in (vanilla, pbr):
        if not folder.is_dir():
            raise UsageError(
                f"Expected a folder of textures at {folder}, which does not exist; check the path."
            )
    old, new = _textures(vanilla, pbr=False), _textures(pbr, pbr=True)
    names = [stem.removesuffix(_RMAOS) for stem in sorted(new) if stem.endswith(_RMAOS)]
    if not names:
        raise UsageError(f"Expected TruePBR sets (textures/pbr/..., with _rmaos) in {pbr}, found none.")
    pairs, alone = [], {}
    for name in names:
        diffuse = old.get(name) or old.get(f"{name}_d")
        normal = old.get(f"{name}_n") or old.get(f"{name.removesuffix('_d')}_n")
        if reason := unsupported_folder(name.split("/")[:-1]):
            alone[name] = f"it is {reason}"
        elif name not in new:
            alone[name] = "its base colour is missing"
        elif diffuse is None:
            alone[name] = "there is no vanilla diffuse of that path"
        elif normal is None:
            alone[name] = "the vanilla set has no tangent normal"
        else:
            pairs.append(
                PairFiles(
                    name,
                    diffuse,
                    normal,
                    new[name],
                    new[name + _RMAOS],
                    new.get(f"{name}_n"),
                    new.get(f"{name}_p"),
                )
            )
    return pairs, alone


def import_pairs(
    pairs: Sequence[PairFiles],
    into: Path,
    quarantined: Path,
    *,
    source: str,
    licence: str,
    px: int = 2048,
    threshold: float = THRESHOLD,
    workers: int = 2,
    on_progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Write the pairs whose artwork is the same to `into`; a report with every score, for JSON.

    quarantined: folder of duplicates, whose pairs are not made again. source, licence: for metadata.json. px: long
    side at most; a pair has the size of its diffuse, or of its base colour where that is smaller. A pair that is
    there, of unchanged files or of another mod, is done. What cannot be read is named under "failed", and the rest
    goes on.
    """
    clear_drafts(into, recursive=True, older_than_s=STALE_S)
    kept: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    waiting, there = [], 0
    for pair in pairs:
        about = finished(into / pair.place)
        if (quarantined / pair.place).is_dir():
            left_out.append({"pair": pair.name, "reason": "a duplicate, moved aside before"})
        elif about is not None and about.get("source") != source:
            left_out.append({"pair": pair.name, "reason": f"there is one of {about.get('source')} already"})
        elif about is not None and about.get("made_from") == _made_from(pair, px):
            there += 1
        else:
            waiting.append(pair)
    work = partial(_import_pair, into=into, source=source, licence=licence, px=px, threshold=threshold)
    for done, (pair, verdict) in enumerate(in_processes(work, waiting, workers), 1):
        if isinstance(verdict, str):
            failed.append({"pair": pair.name, "reason": verdict})
        else:
            (left_out if "reason" in verdict else kept).append({"pair": pair.name} | verdict)
        if on_progress:
            on_progress(done, len(waiting))
    return {
        "folder": str(into),
        "threshold": threshold,
        "kept": sorted(kept, key=itemgetter("pair")),
        "there_already": there,
        "left_out": sorted(left_out, key=itemgetter("pair")),
        "failed": sorted(failed, key=itemgetter("pair")),
    }


def _textures(folder: Path, pbr: bool) -> dict[str, Path]:
    """Textures by their path below the texture root (or below `pbr`), lower case and without extension."""
    found: dict[str, Path] = {}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and is_texture(path.name)]
    for path in sorted(files, key=lambda path: EXTENSIONS.index(path.suffix.lower())):
        below = below_textures(path.absolute().parts)
        parts = tuple(part.lower() for part in below or path.relative_to(folder).parts)
        inside = len(parts) > 1 and parts[0] == PBR_FOLDER
        if inside != pbr and (below is not None or inside):
            continue
        parts = parts[1:] if inside else parts
        found.setdefault("/".join((*parts[:-1], Path(parts[-1]).stem)), path)
    return found


def _made_from(pair: PairFiles, px: int) -> dict[str, Any]:
    """Settings and files of a pair; equal ones make the same pair again."""
    files = (pair.diffuse, pair.normal, pair.basecolor, pair.rmaos, pair.pbr_normal, pair.height)
    stats = [path.stat() for path in files if path is not None]
    return {"version": _VERSION, "px": px, "files": [[stat.st_size, stat.st_mtime_ns] for stat in stats]}


def _import_pair(
    pair: PairFiles, into: Path, source: str, licence: str, px: int, threshold: float
) -> dict[str, Any] | str:
    """Judges a pair and writes it; its scores, and the reason where it was left out.

    Or the sentence why that could not be done. Runs in a worker process.
    """
    try:
        old, new, other_normal = _vanilla(pair), _targets(pair), _normal(pair.pbr_normal)
        diffuse, basecolor = old[MapKind.DIFFUSE], new[MapKind.ALBEDO]
        (height, width), (rows, columns) = diffuse.shape[:2], basecolor.shape[:2]
        if not same_proportions(basecolor.shape, diffuse.shape):
            return {"reason": f"{columns}x{rows} does not have the proportions of {width}x{height}"}
        fit = alignment(diffuse, old[MapKind.NORMAL], basecolor, other_normal)
        scores = {"score": fit.score, "gradients": fit.gradients, "normals": fit.normals}
        found = {key: value if value is None else round(value, 4) for key, value in scores.items()}
        if fit.score < threshold:
            return found | {"reason": "other artwork"}
        mark = mark_of(diffuse, basecolor)
        factor = min(1.0, max(rows, columns) / max(height, width), px / max(height, width))
        size = [max(LEAST_SIDE, round(side * factor)) for side in (height, width)]
        category, _, name = pair.place.partition("/")
        metadata = {
            "name": name,
            "category": category,
            "source": source,
            "license": licence,
            "metallic": "given",
            "normal_convention": "opengl",
            "normal_length": round(normal_length(read_picture(pair.normal).rgb()), 3),
            "ao": "given" if MapKind.AO in new else None,
            # A copy of the base colour is left unmarked: the step that moves such pairs aside finds it.
            "diffuse": mark if mark == "own" else None,
            "size": size[::-1],
            "alignment": found["score"],
            "made_from": _made_from(pair, px),
        }
        known = {key: value for key, value in metadata.items() if value is not None}
        write_folder(into / pair.place, at_size(old | new, *size), known)
    except UnbakeError as error:
        return str(error)
    return found


def _vanilla(pair: PairFiles) -> Maps:
    """DIFFUSE, NORMAL and, where its alpha varies, SPECULAR; each of its own size."""
    diffuse = _softened(read_picture(pair.diffuse))
    if mostly_black(diffuse):
        raise FileError(f"Expected a painted diffuse in {pair.diffuse}, got a black picture.")
    picture = read_picture(pair.normal)
    maps = {MapKind.DIFFUSE: diffuse, MapKind.NORMAL: _vectors(picture, pair.normal)}
    if picture.alpha is not None and not is_constant(picture.alpha):
        maps[MapKind.SPECULAR] = picture.alpha
    _check_sides(maps, pair)
    return maps


def _softened(picture: Picture) -> Floats:
    """A diffuse (H, W, 3) in [0, 1], the edges between its blocks softened as conversion does before it reads one."""
    if not picture.format.startswith(BLOCKY):
        return picture.rgb()
    colour = picture.pixels[..., :3].astype(np.uint8)
    soften_blocks(colour, tileable_axes(colour))
    return Picture(colour, picture.format).rgb()


def _targets(pair: PairFiles) -> Maps:
    """The mod's maps. Roughness, AO and height of one value all over are what files without them have: absent."""
    packed = read_picture(pair.rmaos)
    if packed.pixels.shape[2] < 3:
        raise FileError(f"Expected roughness, metallic and AO in {pair.rmaos}, got a single channel.")
    unit = packed.unit()
    maps = {MapKind.ALBEDO: read_picture(pair.basecolor).rgb(), MapKind.METALLIC: unit[..., 1:2]}
    varied = {MapKind.ROUGHNESS: unit[..., 0:1], MapKind.AO: unit[..., 2:3]}
    if pair.height is not None:
        varied[MapKind.HEIGHT] = read_picture(pair.height).unit()[..., :1]
    if mostly_black(maps[MapKind.ALBEDO]):
        raise FileError(f"Expected a base colour in {pair.basecolor}, got a black picture.")
    maps |= {kind: image for kind, image in varied.items() if not is_constant(image)}
    _check_sides(maps, pair)
    return maps


def _check_sides(maps: Maps, pair: PairFiles) -> None:
    if min(min(image.shape[:2]) for image in maps.values()) < LEAST_SIDE:
        raise TextureSetError(f"Expected {LEAST_SIDE} pixels a side or more in {pair.name}, got less.")


def _normal(path: Path | None) -> np.ndarray | None:
    return None if path is None else _vectors(read_picture(path), path)


def _vectors(picture: Picture, path: Path) -> np.ndarray:
    """Unit vectors, OpenGL, of a game's normal map, whose green points down."""
    stored = picture.rgb()
    if not is_normal_map(stored):
        raise FileError(f"Expected a tangent normal map in {path}, got a picture with little blue.")
    return decode_normal(stored, "directx")
