"""Material categories as datasets name them, and the classes the classifier learns."""

CATEGORIES: tuple[str, ...] = (
    "ceramic", "concrete", "fabric", "ground", "leather", "marble", "metal",
    "misc", "plaster", "plastic", "stone", "terracotta", "wood",
)  # fmt: skip
"""MatSynth's thirteen categories."""

CLASSES: tuple[str, ...] = ("ceramic", "fabric", "ground", "leather", "metal", "stone", "wood")
"""The classes of the material classifier (N1), in the order of its logits."""

_MERGED = {"concrete": "stone", "marble": "stone"}


def class_of(category: str) -> str | None:
    """The class a category trains, or None where its label says too little (misc, plastic, ...).

    >>> class_of("marble")
    'stone'
    """
    name = _MERGED.get(category, category)
    return name if name in CLASSES else None
