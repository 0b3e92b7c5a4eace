"""The texture sets of a load order, as the game would see them; beside `find.list_sets`, which reads plain mods."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from unbake.convert import mod_organizer, vortex
from unbake.convert.covered import covered, of_conversion
from unbake.convert.game_paths import MO2_INI
from unbake.convert.load_order import DATA, LoadOrder, Tree, merge
from unbake.convert.sets import Skipped, TextureSet, classify
from unbake.convert.sources import Source
from unbake.errors import UsageError


@dataclass(frozen=True, slots=True)
class GameView:
    """What the game sees: the sets to convert, the files that are left out and why, and notes on the whole."""

    sets: list[TextureSet]
    skipped: list[Skipped]
    notes: tuple[str, ...] = ()


def load_order_of(
    roots: Sequence[Path], profile: str | None = None, plugins: Sequence[Path] = ()
) -> LoadOrder | None:
    """The load order that a conversion's only IN is (an instance of Mod Organizer, Vortex's Data), None for mods.

    profile: of Mod Organizer. plugins: what a person names, of which a `plugins.txt` orders Vortex's archives.
    UsageError where a load order stands beside other INs, or a profile is named without one.
    """
    roots = [Path(os.path.abspath(root)) for root in roots]  # noqa: PTH100  (links are followed by name)
    instances = [root for root in roots if mod_organizer.is_instance(root)]
    deployed = [data for root in roots if (data := vortex.deployment_at(root)) is not None]
    if (instances or deployed) and len(roots) > 1:
        raise UsageError(
            f"Expected the folder of a mod manager alone, got '{(instances or deployed)[0]}' among {len(roots)} IN; "
            "give it alone, or only mods."
        )
    if instances:
        return mod_organizer.read_instance(instances[0], profile)
    if profile is not None:
        raise UsageError(
            f"Expected an instance of Mod Organizer for --profile, got '{roots[-1]}'; name the folder with "
            f"{MO2_INI}."
        )
    listed = next((path for path in plugins if path.suffix.lower() == ".txt"), None)
    return vortex.read_deployment(deployed[0], listed) if deployed else None


def view(order: LoadOrder, out: Path, whole_game: bool = False) -> GameView:
    """The sets that the game would see with this load order.

    out: the conversion's own folder: as a mod of the list it neither counts nor covers anything.
    whole_game: also the sets of which every file is the game's own; without it they only lend what a mod's set lacks.
    UsageError where a folder cannot be read.
    """
    own = of_conversion(order, out.name) - {DATA}
    own |= {mod.name for mod in order.mods if mod.folder.resolve() == out.resolve()}
    notes = [f"the textures are those of {order.title}: {order.count} mods", *order.notes]
    if own:
        notes.append(f"the mod '{', '.join(sorted(own))}' is this conversion itself, so it is not looked at")
    order = order.without(own)
    tree = merge(order)
    notes += tree.notes
    textures = [texture for path, texture in tree.textures.items() if tree.owners[path] not in own]
    sets, skipped = classify([*textures, *tree.unreadable])
    owners = {texture.source: tree.owners[path] for path, texture in tree.textures.items()}
    if not whole_game:
        count = len(sets)
        sets = [files for files in sets if _is_a_mods(files, owners)]
        skipped = [skip for skip in skipped if skip.failed or tree.owners.get(skip.path.lower(), skip.path)]
        if count > len(sets):
            notes.append(
                f"{count - len(sets)} sets of the game itself are left out; --whole-game converts them too"
            )
    if tree.overridden:
        notes.append(
            f"{tree.overridden} textures lie under those of later mods or loose files, as in the game"
        )
    sets, doubled = _without_covered(order, tree, sets, own)
    return GameView(
        sets, sorted([*skipped, *doubled], key=lambda skip: (skip.path, skip.reason)), tuple(notes)
    )


def _is_a_mods(files: TextureSet, owners: dict[Source, str]) -> bool:
    """Whether any file of a set is a mod's; a normal that it only borrows does not count."""
    return any(owners[file] for file in files.files if not (files.shared and file == files.normal))


def _without_covered(
    order: LoadOrder, tree: Tree, sets: list[TextureSet], own: set[str]
) -> tuple[list[TextureSet], list[Skipped]]:
    """The sets that no PBR mod covers, and the others with its name."""
    done = covered(order, tree, own)
    left, doubled = [], []
    for files in sets:
        mod = done.by(files.texture) or done.by(files.name)
        if mod is None:
            left.append(files)
        else:
            doubled.append(
                Skipped(
                    f"{files.name}{PurePosixPath(files.diffuse.name).suffix}",
                    f"the PBR mod '{mod}' covers it already",
                )
            )
    return left, doubled
