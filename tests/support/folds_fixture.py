"""Materials in two folds, and what stands for the models of the folds: cards without networks, conversion by rules."""

import json
from functools import partial
from pathlib import Path

from unbake.evaluate.conversion import converted
from unbake.prepare.library import write_library

without_networks = partial(converted, predictor=None)
"""The conversion without networks."""

NAMES = ("bricks", "planks", "plates", "weave")


def write_materials(root: Path, size: int = 64) -> Path:
    """A folder of a few procedural materials with every map."""
    write_library(root, size=size, implied=True, names=NAMES)
    return root


def write_card(folder: Path, **held_out: object) -> Path:
    """A model's folder with a card that tells what was held out."""
    folder.mkdir(parents=True)
    card = {"held_out": held_out, "roughness_constants": {"*": 0.5}}
    (folder / "card.json").write_text(json.dumps(card))
    return folder
