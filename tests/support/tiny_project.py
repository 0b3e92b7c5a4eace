"""A small project, and runs of a phase on the tiny networks, as tests of training start them."""

from pathlib import Path

import numpy as np
import torch

from unbake import recipe as recipes
from unbake.data.sources import list_materials
from unbake.image.files import write_png
from unbake.image.normals import encode_normal
from unbake.project import Project
from unbake.train.loop import Run
from unbake.train.parallel import Processes
from unbake.train.setup import prepare, prepare_data
from unbake.train.surrogate_skyrim import write_surrogate

TINY = (
    "epochs.min=2",
    "epochs.max=2",
    "data.px=32",
    "data.batch=2",
    "data.patches=6",
    "data.variants=1",
    "data.val_crops=1",
    "losses.perceptual=none",
)
CURRICULUM = ("data.crop.start=32", "data.crop.end=32")


def tiny(phase: str, *more: str, kind: str = "") -> tuple[recipes.Recipe, tuple[str, ...]]:
    """A phase's recipe at the size of tests, and the overrides that make it so."""
    overrides = TINY + (("model=tiny",) if phase == "A0" else ()) + more
    if recipes.load(phase).data.crop:
        overrides += CURRICULUM
    return recipes.load(phase, overrides, kind), overrides


def pipeline_overrides(*more: str) -> list[str]:
    """The same for all phases."""
    crops = [f"{phase}:{o}" for phase in ("B", "C") for o in CURRICULUM]
    return [*TINY, "A0:model=tiny", *crops, *more]


ALONE = Processes(torch.device("cpu"))


def start(
    root: Path, phase: str = "A0", *more: str, kind: str = "", processes: Processes | None = None
) -> Run:
    """A run of a phase on the tiny networks, ready to train."""
    recipe, overrides = tiny(phase, *more, kind=kind)
    return prepare(Project(root), recipe, overrides, 0, processes or ALONE)


def write_project(root: Path) -> Path:
    """Six materials and their stand-ins in Skyrim, cached; returns `root`."""
    rng = np.random.default_rng(0)
    for category in ("metal", "stone"):
        for i in range(3):
            place = root / "data" / "MatSynth" / category / f"{category}{i:03d}"
            place.mkdir(parents=True)
            colour = rng.random((8, 8, 3), np.float32).repeat(8, 0).repeat(8, 1)
            slope = rng.normal(0, 0.2, (2, 64, 64)).astype(np.float32)
            normal = np.dstack([slope[0], slope[1], np.ones((64, 64), np.float32)])
            normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
            write_png(place / "basecolor.png", colour)
            write_png(place / "normal.png", encode_normal(normal, "opengl"))
            write_png(place / "roughness.png", colour[..., :1])
            write_png(place / "metallic.png", np.full((64, 64, 1), float(category == "metal"), np.float32))
            write_png(place / "ao.png", 0.5 + colour[..., 1:2] / 2)
            if i:
                write_png(place / "height.png", colour[..., 2:], bits=16)
    project = Project(root)
    materials = list_materials(project.materials("matsynth"), "matsynth")
    assert write_surrogate(materials, project.materials("skyrim"), size=64) == []
    assert prepare_data(project, tiny("B")[0], workers=1) == []
    return root
