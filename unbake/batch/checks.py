"""Checks of a conversion before anything is written: options, folders, and sets that would share a file."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from unbake.batch.events import Options
from unbake.batch.journal import HIDDEN, journals
from unbake.convert.archives import is_bsa
from unbake.convert.load_order import LoadOrder, entries
from unbake.convert.sets import Skipped, TextureSet
from unbake.domain.packing import Preset
from unbake.domain.texture_paths import ROOT_FOLDER
from unbake.errors import FileError, UsageError
from unbake.evidence.lexicon import bundled
from unbake.export import landscape, pgpatcher
from unbake.export.rules import Rules
from unbake.files import safe_join
from unbake.report import pictures


def check_options(options: Options) -> None:
    """UsageError where a number of the options is out of its range."""
    if options.max_size is not None and options.max_size < 1:
        raise UsageError(f"Expected a longest side of 1 or more, got {options.max_size}; choose another.")
    if options.threads < 0:
        raise UsageError(f"Expected 0 threads (all cores) or more, got {options.threads}; choose another.")
    if options.shard is not None and not 1 <= options.shard[0] <= options.shard[1]:
        count = max(options.shard[1], 1)
        raise UsageError(
            f"Expected a shard from 1/{count} to {count}/{count}, got {'/'.join(map(str, options.shard))}; "
            "give each machine one of them."
        )
    if options.prune and options.shard is not None:
        raise UsageError("Expected --prune without --shard, got both; prune in a run of all parts.")


def check_apart(root: Path, out: Path) -> None:
    """UsageError where `out` and `root` contain each other (links resolved), or `out` is a file."""
    source, target = root.resolve(), out.resolve()
    if target.is_relative_to(source) or source.is_relative_to(target):
        raise UsageError(
            f"Expected OUT and IN to lie apart, got '{out}' and '{root}', one inside the other; choose another OUT, "
            "so that no source can be overwritten."
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"Expected a folder to write to, got the file '{out}'; choose another OUT.")


def check_order(order: LoadOrder, out: Path) -> None:
    """UsageError where a conversion into `out` would write into one of the mods that it reads.

    `out` may be a mod of the list itself, where it is new or an earlier conversion.
    """
    for layer in order.layers:
        if layer.folder.resolve() != out.resolve():
            check_apart(layer.folder, out)
        elif not journals(out) and any(
            path.name.lower() == ROOT_FOLDER or is_bsa(path) for path in entries(layer.folder)
        ):
            raise UsageError(
                f"Expected a new folder or an earlier conversion for OUT, got the mod '{layer.name}' at '{out}'; "
                "choose another OUT, so that no source can be overwritten."
            )


def check_unclaimed(out: Path, sets: Sequence[TextureSet], preset: Preset) -> None:
    """UsageError where a first run into `out` would overwrite files that somebody else put there.

    An earlier run of ours is known by its journal or its hidden folder, which is there before its first file.
    """
    if not out.is_dir() or journals(out) or (out / HIDDEN).is_dir():
        return
    folder = out / preset.folder
    files = (
        folder / f"{one.name}{file.suffix}{file.format.extension}" for one in sets for file in preset.files
    )
    own = [pgpatcher.path_of(out, pgpatcher.title_of(out))] if preset.folder == pgpatcher.PBR_ROOT else []
    if theirs := next((path for path in (*own, *files) if path.exists()), None):
        raise UsageError(
            f"Expected a new folder or an earlier conversion for OUT, got '{out}' with "
            f"'{theirs.relative_to(out).as_posix()}', which unbake did not write; choose another OUT or move it."
        )


def beside(source: Path) -> Path:
    """The OUT that is proposed for a mod: in the same folder, called "... - PBR".

    >>> beside(Path("mods/Old Walls")).as_posix()
    'mods/Old Walls - PBR'
    """
    named = source if source.name.strip(".") else source.resolve()
    return named.with_name(f"{named.name} - PBR") if named.name else named / "PBR"


def check_links(out: Path, preset: Preset) -> None:
    """UsageError where one of the program's own files or folders in OUT is a link that leads out of it."""
    game = (pgpatcher.FOLDER, landscape.FOLDER) if preset.folder == pgpatcher.PBR_ROOT else ()
    for name in (
        *(name for name in (preset.folder, *game, pictures.FOLDER) if name),
        HIDDEN,
        f"{HIDDEN}/lock",
        f"{HIDDEN}/maps",
        f"{HIDDEN}/view",
        *(path.name for path in journals(out)),
    ):
        try:
            safe_join(out, name)
        except FileError as error:
            raise UsageError(str(error)) from error


def check_materials(rules: Rules) -> None:
    """UsageError where a rule or hint names a material by a word that the lexicon does not know."""
    for hint in (rules.hint, *(rule.hint for rule in rules.rules)):
        if hint.material is not None and not bundled().says(hint.material):
            near = ", ".join(bundled().near(hint.material))
            raise UsageError(
                f"Expected a material that the lexicon knows, got {hint.material!r}; write one such as {near}."
            )


def in_shard(name: str, shard: tuple[int, int] | None) -> bool:
    """Whether a set belongs to a shard, by the hash of its name: independent of the other sets.

    >>> [in_shard("clutter/pot", (number, 2)) for number in (1, 2)].count(True)
    1
    """
    if shard is None:
        return True
    number, count = shard
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") % count == number - 1


def without_clashes(
    sets: Sequence[TextureSet], skipped: Sequence[Skipped], preset: Preset
) -> tuple[list[TextureSet], list[Skipped]]:
    """Without the sets whose first file another set's would overwrite: `rug_p` beside a `rug` with a `_p`."""
    owners = {
        f"{files.name}{packed.suffix}".lower(): files.name
        for files in sets
        for packed in preset.files
        if packed.suffix
    }
    clashing = {
        files.name: owners[files.name.lower()]
        for files in sets
        if any(not packed.suffix for packed in preset.files) and files.name.lower() in owners
    }
    reasons = [
        Skipped(name, f"its file would be one that is written for {owner}")
        for name, owner in clashing.items()
    ]
    return (
        [files for files in sets if files.name not in clashing],
        sorted([*skipped, *reasons], key=lambda skip: (skip.path, skip.reason)),
    )
