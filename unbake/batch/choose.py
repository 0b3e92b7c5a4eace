"""Chooses the sets of a conversion, those of all shards, and says what is odd about the choice; first step of `run`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unbake.batch.checks import check_unclaimed, without_clashes
from unbake.batch.events import Options
from unbake.convert.archives import archives_in
from unbake.convert.find import list_sets, select
from unbake.convert.game_view import view
from unbake.convert.load_order import LoadOrder
from unbake.convert.sets import Skipped, TextureSet
from unbake.domain.packing import Preset
from unbake.domain.patterns import unmatched
from unbake.domain.texture_paths import EXTENSIONS, ROOT_FOLDER
from unbake.errors import UsageError
from unbake.export import pgpatcher


@dataclass(frozen=True, slots=True)
class Chosen:
    """The textures of a conversion.

    sets: those to convert. skipped: the files that are left out. whole: all sets of the mod, whatever is converted.
    notes: sentences about the choice.
    """

    sets: Sequence[TextureSet]
    skipped: Sequence[Skipped]
    whole: Sequence[TextureSet]
    notes: tuple[str, ...] = ()


def choose_sets(
    roots: Sequence[Path], order: LoadOrder | None, out: Path, options: Options, preset: Preset
) -> Chosen:
    """The sets of these mods, or of the load order that they are.

    UsageError where there are no textures at all, or where one of theirs is in `out` already and not from us.
    """
    notes: tuple[str, ...] = ()
    if order is None:
        everything = list_sets(roots, options.texture_root)
    elif options.texture_root is not None:
        raise UsageError(
            f"Expected no texture root for a mod manager's folder, got '{options.texture_root}'; leave it out."
        )
    else:
        seen = view(order, out, options.whole_game)
        everything, notes = (seen.sets, seen.skipped), tuple(seen.notes)
    sets, skipped = select(*everything, options.include, options.exclude)
    if not sets and not skipped:
        raise _none_found(roots[-1], options)
    notes += tuple(_unmatched(everything[0], options))
    if order is None and options.texture_root is None and preset.folder == pgpatcher.PBR_ROOT:
        notes += tuple(_guessed_root(roots[-1], sets))
    chosen, left = without_clashes(sets, skipped, preset)
    check_unclaimed(out, chosen, preset)
    whole = everything[0] if options.include or options.exclude else chosen
    return Chosen(chosen, left, whole, notes)


def _none_found(root: Path, options: Options) -> UsageError:
    found, cure = "none that match", "name their folder"
    if packed := archives_in(root):
        found, cure = f"none but archives such as '{packed[0].name}'", "give an archive itself"
    if options.include or options.exclude:
        cure = "give other patterns to --include and --exclude"
    return UsageError(f"Expected textures ({' '.join(EXTENSIONS)}) in '{root}', got {found}; {cure}.")


def _unmatched(sets: Sequence[TextureSet], options: Options) -> Iterator[str]:
    """A note for each pattern that matches none of the sets."""
    names = [files.name for files in sets]
    for origin, patterns in (("--include", options.include), ("--exclude", options.exclude)):
        for pattern in unmatched(patterns, names):
            yield f"{origin} '{pattern}' matches no texture set"


def _guessed_root(root: Path, sets: Sequence[TextureSet]) -> Iterator[str]:
    """A note where no folder said where paths in the game begin, which PGPatcher's entries are made of."""
    if sets and not any(map(_below_textures, sets)):
        yield (
            f"no folder called {ROOT_FOLDER} was found, so paths in the game start at '{root}': {sets[0].texture} "
            f"is taken for {ROOT_FOLDER}/{sets[0].texture}; name another start with --texture-root"
        )


def _below_textures(files: TextureSet) -> bool:
    """Whether a set lies below a folder called `textures`, from which its game path was taken."""
    path = PurePosixPath(files.diffuse.entry or files.diffuse.path.as_posix())
    return ROOT_FOLDER in map(str.lower, path.parts[:-1])
