"""Example textures: the folder of a small legacy game, painted diffuses and normals, for scripts to write out."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from unbake.domain.maps import MapKind
from unbake.image.arrays import Floats, Maps
from unbake.image.normals import encode_normal
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

Storage = Literal["bc1", "bc3", "bgra8"]


@dataclass(frozen=True, slots=True)
class ExampleTexture:
    """One file: its path below the game's folder, float32 (H, W, 3 or 4) in [0, 1] as stored, and how to store it.

    kind: "srgb" for what is seen, "normal" for DirectX normals (alpha: specular mask), which mips are made by.
    """

    path: str
    pixels: Floats
    kind: Literal["srgb", "normal"]
    storage: Storage


@dataclass(frozen=True, slots=True)
class _Set:
    """A texture set to make: where, of which material, painted how."""

    path: str
    material: str
    style: str
    width: int = 256
    height: int = 256
    mask: bool = True
    diffuse_suffix: str = ""
    normal_suffix: str = "_n"
    extension: str = ".dds"
    cut_out: bool = False
    glow: bool = False
    storage: Storage = "bc1"


_SETS = (
    _Set("textures/architecture/keep/keepwall01", "masonry", "sun", width=512, height=512),
    _Set("textures/architecture/keep/keepbrick01", "bricks", "grunge", mask=False),
    _Set("textures/architecture/farm/farmplanks01", "planks", "ambient"),
    _Set("textures/architecture/farm/farmroof01", "shingles", "torchlit", mask=False),
    _Set("textures/architecture/temple/templefloor01", "tiles", "light"),
    # Modders often call the diffuse name_d.
    _Set("textures/dungeons/ruins/ruinssilver01", "hammered", "graded", diffuse_suffix="_d"),
    _Set("textures/dungeons/ruins/ruinsgate01", "rust", "grunge"),
    _Set("textures/dungeons/ruins/ruinsvein01", "marble", "overcast", glow=True),
    _Set("textures/landscape/dirt01", "soil", "ambient", mask=False),
    # Files without block compression are rare, and must be read all the same.
    _Set("textures/landscape/snow01", "snow", "light", width=128, height=128, storage="bgra8"),
    _Set("textures/landscape/roads/road01", "cobbles", "sun"),
    _Set("textures/landscape/trees/oldbark01", "bark", "overcast", mask=False),
    # Half a sheet: wider than high, and it does not tile from top to bottom.
    _Set("textures/clutter/rug01", "weave", "torchlit", height=128, mask=False),
    # Old tools shout.
    _Set("textures/clutter/LEATHER01", "leather", "light", normal_suffix="_N", extension=".DDS"),
    _Set("textures/clutter/toolchest01", "painted_metal", "grunge"),
    _Set("textures/armor/mail/mailshirt01", "chainmail", "graded", cut_out=True),
)


def example_textures(seed: int = 0) -> list[ExampleTexture]:
    """The files of the example folder, made from procedural materials alone; the same seed, the same bytes.

    Among them are a diffuse with cut-out alpha, a glow map, an upper-case suffix, a non-square set, one `_d`
    suffix, one set without block compression, normals with a specular mask in alpha and normals without.

    >>> example_textures()[0].path
    'textures/architecture/keep/keepwall01.dds'
    """
    return [texture for number, wanted in enumerate(_SETS) for texture in _textures(wanted, seed + number)]


def _textures(wanted: _Set, seed: int) -> Iterator[ExampleTexture]:
    """The two or three files of one set."""
    truth = procedural(wanted.material, wanted.width, seed)
    # Uncompressed here: storing them compresses them, once.
    specular = (1.0, 0.0, 0.0) if wanted.mask else (0.0, 0.0, 1.0)
    painted = paint(truth, replace(STYLES[wanted.style], compress=0.0, specular=specular), seed)
    maps: Maps = {kind: image[: wanted.height] for kind, image in {**truth, **painted}.items()}

    diffuse, storage = maps[MapKind.DIFFUSE], wanted.storage
    if wanted.cut_out:
        diffuse = np.concatenate([diffuse, (maps[MapKind.METALLIC] > 0.5).astype(np.float32)], -1)
        storage = "bc3"
    yield ExampleTexture(f"{wanted.path}{wanted.diffuse_suffix}{wanted.extension}", diffuse, "srgb", storage)

    normal, storage = encode_normal(maps[MapKind.NORMAL], "directx"), wanted.storage
    if wanted.mask:
        normal = np.concatenate([normal, maps[MapKind.SPECULAR]], -1)
        storage = "bc3" if storage == "bc1" else storage
    yield ExampleTexture(f"{wanted.path}{wanted.normal_suffix}{wanted.extension}", normal, "normal", storage)

    if wanted.glow:
        rough = maps[MapKind.ROUGHNESS]
        vein = np.clip((rough - np.quantile(rough, 0.8)) / max(float(np.ptp(rough)), 1e-6) * 3, 0, 1)
        light = (vein * np.array([0.25, 0.8, 1.0], np.float32)).astype(np.float32)
        yield ExampleTexture(f"{wanted.path}_g{wanted.extension}", light, "srgb", "bc1")
