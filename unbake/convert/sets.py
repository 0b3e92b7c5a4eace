"""Sorts the files of a mod into texture sets and skipped files with reasons; the converter's first step."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unbake.convert.archives import is_archive
from unbake.convert.game_paths import printable
from unbake.convert.sources import Source, Texture, list_textures
from unbake.domain.naming import (
    EXTENSIONS,
    Role,
    green_of,
    is_variant,
    matches,
    partner_of,
    role_among,
    split_stem,
    suffix_order,
    unsupported_folder,
)
from unbake.errors import FileError
from unbake.files import why_unsafe
from unbake.image.files import not_flat
from unbake.image.normals import Green


@dataclass(frozen=True, slots=True)
class TextureSet:
    """The files of one painted material.

    name: path below the texture root without extension and without a diffuse's `_d`, forward slashes.
    texture: the same with the `_d`: what a mesh refers to.
    shared: the name of the normal's own texture, where this one has none and is taken for a variant of it.
    green: direction of the normal's green, where its name tells it (`naming.green_of`).
    """

    name: str
    texture: str
    diffuse: Source
    normal: Source | None = None
    specular: Source | None = None
    environment: Source | None = None
    parallax: Source | None = None
    glow: Source | None = None
    shared: str | None = None
    green: Green | None = None

    @property
    def files(self) -> tuple[Source, ...]:
        """Every file of the set, the diffuse first."""
        others = (self.normal, self.specular, self.environment, self.parallax, self.glow)
        return (self.diffuse, *(file for file in others if file is not None))


@dataclass(frozen=True, slots=True)
class Skipped:
    """A texture file that is not converted: its path below the texture root, and the reason.

    failed: an archive that could not be read, so that what it holds is missing from the conversion.
    """

    path: str
    reason: str
    failed: bool = False


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


_HEADER = 148
"""Bytes of a DDS header, which says whether the file holds a flat texture."""


def classify(textures: Iterable[Texture]) -> tuple[list[TextureSet], list[Skipped]]:
    """Sort textures into sets."""
    skipped: list[Skipped] = []
    folders: dict[str, list[tuple[PurePosixPath, Texture]]] = defaultdict(list)
    for texture in textures:
        game = texture.game
        if texture.unreadable:
            skipped.append(Skipped(printable(texture.source.name), texture.unreadable, failed=True))
        elif game is None:
            skipped.append(Skipped(printable(texture.source.name), "outside the textures folder"))
        elif (name := printable(str(game))) != str(game):
            skipped.append(
                Skipped(name, "its name is not valid UTF-8, which the game's files need; rename it")
            )
        elif reason := why_unsafe(str(game)) or why_unsafe(str(game.with_suffix(""))):
            skipped.append(Skipped(str(game), f"some system cannot take its name, {reason}; rename it"))
        elif reason := unsupported_folder(game.parts[:-1]):
            skipped.append(Skipped(str(game), reason))
        else:
            folders[str(game.parent).lower()].append((game, texture))
    sets: list[TextureSet] = []
    for members in folders.values():
        _sort_folder(members, sets, skipped)
    return sorted(sets, key=lambda files: files.name), sorted(
        skipped, key=lambda skip: (skip.path, skip.reason)
    )


def _sort_folder(
    members: Iterable[tuple[PurePosixPath, Texture]], sets: list[TextureSet], skipped: list[Skipped]
) -> None:
    """Find the sets of one folder; `members` are its textures with their paths below the root."""
    unique = _one_per_stem(members, skipped)
    roles = _roles({stem: game.stem for stem, (game, _) in unique.items()})
    companions: dict[str, list[str]] = defaultdict(list)
    for stem, (base, role) in roles.items():
        if role is not Role.DIFFUSE:
            companions[base.lower()].append(stem)
    lenders = {
        name.lower(): stem for kind in _NORMALS for stem, (name, role) in roles.items() if role is kind
    }
    used: set[str] = set()

    def skip(stem: str, reason: str) -> None:
        skipped.append(Skipped(str(unique[stem][0]), reason))

    for stem, (base, role) in roles.items():
        if role is not Role.DIFFUSE:
            continue
        bases = dict.fromkeys((stem, base.lower()))
        owned = {other: place for place, name in enumerate(bases) for other in companions[name]}
        order = sorted(owned, key=lambda other: (suffix_order(other), owned[other], other), reverse=True)
        beside = {roles[other][1]: other for other in order}
        used |= owned.keys() | {stem}
        lender = None
        if not beside.keys() & {*_NORMALS}:
            lender = _lender(base.lower(), lenders)
        if lender is not None:
            beside[roles[lender][1]] = lender
            used.add(lender)
        if why := next((why for kind, why in _UNSUPPORTED_BESIDE.items() if kind in beside), None):
            for member in {stem, *owned}:
                skip(member, why)
            continue
        if Role.NORMAL not in beside and beside.get(Role.SPECULAR, "").endswith("_s"):
            skip(beside.pop(Role.SPECULAR), "a subsurface map; left alone")
        for other in owned.keys() - set(beside.values()):
            if (kind := roles[other][1]) in beside:
                skip(other, f"{unique[beside[kind]][0].name} is used instead")
        for kind in beside.keys() - _READ:
            skip(beside[kind], f"{kind.described}; left alone")
        game, diffuse = unique[stem]
        files = {kind: unique[companion][1] for kind, companion in beside.items()}
        sets.append(
            TextureSet(
                name=str(game.with_name(base)),
                texture=str(game.with_suffix("")),
                diffuse=diffuse,
                normal=files.get(Role.NORMAL),
                specular=files.get(Role.SPECULAR),
                environment=files.get(Role.ENVIRONMENT),
                parallax=files.get(Role.PARALLAX),
                glow=files.get(Role.GLOW),
                shared=str(game.with_name(roles[lender][0])) if lender else None,
                green=green_of(beside[Role.NORMAL]) if Role.NORMAL in beside else None,
            )
        )
    for stem in unique.keys() - used:
        skip(stem, f"{roles[stem][1].described} without a diffuse beside it")


def _roles(stems: dict[str, str]) -> dict[str, tuple[str, Role]]:
    """Base and role of each stem (lower case → as written); of two diffuses of one name the later keeps its stem."""
    roles = {lower: role_among(stem, stems.keys()) for lower, stem in stems.items()}
    named: set[str] = set()
    for lower in sorted(roles, key=lambda stem: (suffix_order(stem), stem)):
        base, role = roles[lower]
        if role is Role.DIFFUSE:
            if base.lower() in named:
                roles[lower] = (stems[lower], role)
            named.add(base.lower())
    return roles


def _lender(base: str, lenders: dict[str, str]) -> str | None:
    """The stem of the normal that a diffuse without one borrows: of the longest name it is a variant of.

    lenders: a normal's name, lower case, to its stem. Which normal a surface has stands in its meshes; a texture's
    name is all that a folder tells of it.
    """
    for length in range(len(base) - 1, 0, -1):
        if base[:length] in lenders and is_variant(base, base[:length]):
            return lenders[base[:length]]
    return lenders.get(partner_of(base) or "")


_NORMALS = (Role.NORMAL, Role.MODEL_NORMAL)
_UNSUPPORTED_BESIDE = {
    Role.MODEL_NORMAL: "part of a body or a face (it has a model-space normal map)",
    Role.SKIN: "part of a skin",
    Role.PBR: "a PBR texture already",
}
_READ = {Role.NORMAL, Role.SPECULAR, Role.ENVIRONMENT, Role.PARALLAX, Role.GLOW}


def _one_per_stem(
    members: Iterable[tuple[PurePosixPath, Texture]], skipped: list[Skipped]
) -> dict[str, tuple[PurePosixPath, Source]]:
    """Lower-case stem → its file; of several the best extension wins, then the later mod, then the first name."""
    unique: dict[str, tuple[PurePosixPath, Texture]] = {}
    for game, texture in sorted(
        members,
        key=lambda m: (EXTENSIONS.index(m[0].suffix.lower()), m[1].rank, str(m[0]), m[1].source),
    ):
        best, chosen = unique.setdefault(game.stem.lower(), (game, texture))
        if chosen == texture:
            continue
        if best.suffix.lower() != game.suffix.lower():
            reason = f"{best.name} is used instead"
        elif chosen.rank != texture.rank:
            why = "of a later mod" if chosen.mod != texture.mod else "of the same mod"
            reason = f"'{chosen.source}' {why} is used instead of '{texture.source}'"
        elif best == game:
            reason = (
                f"'{chosen.source}' has the same path in the game and is used instead of '{texture.source}'"
            )
        else:
            reason = f"differs from {best.name} only in case"
        skipped.append(Skipped(str(game), reason))
    return {stem: (game, texture.source) for stem, (game, texture) in unique.items()}


def _set_name(path: str) -> str:
    game = PurePosixPath(path)
    return str(game.with_name(split_stem(game.stem)[0]))


def _wanted(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    if include and not any(matches(name, pattern) for pattern in include):
        return False
    return not any(matches(name, pattern) for pattern in exclude)
