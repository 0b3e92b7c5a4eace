"""Events that training emits, for the command line to show; made by the session, passed on by the pipeline."""

from dataclasses import dataclass, field

from unbake.recipe.gate import Verdict


@dataclass(frozen=True)
class Progress:
    """A step is done; `terms` holds the mean losses since the last report every PRINT_EVERY steps, else nothing."""

    epoch: int
    epochs: int
    step: int
    steps: int
    lr: float
    terms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochDone:
    """An epoch is validated; `best` says whether it is the best so far."""

    epoch: int
    figures: dict[str, float]
    best: bool


@dataclass(frozen=True)
class Finished:
    """The phase is over: whether the next may begin, and why.

    best: the lowest value of the recipe's figure, NaN where there is none. A run stopped by a signal is NOT_YET.
    """

    verdict: Verdict
    reason: str
    best: float


@dataclass(frozen=True)
class Notice:
    """A sentence that a person should read, such as that a damaged state was passed over."""

    sentence: str


Event = Progress | EpochDone | Finished | Notice
