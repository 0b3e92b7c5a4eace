"""A rehearsal: the real recipes on the tiny networks and procedural materials, to see that everything runs."""

import json
from collections.abc import Callable
from pathlib import Path

import torch

from unbake import recipe as recipes
from unbake.domain.maps import MapKind, spec
from unbake.image.files import write_atomic, write_png
from unbake.image.normals import encode_normal
from unbake.synth.materials import CATEGORY, NAMES, procedural
from unbake.train.loop import Event, train
from unbake.train.phase import Project, prepare, prepare_data

OVERRIDES: tuple[str, ...] = (
    "epochs.min=2",
    "epochs.max=2",
    "data.px=64",
    "data.batch=2",
    "data.patches=8",
    "data.variants=1",
)
"""What a rehearsal changes in every recipe: sizes and durations, recorded in the checkpoints."""


def write_materials(folder: Path, size: int = 128, seed: int = 0) -> None:
    """Write one material of every procedural kind in MatSynth's layout (OpenGL normals, 16-bit height)."""
    names = {MapKind.ALBEDO: "basecolor"}
    for name in NAMES:
        maps = procedural(name, size, seed)
        place = folder / CATEGORY[name] / name
        place.mkdir(parents=True, exist_ok=True)
        for kind, pixels in maps.items():
            unit = encode_normal(pixels, "opengl") if spec(kind).vector else pixels
            write_png(place / f"{names.get(kind, str(kind))}.png", unit, bits=spec(kind).bits)
        metadata = {
            "name": name,
            "license": "CC0",
            "source": "procedural",
            "metallic": "given",
            "tileable": True,
        }
        write_atomic(place / "metadata.json", json.dumps(metadata).encode())


def rehearse(root: Path, phases: list[str], emit: Callable[[str, Event], None]) -> None:
    """Train each phase in turn under `root`; leaves the same files as the real thing."""
    project = Project(root)
    write_materials(project.matsynth)
    for phase in phases:
        overrides = OVERRIDES
        if not recipes.load(phase).starts_from:
            overrides += ("model=tiny",)
        recipe = recipes.load(phase, overrides)
        prepare_data(project, recipe, workers=1)
        run = prepare(project, recipe, overrides, workers=0, device=torch.device("cpu"))
        train(run, lambda event, tag=recipe.tag: emit(tag, event))  # type: ignore[misc]
