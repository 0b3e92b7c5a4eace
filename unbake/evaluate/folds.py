"""Cross-validation: assigns each material to the model that never saw it; before `run`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unbake.data.sources import MaterialSource
from unbake.domain.card import CARD
from unbake.errors import UsageError
from unbake.evaluate.conversion import bundle
from unbake.evaluate.run import Job


def jobs_of_folds(sources: Sequence[MaterialSource], models: Sequence[Path], workers: int = 1) -> list[Job]:
    """Each material with the first of the models whose card holds it out, and that card's roughness constants.

    Errors: UsageError for a model whose card names no fold, or nothing held out, for folds of different numbers, and
    for materials that every model may have been trained on.
    """
    cards = {model: _fold_card(model) for model in models}
    numbers = {card["held_out"]["fold"][1] for card in cards.values()}
    if len(numbers) > 1:
        raise UsageError(
            f"Expected models of one cross-validation, got folds of {', '.join(map(str, sorted(numbers)))}; "
            "name the models of one."
        )
    by_id: dict[str, Path] = {}
    for model, card in cards.items():
        for material in card["held_out"]["materials"]:
            by_id.setdefault(material, model)
    if missing := [source.id for source in sources if source.id not in by_id]:
        raise UsageError(
            f"Expected every material to be held out by one of the {len(models)} models, but {len(missing)} are by "
            f"none ({', '.join(missing[:3])} ...); name the models of all {max(numbers)} folds, trained with this "
            "folder, or choose materials with --source."
        )
    convert = {model: bundle(model, workers) for model in models}
    return [
        Job(source, convert[by_id[source.id]], cards[by_id[source.id]].get("roughness_constants", {}))
        for source in sources
    ]


def _fold_card(model: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((model / CARD).read_bytes())
        held = card["held_out"]
        number, count = held["fold"]
        if held["materials"] and 1 <= number <= count:
            return card
    except OSError as error:
        raise UsageError(
            f"Expected a model with a {CARD} in {model}, got none ({error.strerror}); name its folder."
        ) from error
    except (ValueError, KeyError, TypeError):
        pass
    raise UsageError(
        f"Expected the card of {model} to name the fold it never saw, it does not; release a model that was trained "
        "with --set 'data.fold=[1, 5]'."
    )
