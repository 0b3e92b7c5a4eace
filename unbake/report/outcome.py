"""Results: what became of one texture set, and of a mod as a whole: as reports, the journal and the gallery tell it."""

from dataclasses import dataclass, field
from typing import Final, Literal

from unbake.domain.decision import Decision
from unbake.files import why_unsafe


@dataclass(frozen=True, slots=True)
class SetReport:
    """The result of one texture set, or of a file that belongs to no set.

    name: its path below the texture root.
    status: "converted", "skipped" (never meant to be converted) or "failed"; `reason` says why for the last two.
    thumbnails: map to the picture's path below OUT, as `pictures.save_thumbnails` gives them.
    classes: material class to probability; for tools, as they are not shown. confidence, figures, warnings: see
    `confidence.judge`. notes: other facts, such as a resampling. decided: what evidence made of the set, None where
    the picture alone decided.
    """

    name: str
    status: Literal["converted", "skipped", "failed"] = "converted"
    reason: str = ""
    thumbnails: dict[str, str] = field(default_factory=dict)
    classes: dict[str, float] = field(default_factory=dict)
    confidence: float = 1.0
    figures: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    decided: Decision | None = None

    @property
    def headline(self) -> str:
        """What was decided and why, in one sentence."""
        if self.decided is None:
            return "The picture alone decided." if self.status == "converted" else self.reason
        return self.decided.headline()

    @property
    def reasons(self) -> list[str]:
        """Why metal, finish and brightness are as they are, one sentence each; [] where nothing but the picture was."""
        if self.decided is None:
            return []
        level = [f"Brightness: {self.decided.level}."] if self.decided.level else []
        return [*self.decided.sentences(), *level]


def thumbnails_of(report: SetReport) -> dict[str, str]:
    """The thumbnails that a page may show: JPEGs inside OUT, whoever wrote the report that names them.

    >>> thumbnails_of(SetReport("pot", thumbnails={"ao": "report/pot/ao.jpg", "height": "//example.org/pot.jpg"}))
    {'ao': 'report/pot/ao.jpg'}
    """
    return {
        kind: path
        for kind, path in report.thumbnails.items()
        if path.endswith(".jpg") and why_unsafe(path) is None
    }


@dataclass(frozen=True, slots=True)
class ModReport:
    """What is to be told of a mod as a whole.

    level: the painter's, as a clause, "" where it was not read. unmatched: patterns of rules that no texture matches.
    """

    level: str = ""
    unmatched: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """For a person.

        >>> ModReport("painted 0.9 stops dark (from 45 textures)").sentences()
        ["painted 0.9 stops dark (from 45 textures); --hint '*: painted=normal' overrides"]
        """
        level = [f"{self.level}; --hint '*: painted=normal' overrides"] if self.level else []
        return level + [
            f"no texture matches the pattern {pattern!r} of a rule or hint" for pattern in self.unmatched
        ]


NOTHING_TOLD: Final = ModReport()
