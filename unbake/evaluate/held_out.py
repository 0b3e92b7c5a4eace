"""The materials of a project, split as a model's trainings split them: which it learnt from, which it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unbake.data.sources import PROCEDURAL, MaterialSource, list_materials
from unbake.data.split import split
from unbake.errors import UsageError
from unbake.project import Project
from unbake.train.lineage import Lineage

Fold = tuple[int, int]
"""(k, n): the k-th of n folds, from 1."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A project's materials with the parts that a release needs.

    folder: where they are. measured: those that figures are made on: the real ones, or procedural ones where there
    are no others. groups: "train", "val", "test" → ids of measured materials. learnt: materials of both domains that
    training may have used. sources, fold: see `held_out_of`.
    """

    folder: Path
    measured: tuple[MaterialSource, ...]
    groups: dict[str, set[str]]
    learnt: tuple[MaterialSource, ...]
    sources: tuple[str, ...]
    fold: Fold | None

    @property
    def procedural(self) -> bool:
        """Whether there are only procedural materials to measure on."""
        return all(source.source == PROCEDURAL for source in self.measured)

    def of(self, group: str) -> list[MaterialSource]:
        """The measured materials of a group."""
        return [source for source in self.measured if source.id in self.groups[group]]


def held_out(project: Project, trainings: Sequence[Lineage]) -> HeldOut:
    """The split of a project's materials, made again from the recipes of a model's trainings.

    trainings: lineage of every checkpoint the model is made from. Errors: UsageError without validation materials.
    """
    named, fold = held_out_of(trainings)
    folder = project.materials("matsynth")
    sources = list_materials(folder)
    splits = split(sources, named, fold)
    measured = tuple(s for s in sources if s.source != PROCEDURAL) or tuple(sources)
    groups = {name: {s.id for s in measured if splits[s.id] == name} for name in ("train", "val", "test")}
    if not groups["val"]:
        raise UsageError(
            f"Expected validation materials in {folder}, found none; give the folder the checkpoint was trained on."
        )
    learnt = [s for s in sources if splits[s.id] != "test"]
    if any(training.saw_skyrim for training in trainings):
        learnt += list_materials(project.materials("skyrim"), "skyrim")
    return HeldOut(folder, measured, groups, tuple(learnt), named, fold)


def held_out_of(trainings: Sequence[Lineage]) -> tuple[tuple[str, ...], Fold | None]:
    """The sources that none of these trainings saw, and the fold, if all of them left out the same one.

    Trainings on procedural materials alone saw neither, whatever their recipes hold out.

    >>> held_out_of([Lineage(recipe={"data": {"held_out": ["a/b", "c/d"], "fold": [1, 5]}})])
    (('a/b', 'c/d'), (1, 5))
    """
    real = [training for training in trainings if training.saw_real] or [trainings[-1]]
    sources = set.intersection(*(set(training.held_out) for training in real))
    folds = {training.fold for training in real}
    return tuple(sorted(sources)), folds.pop() if len(folds) == 1 else None
