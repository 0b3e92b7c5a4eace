"""Finds the texture sets of mods, and of those the ones that are wanted; the converter's first step."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from unbake.convert.archives import is_archive
from unbake.convert.sets import Skipped, TextureSet, classify
from unbake.convert.sources import list_textures
from unbake.domain.naming import split_stem
from unbake.domain.patterns import matches
from unbake.errors import FileError
from unbake.image.dds.decode import not_flat

_HEADER = 148
"""Bytes of a DDS header, which says whether the file holds a flat texture."""


def find_sets(
    roots: Path | Sequence[Path],
    texture_root: Path | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[list[TextureSet], list[Skipped]]:
    """The texture sets of a mod (or the one of a diffuse file), and what is left out and why; both sorted.

    roots: a folder, an archive or one diffuse texture, or several mods of which later ones override earlier
    ones file by file; see `sources.list_textures`.
    texture_root: what names are relative to; by default the outermost folder called `textures` in a mod,
    else the one in the root's own path, else the root itself (SPEC C1).
    include, exclude: case-insensitive patterns (`*`, `?`, `[]`) matched against names; a `*` crosses folders.
    Raises UsageError where a root does not exist or lies outside `texture_root`.

    >>> sets, skipped = find_sets(Path("Data"), include=["architecture/*"])   # doctest: +SKIP
    """
    return select(*list_sets(roots, texture_root), include, exclude)


def list_sets(
    roots: Path | Sequence[Path], texture_root: Path | None = None
) -> tuple[list[TextureSet], list[Skipped]]:
    """`find_sets` by names alone: without patterns, and without a look into any file."""
    roots = [roots] if isinstance(roots, Path) else list(roots)
    sets, skipped = classify(list_textures(roots, texture_root))
    if roots[0].is_file() and not is_archive(roots[0]):
        name = roots[0].name
        sets = [files for files in sets if files.diffuse.name == name]
        own = [skip for skip in skipped if PurePosixPath(skip.path).name == name]
        skipped = [] if sets else own or [Skipped(name, "not a diffuse texture; name the set's diffuse")]
    return sets, skipped


def select(
    sets: Iterable[TextureSet],
    skipped: Iterable[Skipped],
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[list[TextureSet], list[Skipped]]:
    """The sets and skipped files whose names the patterns want, and of the sets those that are flat textures."""
    chosen = [files for files in sets if _wanted(files.name, include, exclude)]
    left = [skip for skip in skipped if skip.failed or _wanted(_set_name(skip.path), include, exclude)]
    return _without_unflat(chosen, left)


def _without_unflat(
    sets: Sequence[TextureSet], skipped: Sequence[Skipped]
) -> tuple[list[TextureSet], list[Skipped]]:
    """Without the sets whose diffuse is a cubemap, a volume or an array, whatever its name."""
    flat: list[TextureSet] = []
    reasons = [*skipped]
    for files in sets:
        try:
            what = not_flat(files.diffuse.head(_HEADER))
        except FileError:
            what = None  # loading it says why
        if what is None:
            flat.append(files)
            continue
        own = [file for file in files.files if not (files.shared and file == files.normal)]
        paths = (PurePosixPath(files.name).with_name(file.name) for file in own)
        reasons += [
            Skipped(str(path), f"{files.diffuse.name} holds {what}, not one flat texture") for path in paths
        ]
    return flat, sorted(reasons, key=lambda skip: (skip.path, skip.reason))


def _set_name(path: str) -> str:
    game = PurePosixPath(path)
    return str(game.with_name(split_stem(game.stem)[0]))


def _wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    if include and not any(matches(name, pattern) for pattern in include):
        return False
    return not any(matches(name, pattern) for pattern in exclude)
