"""A project's folders, which of them a recipe needs, and the reports of data preparation; no pixels, no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from unbake.domain.layout import (
    LONG_SIDE,
    cache_folder,
    duplicates_folder,
    materials_folder,
    reports_folder,
    traced_folder,
)
from unbake.domain.materials import Domain
from unbake.errors import TrainingError, UsageError
from unbake.files import write_atomic
from unbake.recipe import Recipe


@dataclass(frozen=True)
class Project:
    """The plan's folders under a root (PLAN.md, "Directory Layout"); asking for a path makes nothing."""

    root: Path

    def materials(self, domain: Domain) -> Path:
        """The folder of a domain's materials, in MatSynth's layout."""
        return materials_folder(self.root, domain)

    def cache(self, domain: Domain, long_side: int) -> Path:
        """The memory-mapped cache of a domain at a long side, texels."""
        return cache_folder(self.root, domain, long_side)

    @property
    def traced(self) -> Path:
        """The folder of the materials' path-traced light, where somebody rendered it."""
        return traced_folder(self.root)

    @property
    def duplicates(self) -> Path:
        """The folder that the game's duplicates are moved to."""
        return duplicates_folder(self.root)

    @property
    def reports(self) -> Path:
        """The folder of the reports of data preparation."""
        return reports_folder(self.root)

    @property
    def checkpoints(self) -> Path:
        """The folder of weights, each with its metadata beside it."""
        return self.root / "checkpoints"

    @property
    def train_logs(self) -> Path:
        """The folder of metrics and event files, one below it for each phase."""
        return self.root / "train_logs"

    def logs(self, recipe: Recipe) -> Path:
        """The folder of a phase's metrics and event files: by its tag, and by its map where it has one."""
        return self.train_logs / recipe.tag / recipe.map

    def state(self, recipe: Recipe) -> Path:
        """The last state of a phase's run, which --resume goes on from."""
        return self.checkpoints / f"{recipe.writes.removesuffix('_best')}_last.safetensors"

    def lock(self, recipe: Recipe) -> Path:
        """The file that a trainer of this phase holds a lock on; other phases may be trained beside it."""
        state = self.state(recipe)
        return state.with_name(f".{state.stem}.lock")

    def best(self, recipe: Recipe) -> Path:
        """The best weights of a phase, with their metadata beside them (.json)."""
        return self.checkpoints / f"{recipe.writes}.safetensors"

    def checkpoint(self, names: str | tuple[str, ...]) -> Path:
        """The weights file of a checkpoint, or of the first of several that is there.

        The plan's `A0_best.pth` and a bare `A0_best` name the same one; `A0_last` is the last state of a run. Raises
        TrainingError when none is there.
        """
        wanted = (names,) if isinstance(names, str) else names
        paths = [self.checkpoints / f"{_stem(name)}.safetensors" for name in wanted]
        for path in paths:
            if path.is_file():
                return path
        raise TrainingError(
            f"Expected the checkpoint {' or '.join(path.stem for path in paths)}, but {paths[-1]} is not there; train "
            "the phase that writes it first."
        )


def _tree() -> tuple[str, ...]:
    project = Project(Path())
    folders = (
        project.materials("matsynth"),
        project.materials("skyrim"),
        project.duplicates,
        project.reports,
        project.checkpoints,
        project.train_logs,
    )
    return tuple(folder.as_posix() for folder in folders)


TREE = _tree()
"""Folders of a project, below its root (PLAN.md, "Directory Layout")."""


def domains(recipe: Recipe) -> tuple[Domain, ...]:
    """The domains a recipe draws from and is validated on."""
    mix = recipe.data.mix
    shares: dict[Domain, float] = {"matsynth": mix.matsynth, "skyrim": mix.skyrim}
    return tuple(domain for domain, share in shares.items() if share > 0)


def long_side(recipe: Recipe) -> int:
    """Long side that cached textures are reduced to at most, texels: no phase needs more than its own px."""
    return max(LONG_SIDE, recipe.data.px)


def lay_out(root: Path) -> list[str]:
    """Make the folders of a project that are missing; which ones were made. What is there stays as it is.

    Errors: UsageError where a file stands in the way.

    >>> lay_out(Path("project"))[:2]                     # doctest: +SKIP
    ['data/MatSynth', 'data/Skyrim']
    """
    made = []
    for folder in TREE:
        place = root / folder
        if not place.is_dir():
            try:
                place.mkdir(parents=True)
            except OSError as error:
                raise UsageError(
                    f"Expected to make the folder {place}, got: {error.strerror}; choose another ROOT."
                ) from error
            made.append(folder)
    return made


def write_report(root: Path, verb: str, content: Mapping[str, object]) -> Path:
    """Write what a step of preparation found to ROOT/data/reports/<verb>.json; the path of that file.

    content: all that JSON can hold. The report of an earlier run is replaced. Errors: FileError.
    """
    path = reports_folder(root) / f"{verb}.json"
    write_atomic(path, json.dumps(content, indent=1, ensure_ascii=False).encode())
    return path


def _stem(name: str) -> str:
    return name.removesuffix(".pth").removesuffix(".safetensors")
