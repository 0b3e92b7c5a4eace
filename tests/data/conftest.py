"""Small random materials on disk, and a cache of them, for the tests of unbake.data."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.data.cache import build_cache
from unbake.data.sources import list_materials
from unbake.data.split import split

WriteMaterial = Callable[..., Path]


def _write(
    root: Path,
    name: str,
    maps: tuple[str, ...] = ("basecolor", "normal", "roughness"),
    size: tuple[int, int] = (64, 64),
    about: dict[str, object] | None = None,
    suffix: str = ".png",
) -> Path:
    """A folder of random maps, (width, height) = size; the normal is a gentle random relief."""
    place = root / name
    place.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(sum(name.encode()))
    width, height = size
    for stem in maps:
        colour = stem in ("basecolor", "normal")
        pixels = rng.integers(0, 256, (height, width, 3) if colour else (height, width), dtype=np.uint8)
        if stem == "normal":
            pixels = np.concatenate(
                [pixels[..., :2] // 4 + 96, np.full((height, width, 1), 240, np.uint8)], -1
            )
        Image.fromarray(pixels).save(place / f"{stem}{suffix}")
    if about is not None:
        (place / "metadata.json").write_text(json.dumps(about))
    return place


@pytest.fixture
def write_material() -> WriteMaterial:
    return _write


@pytest.fixture(scope="session")
def materials(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six materials: three metals with a map, two dielectrics known to be none, one of unknown metal."""
    root = tmp_path_factory.mktemp("materials")
    everything = ("basecolor", "normal", "roughness", "metallic", "ao", "height")
    _write(root, "metal/steel001", everything, about={"tileable": True, "metallic": "given"})
    _write(root, "metal/iron002", everything, about={"tileable": True})
    _write(root, "metal/brass003", everything, about={"tileable": False})
    _write(root, "wood/oak001", everything[:3], about={"tileable": True, "metallic": "zero"})
    _write(root, "stone/granite001", everything[:3], (48, 40), {"tileable": False, "metallic": "zero"})
    _write(root, "misc/thing001", everything[:3], about={"tileable": True})
    return root


@pytest.fixture(scope="session")
def cache(materials: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of the six materials, split by hash, made in this process."""
    folder = tmp_path_factory.mktemp("cache")
    sources = list_materials(materials)
    assert build_cache(sources, split(sources), folder, variants=2, workers=1) == []
    return folder
