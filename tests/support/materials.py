"""Small random materials on disk, and caches of them, for the tests of unbake.data."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.data.cache import build_cache
from unbake.data.sources import list_materials
from unbake.data.split import Split, split
from unbake.domain.materials import Domain

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
    width, height = size
    for stem in maps:
        rng = np.random.default_rng(sum(f"{name}/{stem}".encode()))
        colour = stem in ("basecolor", "normal") or stem.startswith("diffuse")
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


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[Domain, Path]:
    """A cache for each domain, all for training: two real pairs beside five painted materials, three of Skyrim."""
    root = tmp_path_factory.mktemp("pairs")
    painted, own = ("basecolor", "normal", "roughness"), ("basecolor", "normal", "diffuse", "specular")
    for number in range(5):
        _write(root / "matsynth", f"wood/oak{number:03d}", own if number < 2 else painted)
    _write(root / "skyrim", "town/wall001", (*own, "roughness", "metallic"))
    _write(root / "skyrim", "town/gate002", own)
    _write(root / "skyrim", "legacy/panel003", ("diffuse", "normal", "height"))
    return _cached(root, "train")


@pytest.fixture(scope="session")
def held_pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[Domain, Path]:
    """A cache for each domain, all for validation: one real pair that tiles, one of Skyrim that does not."""
    root = tmp_path_factory.mktemp("held")
    _write(root / "matsynth", "wood/oak001", ("basecolor", "normal", "diffuse"), about={"tileable": True})
    _write(root / "skyrim", "town/wall001", ("basecolor", "normal", "diffuse"), about={"tileable": False})
    return _cached(root, "val")


def _cached(root: Path, where: Split) -> dict[Domain, Path]:
    domains: tuple[Domain, ...] = ("matsynth", "skyrim")
    for domain in domains:
        sources = list_materials(root / domain, domain)
        everywhere = {source.id: where for source in sources}
        problems = build_cache(
            sources, everywhere, root / f"{domain}_64", domain=domain, variants=2, workers=1
        )
        assert problems == []
    return {domain: root / f"{domain}_64" for domain in domains}
