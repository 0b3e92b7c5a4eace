"""Presets: the files that a texture set becomes and the map in each of their channels; read by `export.packs`.

A preset is a TOML file and nothing else, so a new engine needs no code:

    name   = "example"          # the file's own stem
    folder = "textures/pbr"     # where the mirrored tree begins below OUT; "" = OUT itself
    normal = "opengl"           # directx | opengl | as_input: which way the green of normals points
    sides  = "keep"             # keep | power_of_two
    scene  = "gltf"             # optional: a .gltf beside the images shows them on a quad

    [[files]]
    suffix   = "_orm"           # the file is called <name><suffix>.<dds or png>
    channels = ["ao", "roughness", "metallic"]
    format   = "png8"

A channel is a map ("roughness"), a component of one ("albedo.r"), a map turned over ("1-roughness" is
smoothness), or a constant from 0.0 to 1.0.
"""

import re
import tomllib
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

import msgspec

from unbake.decoding import decode_toml
from unbake.domain.maps import SPECS, MapKind
from unbake.errors import RecipeError, TextureSetError
from unbake.files import why_unsafe

_SUFFIX = re.compile(r"(?:\w|[-.](?=\w))*")  # never a path


class FileFormat(StrEnum):
    """Format of a packed file: PNG by its bits, DDS by its DXGI name."""

    PNG8 = "png8"
    PNG16 = "png16"
    BC1 = "bc1_unorm"
    BC1_SRGB = "bc1_unorm_srgb"
    BC3 = "bc3_unorm"
    BC3_SRGB = "bc3_unorm_srgb"
    BC4 = "bc4_unorm"
    BC5 = "bc5_unorm"
    BC7 = "bc7_unorm"
    BC7_SRGB = "bc7_unorm_srgb"

    @property
    def extension(self) -> str:
        """Of the file, with its dot."""
        return ".png" if self.value.startswith("png") else ".dds"

    @property
    def channels(self) -> tuple[int, ...]:
        """The numbers of channels that a file of this format can hold."""
        if self is FileFormat.BC4:
            return (1,)
        if self is FileFormat.BC5:
            return (3,)  # a normal, as two codes
        return (1, 3, 4) if self.extension == ".png" else (3, 4)


class Channel(NamedTuple):
    """The source of one channel: a component of a map, or a constant where `map` is None."""

    map: MapKind | None
    component: int = 0
    inverted: bool = False
    constant: float = 0.0


def read_channel(text: str | float) -> Channel:
    """A channel as a preset writes it; ValueError with a sentence where it says nothing we know.

    >>> read_channel("1-roughness").inverted, read_channel("albedo.b").component, read_channel(1.0).constant
    (True, 2, 1.0)
    """
    if not isinstance(text, str):
        if not 0 <= text <= 1:
            raise ValueError(f"a constant channel lies between 0.0 and 1.0, not at {text}")
        return Channel(None, constant=float(text))
    inverted = text.startswith("1-")
    name, _, letter = text.removeprefix("1-").partition(".")
    if name not in list(MapKind):
        raise ValueError(f"channel {text!r} names no map; there are {', '.join(MapKind)}")
    count = SPECS[MapKind(name)].channels
    letters = ("r", "g", "b")[:count] if count > 1 else ("",)
    if letter not in letters:
        choices = " or ".join(f"{name}.{letter}" if letter else name for letter in letters)
        raise ValueError(f"channel {text!r} should be {choices}")
    return Channel(MapKind(name), letters.index(letter), inverted)


class PackedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of a preset.

    suffix: between the set's name and the extension.
    channels: one to four, in the order of the file.
    format: how it is stored.
    opaque_format: how it is stored where the fourth channel is 1 everywhere; the channel is left out.
    when: "always" (maps that are missing are neutral), "given" (only with every map it names), or "parallax" or
        "subsurface" (as "given", and only where that is wanted).
    recentred: the map's mean is moved to its neutral value, contrast reduced only where it would clip.
    octahedral: the file's normal is stored as two octahedral codes, y down (BC5; see `image.normals.octahedral`).
    """

    suffix: str
    channels: tuple[str | float, ...]
    format: FileFormat
    opaque_format: FileFormat | None = None
    when: Literal["always", "given", "parallax", "subsurface"] = "always"
    recentred: bool = False
    octahedral: bool = False

    def __post_init__(self) -> None:
        if len(self.sources) not in self.format.channels:
            wanted = " or ".join(map(str, self.format.channels))
            raise ValueError(f"a {self.format} file holds {wanted} channels, not {len(self.sources)}")
        if not self.maps:
            raise ValueError("a file needs a channel that is not a constant")
        vectors = [source for source in self.sources if source.map and SPECS[source.map].vector]
        if vectors and [*self.sources[:3]] != [Channel(vectors[0].map, i) for i in range(3)]:
            raise ValueError("a normal fills the first three channels of its file, in order and not inverted")
        if self.octahedral != (self.format is FileFormat.BC5) or (self.octahedral and not vectors):
            raise ValueError("a normal in octahedral codes and bc5_unorm go together, and with nothing else")
        if self.recentred and len(self.sources) > 1:
            raise ValueError("a map that is recentred has a file of its own")
        for choice in filter(None, (self.format, self.opaque_format)):
            if choice.extension == ".dds" and choice.endswith("_srgb") != (self.colour == "srgb"):
                raise ValueError(f"{choice} does not fit {self.colour} maps: only colour is stored as sRGB")
        if self.opaque_format and (len(self.sources), self.opaque_format.extension) != (
            4,
            self.format.extension,
        ):
            raise ValueError("opaque_format is for files of four channels, of the same kind as format")

    @property
    def sources(self) -> tuple[Channel, ...]:
        """The channels, read."""
        return tuple(read_channel(text) for text in self.channels)

    @property
    def maps(self) -> tuple[MapKind, ...]:
        """Every map the file names, once each."""
        return tuple(dict.fromkeys(source.map for source in self.sources if source.map))

    @property
    def colour(self) -> Literal["srgb", "linear", "normal"]:
        """Averaging of the first three channels when the file is made smaller, by the maps' specs."""
        specs = [SPECS[source.map] for source in self.sources[:3] if source.map]
        if any(spec.vector for spec in specs):
            return "normal"
        return "srgb" if any(spec.colour == "srgb" for spec in specs) else "linear"


class Preset(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The files of a texture set for one engine; see the module's text for the TOML."""

    name: str
    about: str
    folder: str = ""
    normal: Literal["directx", "opengl", "as_input"]
    sides: Literal["keep", "power_of_two"]
    scene: Literal["gltf"] | None = None
    files: tuple[PackedFile, ...]

    def __post_init__(self) -> None:
        if self.folder and (reason := why_unsafe(self.folder)):
            raise ValueError(f"folder {self.folder!r} should lie inside OUT: {reason}")
        if strange := next((file.suffix for file in self.files if not _SUFFIX.fullmatch(file.suffix)), None):
            raise ValueError(f"suffix {strange!r} should hold letters, digits, and any of _ - . in between")
        names = [file.suffix + file.format.extension for file in self.files]
        if not names or len(set(names)) < len(names):
            raise ValueError("a preset has at least one file, and no two of the same suffix")
        if self.sides == "keep" and any(name.endswith(".dds") for name in names):
            raise ValueError('DDS files have mips, for which sides must be "power_of_two"')
        if self.normal != "directx" and any(file.octahedral for file in self.files):
            raise ValueError('octahedral codes are of normals with y down: normal must be "directx"')


def read_preset(text: str, where: str) -> Preset:
    """The preset in a TOML text; `where` names it in the RecipeError that anything wrong with it raises."""
    try:
        return msgspec.convert(decode_toml(text), Preset, strict=True)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise RecipeError(f"Expected a preset in {where}, got: {error}; correct the file.") from error


def relative_name(name: str) -> PurePosixPath:
    """A set's name as a path below the texture root; TextureSetError where it leads out of it, or no system takes it.

    >>> relative_name("architecture\\\\whiterun\\\\wrwoodplank01").name
    'wrwoodplank01'
    """
    if reason := why_unsafe(name):
        raise TextureSetError(
            f"Expected a texture set named by its path below the texture root, got {name!r} ({reason}); rename it."
        )
    return PurePosixPath(name.replace("\\", "/"))
