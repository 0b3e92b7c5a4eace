"""Lists the texture files of mods, on disk or in archives, as the game would see them; before `sets` sorts them."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unbake.convert.archives import SUFFIXES, entry_names, is_archive, is_bsa, read_entry, why_unreadable
from unbake.convert.game_paths import composed, fitting, of_bsa, of_download, of_folder, printable
from unbake.domain.texture_paths import EXTENSIONS, LITTER_FOLDER, is_texture
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
        """The first bytes of the file; FileError as `read`."""
        if self.entry is not None:
            return read_entry(self.path, self.entry, count)
        return read_start(self.path, count)

    def picture(self) -> Picture:
        """The file decoded, its format told by its content; FileError where it cannot be. See `image.files`."""
        return decode_picture(self.read(), str(self))


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
        top = fitting(root, texture_root)
        fits = fits or top is not None
        for found in _by_precedence(root, top):
            if isinstance(found, Texture):
                listed.append(found)
                continue
            listed += [Texture(composed(game), source, mod, rank) for source, game in found]
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
    if why := why_unreadable(root):
        raise UsageError(why)
    if not is_texture(root.name):
        raise UsageError(
            f"Expected a folder, an archive ({' '.join(SUFFIXES)}) or a texture ({' '.join(EXTENSIONS)}), got "
            f"'{root.name}'; choose another."
        )
    if not alone:
        raise UsageError(
            f"Expected folders or archives where there are several, got the texture '{root.name}'; give it alone."
        )


_Found = Sequence[tuple[Source, PurePosixPath | None]]
"""The textures of one precedence in a mod, with their paths in the game."""


def _by_precedence(root: Path, top: Path | None) -> Iterator[_Found | Texture]:
    """The textures of one mod: loose ones, then those of each archive, or the archive where it cannot be read."""
    if is_archive(root):
        try:
            yield from _alone(root)
        except FileError as error:
            raise UsageError(str(error)) from error
        return
    folder = root if root.is_dir() else root.parent
    loose = sorted(textures_below(folder, deep=root.is_dir()))
    yield _with_games(map(Source, loose), of_folder(folder, loose, top))
    if root.is_dir():
        archives = (path for path in root.iterdir() if is_bsa(path) and path.is_file())
        for archive in sorted(archives, key=lambda path: path.name.lower(), reverse=True):
            try:
                packed = packed_sources(archive)
                games = of_bsa([source.entry or "" for source in packed], strict=top is not None)
                yield _with_games(packed, games)
            except FileError as error:
                yield Texture(None, Source(archive), unreadable=str(error))


def _alone(archive: Path) -> Iterator[_Found | Texture]:
    """The textures of a mod that is an archive, and each archive of the game that is packed in it as unreadable."""
    packed = packed_sources(archive)
    names = [source.entry or "" for source in packed]
    yield _with_games(packed, of_bsa(names) if is_bsa(archive) else of_download(archive, names))
    for name in [] if is_bsa(archive) else entry_names(archive):
        if is_bsa(Path(name)):
            why = f"Expected loose textures in '{archive}', got '{name}' in it; unpack it and convert the folder."
            yield Texture(None, Source(archive, name), unreadable=why)


def _with_games(sources: Iterable[Source], games: Sequence[PurePosixPath | None]) -> _Found:
    return list(zip(sources, games, strict=True))


def packed_sources(archive: Path) -> list[Source]:
    """The textures in an archive; FileError where it cannot be read."""
    return [
        Source(archive, entry)
        for entry in entry_names(archive)
        if is_texture(entry) and not entry.lower().startswith(f"{LITTER_FOLDER}/")
    ]


def textures_below(folder: Path, deep: bool) -> Iterable[Path]:
    """The textures of a folder; links to folders are followed, but not into one that holds them or the folder."""

    def stop(error: OSError) -> None:  # a folder skipped in silence would be missed only in the game
        raise UsageError(
            f"Expected a readable folder, got '{error.filename}' ({error.strerror}); check its rights."
        ) from error

    entered: dict[str, tuple[str, ...]] = {str(folder): (os.path.realpath(folder),)}
    for at, folders, names in os.walk(folder, onerror=stop, followlinks=True):
        chain = entered.pop(at)
        folders[:] = [name for name in folders if not _is_hidden(name)] if deep else []
        for name in (*folders,):
            below = os.path.join(at, name)  # noqa: PTH118  (as os.walk names it)
            real = os.path.join(chain[-1], name)  # noqa: PTH118
            if _is_link(below):
                real = os.path.realpath(below)
                if any(Path(place).is_relative_to(real) for place in chain):
                    folders.remove(name)
            entered[below] = (*chain, real)
        yield from (Path(at, name) for name in names if is_texture(name))


def _is_hidden(folder: str) -> bool:
    """Whether the game sees nothing of a folder: macOS' records, or what Mod Organizer hides."""
    return folder.lower() == LITTER_FOLDER or folder.lower().endswith(".mohidden")


def _is_link(path: str) -> bool:
    """Whether a folder is a symbolic link, or a junction where Python can tell one (3.12)."""
    return os.path.islink(path) or getattr(os.path, "isjunction", lambda _: False)(path)  # noqa: PTH114
