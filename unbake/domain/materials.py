"""Materials: the domains they are from, their categories in datasets, and the classes the classifier learns."""

from typing import Literal

Domain = Literal["matsynth", "skyrim"]
"""The origin of materials: published PBR materials, or the game with its own painted diffuse."""

CATEGORIES: tuple[str, ...] = (
    "ceramic", "concrete", "fabric", "ground", "leather", "marble", "metal",
    "misc", "plaster", "plastic", "stone", "terracotta", "wood",
)  # fmt: skip
"""MatSynth's thirteen categories."""

CLASSES: tuple[str, ...] = ("ceramic", "fabric", "ground", "leather", "metal", "stone", "wood")
"""The classes of the material classifier (N1), in the order of its logits."""

HAS_METAL = "has metal"

PROPERTIES: tuple[str, ...] = (HAS_METAL, "metal share", "roughness", "brightness")
"""What the classifier estimates besides, each in [0, 1]: whether there is metal, how much of the surface it is, the
mean roughness, and the mean albedo in sRGB."""

LABELS: tuple[str, ...] = (*CLASSES, *PROPERTIES)
"""The logits of the classifier, in order; networks are conditioned on their probabilities."""

_MERGED = {"concrete": "stone", "marble": "stone"}


def class_of(category: str) -> str | None:
    """The class a category trains, or None where its label says too little (misc, plastic, ...).

    >>> class_of("marble")
    'stone'
    """
    name = _MERGED.get(category, category)
    return name if name in CLASSES else None
