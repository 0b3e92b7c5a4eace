"""Which files of a folder make a texture set, and why the others make none; the converter's first step."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from unbake.domain.naming import (
    EXTENSIONS,
    SUFFIXES,
    Role,
    below_textures,
    is_texture,
    role_among,
    split_stem,
    unsupported_folder,
)
from unbake.errors import UsageError


@dataclass(frozen=True, slots=True)
class TextureSet:
    """The files of one painted material.

    name: path below the texture root without extension and without a diffuse's `_d`, forward slashes.
    texture: the same with the `_d`: what a mesh refers to.
    """

    name: str
    texture: str
    diffuse: Path
    normal: Path | None = None
    specular: Path | None = None
    environment: Path | None = None
    parallax: Path | None = None
    glow: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file of the set, the diffuse first."""
        others = (self.normal, self.specular, self.environment, self.parallax, self.glow)
        return (self.diffuse, *(path for path in others if path is not None))


@dataclass(frozen=True, slots=True)
class Skipped:
    """A texture file that is not converted: its path below the texture root, and the reason."""

    path: str
    reason: str


def find_sets(
    root: Path,
    texture_root: Path | None = None,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
) -> tuple[list[TextureSet], list[Skipped]]:
    """The texture sets of a folder (or the one of a diffuse file), and what is left out and why; both sorted.

    root: a folder, or one diffuse texture.
    texture_root: what names are relative to; by default the deepest folder called `textures` in a file's
    path, else `root` (SPEC C1).
    include, exclude: case-insensitive patterns (`*`, `?`, `[]`) matched against names; a `*` crosses folders.
    Raises UsageError where `root` does not exist or lies outside `texture_root`.

    >>> sets, skipped = find_sets(Path("Data"), include=["architecture/*"])   # doctest: +SKIP
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100  (links are followed by name, as the game sees them)
    if not root.exists():
        raise UsageError(f"a folder or a texture was expected, but nothing is at '{root}'; check the path")
    if root.is_file() and not is_texture(root.name):
        raise UsageError(
            f"a folder or a texture ({' '.join(EXTENSIONS)}) was expected, but '{root.name}' is neither"
        )
    folder = root if root.is_dir() else root.parent
    files = sorted(_textures_below(folder, deep=root.is_dir()))
    sets, skipped = classify(_game_paths(folder, files, texture_root))
    if root.is_file():
        sets = [one for one in sets if one.diffuse == root]
        own = [one for one in skipped if PurePosixPath(one.path).name == root.name]
        skipped = [] if sets else own or [Skipped(root.name, "not a diffuse texture; name the set's diffuse")]
    return (
        [one for one in sets if _wanted(one.name, include, exclude)],
        [one for one in skipped if _wanted(_set_name(one.path), include, exclude)],
    )


def classify(files: dict[Path, PurePosixPath | None]) -> tuple[list[TextureSet], list[Skipped]]:
    """Sort textures, given with their paths below the texture root (None: outside of it), into sets."""
    skipped: list[Skipped] = []
    folders: dict[str, list[tuple[PurePosixPath, Path]]] = defaultdict(list)
    for path, game in files.items():
        if game is None:
            skipped.append(Skipped(path.name, "outside the textures folder"))
        elif reason := unsupported_folder(game.parts[:-1]):
            skipped.append(Skipped(str(game), reason))
        else:
            folders[str(game.parent).lower()].append((game, path))
    sets: list[TextureSet] = []
    for members in folders.values():
        _sort_folder(members, sets, skipped)
    return sorted(sets, key=lambda one: one.name), sorted(skipped, key=lambda one: (one.path, one.reason))


def _sort_folder(
    members: Iterable[tuple[PurePosixPath, Path]], sets: list[TextureSet], skipped: list[Skipped]
) -> None:
    """Find the sets of one folder; `members` are its textures as (path below the root, file)."""
    unique = _one_per_stem(members, skipped)
    roles = {stem: role_among(game.stem, unique.keys()) for stem, (game, _) in unique.items()}
    used: set[str] = set()
    for stem, (base, role) in roles.items():
        if role is not Role.DIFFUSE:
            continue
        game, path = unique[stem]
        bases = dict.fromkeys((stem, base.lower()))
        beside = {
            kind: other
            for suffix, kind in reversed(SUFFIXES.items())
            for other in (f"{one}{suffix}" for one in reversed(bases))
            if kind is not Role.DIFFUSE and other in unique and roles[other][1] is kind
        }
        owned = {f"{one}{suffix}" for one in bases for suffix in SUFFIXES} & unique.keys()
        owned = {other for other in owned if roles[other][1] is not Role.DIFFUSE}
        used |= owned | {stem}
        if why := next((why for kind, why in _UNSUPPORTED_BESIDE.items() if kind in beside), None):
            skipped.extend(Skipped(str(unique[other][0]), why) for other in {stem, *owned})
            continue
        files = {kind: unique[other][1] for kind, other in beside.items()}
        if Role.NORMAL not in files and Role.SPECULAR in files:
            skipped.append(Skipped(str(unique[beside[Role.SPECULAR]][0]), "a subsurface map; left alone"))
            del files[Role.SPECULAR]
        for other in sorted(owned):
            if roles[other][1] not in _READ:
                skipped.append(Skipped(str(unique[other][0]), f"a {roles[other][1]} map; left alone"))
        sets.append(
            TextureSet(
                name=str(game.with_name(base)),
                texture=str(game.with_suffix("")),
                diffuse=path,
                normal=files.get(Role.NORMAL),
                specular=files.get(Role.SPECULAR),
                environment=files.get(Role.ENVIRONMENT),
                parallax=files.get(Role.PARALLAX),
                glow=files.get(Role.GLOW),
            )
        )
    for stem in unique.keys() - used:
        what = roles[stem][1]
        skipped.append(Skipped(str(unique[stem][0]), f"a {what} map without a diffuse beside it"))


_UNSUPPORTED_BESIDE = {
    Role.MODEL_NORMAL: "part of a body or a face (it has a model-space normal map)",
    Role.SKIN: "part of a skin",
    Role.PBR: "a PBR texture already",
}
_READ = {Role.NORMAL, Role.SPECULAR, Role.ENVIRONMENT, Role.PARALLAX, Role.GLOW}


def _one_per_stem(
    members: Iterable[tuple[PurePosixPath, Path]], skipped: list[Skipped]
) -> dict[str, tuple[PurePosixPath, Path]]:
    """Lower-case stem → its file; of several the best extension wins, then the first name."""
    unique: dict[str, tuple[PurePosixPath, Path]] = {}
    for game, path in sorted(
        members, key=lambda m: (EXTENSIONS.index(m[0].suffix.lower()), str(m[0]), str(m[1]))
    ):
        kept, taken = unique.setdefault(game.stem.lower(), (game, path))
        if taken == path:
            continue
        if kept == game:
            skipped.append(
                Skipped(str(game), f"'{taken}' has the same path in the game and is used instead of '{path}'")
            )
        elif kept.suffix.lower() == game.suffix.lower():
            skipped.append(Skipped(str(game), f"differs from {kept.name} only in case"))
        else:
            skipped.append(Skipped(str(game), f"{kept.name} is used instead"))
    return unique


def _textures_below(folder: Path, deep: bool) -> Iterable[Path]:
    for at, folders, names in os.walk(folder):
        if not deep:
            folders.clear()
        yield from (Path(at, name) for name in names if is_texture(name))


def _game_paths(
    folder: Path, files: Sequence[Path], texture_root: Path | None
) -> dict[Path, PurePosixPath | None]:
    """Each file's path below the texture root; None for what lies outside while others lie inside."""
    if texture_root is not None:
        top = Path(os.path.abspath(texture_root))  # noqa: PTH100
        if not folder.is_relative_to(top) and not top.is_relative_to(folder):
            raise UsageError(
                f"a texture root above or below '{folder}' was expected, but '{texture_root}' is neither; "
                "name the folder that texture paths in the game start from"
            )
        return {path: _below(path, top) for path in files}
    inside = {path: below_textures(path.parts) for path in files}
    if any(inside.values()):
        return {path: PurePosixPath(*parts) if parts else None for path, parts in inside.items()}
    return {path: _below(path, folder) for path in files}


def _below(path: Path, top: Path) -> PurePosixPath | None:
    return PurePosixPath(*path.relative_to(top).parts) if path.is_relative_to(top) else None


def _set_name(path: str) -> str:
    game = PurePosixPath(path)
    return str(game.with_name(split_stem(game.stem)[0]))


def _wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    def matches(pattern: str) -> bool:
        return fnmatchcase(name.lower(), pattern.replace("\\", "/").lower())

    return (not include or any(map(matches, include))) and not any(map(matches, exclude))
