"""The decision about a set and its reasons, as reports and the viewer tell it; made where evidence meets the maps."""

from typing import Final, Literal

import msgspec

from unbake.domain.features import Features
from unbake.domain.hints import Finish

SAME: Final = 0.02
"""Difference of shares of metal that nobody sees."""

Source = Literal["person", "companion", "name", "picture"]


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A set's metal, finish and brightness as decided, beside what the picture alone said.

    metal, alone: mean of the metallic map, [0, 1], as decided and as the networks (or the baseline) had it.
    by: the source whose word decided the metal. how: how it did, one clause. because: what is known of the set, the
    weightiest first. conflict: a sentence where name and companion disagree, else "". finish, material: None where
    nothing is known. level: the painter's, as a clause. features: TruePBR's; None where the files are not for it.
    """

    metal: float
    alone: float
    by: Source = "picture"
    how: str = ""
    because: tuple[str, ...] = ()
    conflict: str = ""
    finish: Finish | None = None
    material: str | None = None
    level: str = ""
    features: Features | None = None

    @property
    def disagreement(self) -> float:
        """How far the decision is from the picture, [0, 1]; 0 where a person decided.

        >>> Decision(metal=0.4, alone=0.0, by="person").disagreement
        0.0
        """
        return 0.0 if self.by == "person" else abs(self.metal - self.alone)

    def headline(self) -> str:
        """What was decided and why, in one sentence a person can judge beside the picture.

        >>> Decision(metal=0.94, alone=0.1, by="name", because=("name 'iron' says metal",), finish="satin").headline()
        "All metal, satin — name 'iron' says metal."
        """
        words = next(words for least, words in _SHARES if self.metal >= least)
        amount = f" ({_percent(self.metal)})" if _SHARES[-2][0] <= self.metal < _SHARES[0][0] else ""
        features = () if self.features is None else self.features.words()
        said = ", ".join([words + amount, *filter(None, [self.finish]), *features])
        plain = self.by == "person" or (self.by == "name" and not 0.15 <= self.metal < 0.55)
        why = next(filter(None, self.because if plain else [self.how]), self.how) or "nothing else is known"
        return f"{said} — {why}."

    def sentences(self) -> list[str]:
        """For a person, the metal first; without the level, which is the mod's.

        >>> Decision(metal=0.41, alone=0.0, by="companion", how="its environment mask marks it").sentences()
        ['Metal: 41 % — its environment mask marks it. The picture alone said 0 %.']
        """
        why = [*([] if self.by == "person" else [self.how]), *self.because]
        metal = f"Metal: {_percent(self.metal)} — {'; '.join(filter(None, why)) or 'nothing else is known'}."
        alone = "says the same" if abs(self.metal - self.alone) < SAME else f"said {_percent(self.alone)}"
        told = [f"{metal} The picture alone {alone}."]
        if self.conflict:
            told.append(self.conflict)
        if self.finish:
            told.append(f"Finish: {self.finish}.")
        return told + ([] if self.features is None else list(self.features.because))


_SHARES: Final = (
    (0.9, "All metal"),
    (0.55, "Mostly metal"),
    (0.15, "Partly metal"),
    (0.01, "A little metal"),
    (0.0, "No metal"),
)
"""Least share of metal and the words for it."""


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"
