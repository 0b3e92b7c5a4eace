"""Sorts textures, by their names alone, into texture sets and skipped files with reasons; after `sources`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from unbake.convert.game_paths import printable
from unbake.convert.sources import Source, Texture
from unbake.domain.naming import Role, green_of, is_variant, partner_of, role_among, suffix_order
from unbake.domain.texture_paths import EXTENSIONS, unsupported_folder
from unbake.files import why_unsafe
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
    companions = _by_base(roles)
    lenders = {
        name.lower(): stem for kind in _NORMALS for stem, (name, role) in roles.items() if role is kind
    }
    used: set[str] = set()
    reasons: list[tuple[str, str]] = []
    for stem, (base, role) in roles.items():
        if role is not Role.DIFFUSE:
            continue
        owned, beside = _beside(dict.fromkeys((stem, base.lower())), companions, roles)
        used |= {stem, *owned}
        lender = None if beside.keys() & {*_NORMALS} else _lender(base.lower(), lenders)
        if lender is not None:
            beside[roles[lender][1]] = lender
            used.add(lender)
        if why := next((why for kind, why in _UNSUPPORTED_BESIDE.items() if kind in beside), None):
            reasons += [(member, why) for member in {stem, *owned}]
            continue
        left = _left_out(
            owned, beside, roles, {kind: unique[other][0].name for kind, other in beside.items()}
        )
        reasons += left.items()
        read = {kind: other for kind, other in beside.items() if other not in left}
        game, diffuse = unique[stem]
        files = {kind: unique[other][1] for kind, other in read.items()}
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
                green=green_of(read[Role.NORMAL]) if Role.NORMAL in read else None,
            )
        )
    reasons += [
        (stem, f"{roles[stem][1].described} without a diffuse beside it") for stem in unique.keys() - used
    ]
    skipped += [Skipped(str(unique[stem][0]), reason) for stem, reason in reasons]


def _by_base(roles: Mapping[str, tuple[str, Role]]) -> dict[str, list[str]]:
    """The stems that are no diffuses, by the name, in lower case, that they belong to."""
    companions: dict[str, list[str]] = defaultdict(list)
    for stem, (base, role) in roles.items():
        if role is not Role.DIFFUSE:
            companions[base.lower()].append(stem)
    return companions


def _beside(
    bases: Iterable[str], companions: Mapping[str, list[str]], roles: Mapping[str, tuple[str, Role]]
) -> tuple[set[str], dict[Role, str]]:
    """The companions of a diffuse, and the one of each role that counts: of the first suffix, then of the first name.

    bases: the names that companions of the diffuse may have, in lower case, its own before that of its set.
    """
    owned = {other: place for place, name in enumerate(bases) for other in companions.get(name, ())}
    best_last = sorted(owned, key=lambda other: (suffix_order(other), owned[other], other), reverse=True)
    return {*owned}, {roles[other][1]: other for other in best_last}


def _left_out(
    owned: Iterable[str],
    beside: Mapping[Role, str],
    roles: Mapping[str, tuple[str, Role]],
    names: Mapping[Role, str],
) -> dict[str, str]:
    """The companions of a diffuse that its set does not read, each with the reason; names: of the files in `beside`."""
    left = {other: f"{kind.described}; left alone" for kind, other in beside.items() if kind not in _READ}
    specular = beside.get(Role.SPECULAR, "")
    subsurface = Role.NORMAL not in beside and specular.endswith("_s")
    if subsurface:
        left[specular] = "a subsurface map; left alone"
    for other in {*owned} - {*beside.values()}:
        kind = roles[other][1]
        if not (subsurface and kind is Role.SPECULAR):
            left[other] = f"{names[kind]} is used instead"
    return left


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
