"""Tells which materials a model cannot have been trained on, from its card's credits; before an evaluation."""

from collections.abc import Sequence

from unbake.data.sources import MaterialSource
from unbake.domain.card import Card


def unseen(sources: Sequence[MaterialSource], card: Card | None) -> list[MaterialSource]:
    """The materials that the model never saw: held out by name, or of a source that its card does not credit.

    A card credits every source that was trained on. Other materials of a credited source, and near-copies of them
    that another source ships, count as seen. card: None for conversion by rules, which saw nothing.
    """
    if card is None:
        return list(sources)
    held_out = set(card.held_out.materials) if card.held_out else set()
    credited = {credit.source for credit in card.data}
    seen = {source.family for source in sources if source.source in credited and source.id not in held_out}
    return [
        source
        for source in sources
        if source.id in held_out or (source.source not in credited and source.family not in seen)
    ]
