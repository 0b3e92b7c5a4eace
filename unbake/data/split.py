"""Parts materials into train, validation and test by family; between `sources` and `cache`."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

from unbake.data.sources import PROCEDURAL, MaterialSource
from unbake.domain.maps import MapKind

Split = Literal["train", "val", "test"]

_RARE = (MapKind.AO, MapKind.HEIGHT)

ENOUGH_TO_SPARE = 4
"""A category with this many families gives one to validation even when none fell there by its hash."""


def split(
    sources: Sequence[MaterialSource],
    held_out: tuple[str, ...] = (),
    fold: tuple[int, int] | None = None,
    val_fraction: float = 0.12,
    seed: int = 0,
) -> dict[str, Split]:
    """The split of each material, by id.

    A family with a member from a `held_out` source (named as in `MaterialSource.source`) is "test", and so is
    one of the `fold`, (k, n): the k-th of n (see `folds`). The rest fall by a hash of their family alone, so that
    adding a material never moves another, and a family is never parted. One exception keeps small folders
    usable: where no family of a category (of four families or more), of the metals, of the others, or of all,
    fell into "val", the one with the lowest hash goes there. Large folders never need it. The last family left
    is for training.

    >>> split([], held_out=("owner/repo",))
    {}
    """
    families: dict[str, list[MaterialSource]] = defaultdict(list)
    for source in sources:
        families[source.family].append(source)
    test = {name for name, members in families.items() if any(m.source in held_out for m in members)}
    if fold is not None:
        number = folds(sources, fold[1])
        test |= {source.family for source in sources if number.get(source.id) == fold[0]}
    rest = sorted((name for name in families if name not in test), key=lambda name: _unit(name, seed))
    by_category: dict[str, list[str]] = defaultdict(list)
    for name in rest:
        by_category[families[name][0].category].append(name)
    metals = by_category.get("metal", [])
    kinds = [kind for _, kind in sorted(by_category.items()) if len(kind) >= ENOUGH_TO_SPARE]
    kinds += [metals, [name for name in rest if name not in metals], rest]

    val = {name for name in rest if _unit(name, seed) < val_fraction}
    for kind in kinds:
        if len(kind) >= 2 and not val.intersection(kind):
            val.add(kind[0])
    if rest and val.issuperset(rest):
        val.discard(rest[-1])
    return {s.id: "test" if s.family in test else "val" if s.family in val else "train" for s in sources}


def folds(sources: Sequence[MaterialSource], count: int) -> dict[str, int]:
    """The fold, 1 to `count`, in which each real material is measured, by id; procedural ones are in none.

    A family is never parted. Families are dealt out in turn, in an order that puts those of one kind together (metal or
    not, AO and height published or not, category) and is by hash within it, so that every fold has its share of each.

    >>> folds([], 5)
    {}
    """
    families: dict[str, list[MaterialSource]] = defaultdict(list)
    for source in sources:
        if source.source != PROCEDURAL:
            families[source.family].append(source)

    def kind(name: str) -> tuple[bool, bool, bool, str, float]:
        members = families[name]
        published = [any(rare in m.paths and rare not in m.derived for m in members) for rare in _RARE]
        return (
            any(m.metal == "given" for m in members),
            published[0],
            published[1],
            members[0].category,
            _unit(name, 0),
        )

    return {
        source.id: place % count + 1
        for place, name in enumerate(sorted(families, key=kind))
        for source in families[name]
    }


def _unit(name: str, seed: int) -> float:
    """A number in [0, 1) that depends on the name and the seed alone, on every machine."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
