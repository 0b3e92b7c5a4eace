"""Materials on disk: file names of maps, folders of a project, and the tolerances that every room shares."""

from pathlib import Path

from unbake.domain.maps import MapKind
from unbake.domain.materials import Domain

STEMS: dict[MapKind, tuple[str, ...]] = {
    MapKind.ALBEDO: ("basecolor",),
    MapKind.DIFFUSE: ("diffuse",),
    MapKind.SPECULAR: ("specular",),
    MapKind.NORMAL: ("normal",),
    MapKind.ROUGHNESS: ("roughness",),
    MapKind.METALLIC: ("metallic",),
    MapKind.AO: ("ao",),
    MapKind.HEIGHT: ("height", "displacement"),
    MapKind.OPACITY: ("opacity",),
}
"""File names of a map in a material folder, without suffix: the first is written; of several, the first is read."""

PICTURE_SUFFIXES: tuple[str, ...] = (".png", ".jpg", ".jpeg", ".tga")
"""The files of a material folder that are pictures; of two with one stem the earlier suffix is read."""

METADATA = "metadata.json"
"""The file of a material folder that says what its pictures cannot: source, licence, family, metal, tiling."""

MATSYNTH_PICTURES: tuple[str, ...] = (
    "basecolor", "diffuse", "displacement", "height", "metallic", "normal", "opacity", "roughness", "specular",
    "blend_mask",
)  # fmt: skip
"""MatSynth's columns of pictures: stems of STEMS (it has no "ao"), and the mask of a blend of two materials."""

MATSYNTH_MAPS: tuple[MapKind, ...] = tuple(kind for kind in STEMS if kind != MapKind.SPECULAR)
"""The maps that are imported from MatSynth, whose "specular" is a renderer's F0 and no game's mask."""

LONG_SIDE = 1024
"""Texels that cached textures are reduced to on their long side, unless a phase works on larger ones."""

NETWORK_LEVEL = 0.75
"""The painted level, as a share of albedo in linear light, that networks read every diffuse at."""

MEAN_LOG_ALBEDO = -2.05
"""Mean over real materials of the log of their mean linear albedo (over 287: a geometric mean of 0.135), a little
lower, since an albedo that is too bright by as much is further off in sRGB."""

ASPECT_TOLERANCE = 0.03
"""Relative difference of two maps' proportions (width over height) up to which they can be one material's."""

CONSTANT_RANGE = 2.5 / 255
"""Largest difference of values in [0, 1] that still is one value all over: what block compression leaves of it.

A mask or map within it says nothing and is taken for absent.
"""

LEAST_NORMAL_BLUE = 160 / 255
"""Mean of the stored blue, in [0, 1], below which a picture is no tangent normal map.

Of 505 published normal maps the lowest mean is 0.80, and of the 505 colour pictures beside them 42 lie above this
(68 above 0.55, where 0.5 is a normal map of nothing but vertical walls).
"""

LEAST_NORMAL_LEAD = 0.15
"""By how much the mean of a normal map's blue exceeds that of its red and of its green, in [0, 1].

Of the same 505 normal maps the least lead is 0.24; of 721 colour pictures 99 % lead by less than 0.10.
"""

_MATERIALS: dict[Domain, str] = {"matsynth": "MatSynth", "skyrim": "Skyrim"}


def data_folder(root: Path) -> Path:
    """The folder of a project that holds all its materials, caches and reports."""
    return root / "data"


def materials_folder(root: Path, domain: Domain) -> Path:
    """The folder of a domain's materials in a project.

    >>> materials_folder(Path("p"), "skyrim").as_posix()
    'p/data/Skyrim'
    """
    return data_folder(root) / _MATERIALS[domain]


def duplicates_folder(root: Path) -> Path:
    """The folder of a project that the game's duplicates are moved to."""
    return data_folder(root) / "duplicates"


def traced_folder(root: Path) -> Path:
    """The folder of a project with the path-traced light of its materials."""
    return data_folder(root) / "Traced"


def reports_folder(root: Path) -> Path:
    """The folder of a project where each step of data preparation leaves its report."""
    return data_folder(root) / "reports"


def cache_folder(root: Path, domain: Domain, long_side: int) -> Path:
    """The memory-mapped cache of a domain whose textures have this long side at most, texels."""
    return data_folder(root) / "cache" / f"{domain}_{long_side}"


def same_proportions(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
    """Whether two sizes (rows, columns, ...) have one ratio of sides, within ASPECT_TOLERANCE.

    >>> same_proportions((512, 1024), (256, 512, 3)), same_proportions((512, 512), (512, 1024))
    (True, False)
    """
    return abs(first[1] * second[0] / (first[0] * second[1]) - 1) <= ASPECT_TOLERANCE
