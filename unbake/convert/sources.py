"""Lists the texture files of mods, on disk or in archives, as the game would see them; before `sets` sorts them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from unbake.convert.archives import SUFFIX, entry_names, is_archive, read_entry
from unbake.domain.naming import EXTENSIONS, LITTER_FOLDER, ROOT_FOLDER, below_textures, is_texture
from unbake.errors import FileError, UsageError
from unbake.image.files import Picture, decode_picture, read_bytes, read_start


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A file to be read, never written: at `path`, or inside the archive at `path` under the name `entry`."""

    path: Path
    entry: str | None = None

    @property
    def name(self) -> str:
        """The file's own name, without folders."""
        return PurePosixPath(self.entry).name if self.entry else self.path.name

    def __str__(self) -> str:
        """For a person: what is not valid Unicode in the path is spelt out."""
        return printable(f"{self.path}/{self.entry}" if self.entry else str(self.path))

    def read(self) -> bytes:
        """The file's bytes, of an archive only this file's; FileError where they cannot be read.

        >>> Source(Path("Mod.bsa"), "textures/clutter/pot.dds").read()[:4]   # doctest: +SKIP
        b'DDS '
        """
        if self.entry is None:
            return read_bytes(self.path)
        return read_entry(self.path, self.entry)

    def head(self, count: int) -> bytes:
        """The first bytes of the file; FileError as `read`. From an archive all of it must be read."""
        if self.entry is not None:
            return self.read()[:count]
        return read_start(self.path, count)

    def picture(self) -> Picture:
        """The file decoded, its format told by its content; FileError where it cannot be. See `image.files`."""
        return decode_picture(self.read(), str(self))


def printable(text: str) -> str:
    """A path as text that every file and terminal takes: bytes of a name that are not UTF-8 are spelt out.

    >>> printable("caf\udce9.dds")
    'caf\\udce9.dds'
    """
    return text.encode("utf-8", "backslashreplace").decode()


@dataclass(frozen=True, slots=True)
class Texture:
    """A texture as the game would look for it.

    game: its path below the texture root, None for what lies outside of it. mod: the place in the load order
    of the IN it comes from. rank: of two with one path the game sees the lower.
    unreadable: instead of a texture, an archive that cannot be read, and why.
    """

    game: PurePosixPath | None
    source: Source
    mod: int = 0
    rank: int = 0
    unreadable: str = ""


def list_textures(roots: Sequence[Path], texture_root: Path | None = None) -> list[Texture]:
    """Every texture of these mods, each a folder with the archives in it, an archive, or one texture.

    Later mods come before earlier ones, as a mod manager resolves; in one mod loose files come before its
    archives, and of those the last by name. One texture comes with the files beside it. An archive in a folder that
    cannot be read is listed as such; the rest of the mod is read. UsageError where a root does not exist, is something
    else or such an archive itself, and where `texture_root` is neither above nor below any.

    >>> list_textures([Path("Skyrim - Textures0.bsa"), Path("MyMod")])   # doctest: +SKIP
    """
    listed: list[Texture] = []
    rank = 0
    fits = texture_root is None
    for mod, named in reversed(list(enumerate(roots))):
        root = Path(os.path.abspath(named))  # noqa: PTH100  (links are followed by name, as the game sees them)
        _check(root, alone=len(roots) == 1)
        fits = fits or _fits(root, texture_root)
        for sources in _by_precedence(root):
            if isinstance(sources, Texture):
                listed.append(sources)
                continue
            games = map(_composed, _game_paths(root, sources, texture_root))
            listed += [Texture(game, source, mod, rank) for source, game in zip(sources, games, strict=True)]
            rank += 1
    if not fits:
        raise UsageError(
            f"Expected a texture root above or below '{roots[0]}', got '{texture_root}'; name the folder that texture "
            "paths in the game start from."
        )
    return listed


def _check(root: Path, alone: bool) -> None:
    """UsageError unless `root` is a folder, an archive, or, where it stands alone, a texture."""
    if not root.exists():
        raise UsageError(f"Expected a folder or a texture, got nothing at '{root}'; check the path.")
    if root.is_dir() or is_archive(root):
        return
    if not is_texture(root.name):
        raise UsageError(
            f"Expected a folder, an archive ({SUFFIX}) or a texture ({' '.join(EXTENSIONS)}), got '{root.name}'; "
            "choose another."
        )
    if not alone:
        raise UsageError(
            f"Expected folders or archives where there are several, got the texture '{root.name}'; give it alone."
        )


def _by_precedence(root: Path) -> Iterator[list[Source] | Texture]:
    """The textures of one mod: loose ones, then those of each archive, or the archive where it cannot be read."""
    if is_archive(root):
        try:
            yield _packed(root)
        except FileError as error:
            raise UsageError(str(error)) from error
        return
    folder = root if root.is_dir() else root.parent
    yield sorted(Source(path) for path in _textures_below(folder, deep=root.is_dir()))
    if root.is_dir():
        archives = (path for path in root.iterdir() if is_archive(path) and path.is_file())
        for archive in sorted(archives, key=lambda path: path.name.lower(), reverse=True):
            try:
                yield _packed(archive)
            except FileError as error:
                yield Texture(None, Source(archive), unreadable=str(error))


def _packed(archive: Path) -> list[Source]:
    """The textures in an archive."""
    return [
        Source(archive, entry)
        for entry in entry_names(archive)
        if is_texture(entry) and not entry.lower().startswith(f"{LITTER_FOLDER}/")
    ]


def _textures_below(folder: Path, deep: bool) -> Iterable[Path]:
    """The textures of a folder; links to folders are followed, but not into one that holds them or the folder."""

    def stop(error: OSError) -> None:  # a folder skipped in silence would be missed only in the game
        raise UsageError(
            f"Expected a readable folder, got '{error.filename}' ({error.strerror}); check its rights."
        ) from error

    entered: dict[str, tuple[str, ...]] = {str(folder): (os.path.realpath(folder),)}
    for at, folders, names in os.walk(folder, onerror=stop, followlinks=True):
        chain = entered.pop(at)
        folders[:] = [name for name in folders if name.lower() != LITTER_FOLDER] if deep else []
        for name in (*folders,):
            below = os.path.join(at, name)  # noqa: PTH118  (as os.walk names it)
            real = os.path.join(chain[-1], name)  # noqa: PTH118
            if _is_link(below):
                real = os.path.realpath(below)
                if any(Path(place).is_relative_to(real) for place in chain):
                    folders.remove(name)
            entered[below] = (*chain, real)
        yield from (Path(at, name) for name in names if is_texture(name))


def _is_link(path: str) -> bool:
    """Whether a folder is a symbolic link, or a junction where Python can tell one (3.12)."""
    return os.path.islink(path) or getattr(os.path, "isjunction", lambda _: False)(path)  # noqa: PTH114


def _game_paths(
    root: Path, sources: Sequence[Source], texture_root: Path | None
) -> list[PurePosixPath | None]:
    """Each file's path below the texture root; None for what lies outside while others lie inside."""
    top = Path(os.path.abspath(texture_root)) if texture_root and _fits(root, texture_root) else None  # noqa: PTH100
    if top is not None and not is_archive(root):
        return [
            _below(source.path, top) if source.entry is None else _packed_below(source) for source in sources
        ]
    folder = root if root.is_dir() else root.parent
    packed = [_packed_below(source) for source in sources if source.entry is not None]
    inside = packed or _loose_below(folder, [source.path for source in sources])
    if any(inside):
        return inside
    return [
        PurePosixPath(source.entry) if source.entry else _below(source.path, folder) for source in sources
    ]


def _packed_below(source: Source) -> PurePosixPath | None:
    """The path of a file in an archive below the archive's `textures` folder."""
    top, _, rest = (source.entry or "").partition("/")
    return PurePosixPath(rest) if top.lower() == ROOT_FOLDER and rest else None


def _loose_below(folder: Path, paths: Sequence[Path]) -> list[PurePosixPath | None]:
    """The paths below the outermost `textures` folder in a mod, else below the one that the mod's own path names.

    A mod has one: where `folder` holds one itself, those further down are none of the game's. UsageError where
    several of its folders hold one each.
    """
    parts = [path.relative_to(folder).parts for path in paths]
    depths = [
        next((at for at, part in enumerate(p[:-1]) if part.lower() == ROOT_FOLDER), None) for p in parts
    ]
    named = below_textures((*folder.parts, "of a file"))
    if named is not None and not _is_mod(folder, depths):
        return [PurePosixPath(*named[:-1], *p) for p in parts]
    homes = {p[:at] for p, at in zip(parts, depths, strict=True) if at is not None}
    if () not in homes:
        _check_one_mod(folder, homes)
    outside = homes - {()} if () in homes else set()
    return [
        None if at is None or p[:at] in outside else PurePosixPath(*p[at + 1 :])
        for p, at in zip(parts, depths, strict=True)
    ]


def _is_mod(folder: Path, depths: Sequence[int | None]) -> bool:
    """Whether a folder whose own path leads through a `textures` is all the same a mod with one of its own."""
    return folder.name.lower() != ROOT_FOLDER and (0 in depths or (None not in depths and bool(depths)))


def _check_one_mod(folder: Path, homes: set[tuple[str, ...]]) -> None:
    """UsageError where several folders are mods, or options of one: which of them count, only a person knows.

    homes: the folders, as parts below `folder`, that hold a `textures` folder.
    """
    if any(is_archive(path) for path in folder.iterdir()):
        packed = set()
    else:
        packed = {
            (place.name,)
            for place in folder.iterdir()
            if place.is_dir() and any(is_archive(path) for path in place.iterdir())
        }
    found = sorted("/".join(home) for home in homes | packed)
    if len(found) < 2:
        return
    named = ", ".join(f"'{printable(name)}'" for name in found[:3]) + (", ..." if len(found) > 3 else "")
    command = " ".join(f'"{printable(str(folder / name))}"' for name in found[:3])
    raise UsageError(
        f"Expected one mod in '{folder}', got {len(found)} folders that each hold one ({named}): several mods, or "
        "options of an installer; name those you use in the order they are installed, since later ones override "
        f"earlier ones: unbake convert {command}{' ...' if len(found) > 3 else ''} OUT."
    )


def _composed(game: PurePosixPath | None) -> PurePosixPath | None:
    """The path with each letter one character (NFC), as on Windows; macOS keeps accents apart."""
    return None if game is None else PurePosixPath(normalize("NFC", str(game)))


def _below(path: Path, top: Path) -> PurePosixPath | None:
    return PurePosixPath(*path.relative_to(top).parts) if path.is_relative_to(top) else None


def _fits(root: Path, texture_root: Path | None) -> bool:
    folder = root if root.is_dir() else root.parent
    top = Path(os.path.abspath(texture_root)) if texture_root else folder  # noqa: PTH100
    return folder.is_relative_to(top) or top.is_relative_to(folder)
