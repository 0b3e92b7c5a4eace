"""Reads the files of one texture set as maps of one size, in codes; between `sets` and `convert`."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from unbake.convert.normal_map import Normals, follows_height, is_normal_map, read_normal_map
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.layout import CONSTANT_RANGE
from unbake.domain.maps import MapKind
from unbake.errors import TextureSetError
from unbake.evidence.companions import MetalCue, metal_cue
from unbake.image.arrays import CodedMaps, Wrap, bands, quantise, unit
from unbake.image.dds.deblock import BLOCKY, soften_blocks
from unbake.image.files import Picture
from unbake.image.mips import bleeding
from unbake.image.resample import Kind, resize
from unbake.image.tiling import tileable_axes

Read = Callable[[Source], Picture]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """A texture set as pixels, all of the diffuse's size.

    maps: DIFFUSE (sRGB, colour under alpha 0 bled) and NORMAL (OpenGL), and those of SPECULAR, OPACITY, EMISSIVE and
    HEIGHT (the mod's own, which is kept) that the set has.
    cue: what a companion says of metal, its values of the diffuse's size. wrap: which axes tile (rows,
    columns). notes: what a person should know, one sentence each; warnings: why a person should look at the set.
    """

    maps: CodedMaps
    cue: MetalCue | None
    wrap: Wrap
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of all maps."""
        return self.maps.size


@dataclass(frozen=True, slots=True)
class _Canvas:
    """The size and edges that all maps of a set are brought to.

    stored: (height, width) of the diffuse's file. size: of what is converted.
    """

    stored: tuple[int, int]
    size: tuple[int, int]
    wrap: Wrap

    def fitted(self, codes: np.ndarray, kind: Kind) -> np.ndarray:
        """Codes (H, W, C) at the size of the canvas; resized ones have 16 bits, to keep what a mean has to say."""
        if codes.shape[:2] == self.size:
            return np.ascontiguousarray(codes)
        # A channel at a time, since a plane is large enough; but a normal's three are one vector.
        step = codes.shape[2] if kind == "normal" else 1
        resized = np.empty((*self.size, codes.shape[2]), np.uint16)
        for i in range(0, codes.shape[2], step):
            part = resize(unit(codes[..., i : i + step]), *self.size, kind, self.wrap)
            resized[..., i : i + step] = quantise(MapKind.DIFFUSE, part, 16)  # any map from 0 to 1 would do
        return resized


def load_inputs(
    files: TextureSet,
    seamless: bool | None = None,
    max_size: int | None = None,
    read: Read = Source.picture,
    normals: Normals = "auto",
) -> Inputs:
    """The pixels of a texture set, as codes.

    seamless: whether both axes tile; None measures each. max_size: longest side of what is converted, texels.
    read: decodes a file; each file is asked for once. normals: direction of green in normal maps.
    FileError where a file cannot be read, TextureSetError where diffuse and normal differ in shape, or the diffuse is
    a normal map.

    >>> load_inputs(find_sets(Path("Mod"))[0][0]).size   # doctest: +SKIP
    (1024, 1024)
    """
    colour, alpha, wrap = _read_diffuse(files.diffuse, seamless, read)
    canvas = _canvas(colour.shape[:2], max_size, wrap)
    notes = []
    if canvas.size != canvas.stored:
        (rows, columns), (height, width) = canvas.stored, canvas.size
        notes.append(f"reduced from {columns}×{rows} to {width}×{height}, as asked")
    codes = {MapKind.DIFFUSE: canvas.fitted(colour, "srgb")}
    del colour
    if alpha is not None:
        codes[MapKind.OPACITY] = canvas.fitted(alpha, "linear")
    codes |= _read_companions(files, canvas, read)
    normal, specular, remarks, warnings = _read_normal(files, canvas, read)
    codes[MapKind.NORMAL], said = _turned(normal, files, normals, codes.get(MapKind.HEIGHT), canvas.size)
    notes += [*remarks, *said]
    if specular is None and files.specular is not None:
        specular = _read_grey(files.specular, read)
    if specular is not None:
        codes[MapKind.SPECULAR] = canvas.fitted(specular, "linear")
    del specular
    cue = None
    if files.environment is not None:
        cue = metal_cue(read(files.environment).pixels)
        cue = replace(cue, values=canvas.fitted(cue.values, "linear"))
    return Inputs(CodedMaps(codes), cue, wrap, tuple(notes), tuple(warnings))


def _canvas(stored: tuple[int, ...], max_size: int | None, wrap: Wrap) -> _Canvas:
    height, width = stored[:2]
    longest = max(height, width)
    if max_size is None or longest <= max_size:
        return _Canvas((height, width), (height, width), wrap)
    scale = max_size / longest
    size = max(1, round(height * scale)), max(1, round(width * scale))
    return _Canvas((height, width), size, wrap)


def _read_diffuse(
    source: Source, seamless: bool | None, read: Read
) -> tuple[np.ndarray, np.ndarray | None, Wrap]:
    """Codes of the colour (H, W, 3) and of an alpha (H, W, 1) that is not white everywhere, and which axes tile."""
    picture = read(source)
    if is_normal_map(picture.pixels):
        raise TextureSetError(
            f"Expected a painted colour in {source.name}, got a tangent normal map; call it as its diffuse with _n, or "
            "leave it out with --exclude."
        )
    stored_as = picture.format
    colour, alpha = _colour_and_alpha(picture)
    del picture  # both are copies
    if alpha is not None and bool((alpha == np.iinfo(alpha.dtype).max).all()):
        alpha = None
    if alpha is not None:
        _bleed(colour, alpha)
    wrap = tileable_axes(colour) if seamless is None else (seamless, seamless)
    if stored_as.startswith(BLOCKY):
        soften_blocks(colour, wrap)
    return colour, alpha, wrap


def _read_normal(
    files: TextureSet, canvas: _Canvas, read: Read
) -> tuple[np.ndarray | None, np.ndarray | None, list[str], list[str]]:
    """Codes of the normal on the canvas as DirectX has them, its alpha (the specular mask) in its own size, notes and
    warnings; None for a flat surface.

    A normal borrowed from another texture (`files.shared`) is used only where its shape fits.
    """
    picture = None if files.normal is None else read(files.normal)
    notes = []
    if picture is not None and files.shared is not None:
        if _same_shape(canvas.stored, picture.pixels.shape[:2]):
            notes.append(f"it has no normal map of its own, so the one of {files.shared} is used")
        else:
            picture = None
    if picture is None or files.normal is None:
        return None, None, ["no normal map was found, so the surface is taken as flat"], []
    shape = picture.pixels.shape[:2]
    _check_shape(files, canvas.stored, shape)
    if shape != canvas.stored:
        height, width = canvas.size
        notes.append(f"the normal map was resized to {width}×{height}, the size of the diffuse")
    found = read_normal_map(picture, files.normal.name)
    del picture
    notes += filter(None, [found.note])
    if found.codes is None:
        return None, _varied(found.mask), notes, list(filter(None, [found.warning]))
    _flip_green(found.codes)
    return canvas.fitted(found.codes, "normal"), _varied(found.mask), notes, []


def _turned(
    normal: np.ndarray | None,
    files: TextureSet,
    normals: Normals,
    height: np.ndarray | None,
    size: tuple[int, int],
) -> tuple[np.ndarray, list[str]]:
    """The normal as OpenGL has it, and a note where it was so in its file; zero vectors, read as flat, for None."""
    if normal is None:
        return np.zeros((*size, 3), np.uint8), []
    green, why = normals if normals != "auto" else files.green, "as its name says"
    if green is None and height is not None and follows_height(normal, height) == "directx":
        green, why = "opengl", "as its own height map says"
    if green != "opengl":
        return normal, []
    _flip_green(normal)
    return normal, [f"its normal map is read as OpenGL, {why}"] if normals == "auto" else []


def _flip_green(codes: np.ndarray) -> None:
    """DirectX to OpenGL or back, in place."""
    np.subtract(np.iinfo(codes.dtype).max, codes[..., 1], out=codes[..., 1])


def _read_grey(source: Source, read: Read) -> np.ndarray | None:
    """The mean of a picture's colours as codes (H, W, 1), None where it is constant."""
    grey = read(source).pixels[..., :3].mean(-1, keepdims=True, dtype=np.float32)
    return _varied(np.rint(grey).astype(np.uint8 if grey.max() < 256 else np.uint16))


def _read_companions(files: TextureSet, canvas: _Canvas, read: Read) -> dict[MapKind, np.ndarray]:
    """The maps that pass through a conversion: the mod's own height and its glow."""
    codes = {}
    if files.parallax is not None:
        height = _varied(read(files.parallax).pixels[..., :1])
        if height is not None:
            codes[MapKind.HEIGHT] = canvas.fitted(height, "linear")
    if files.glow is not None:
        codes[MapKind.EMISSIVE] = canvas.fitted(_colour_and_alpha(read(files.glow))[0], "srgb")
    return codes


def _colour_and_alpha(picture: Picture) -> tuple[np.ndarray, np.ndarray | None]:
    """Codes of the colour (H, W, 3), grey repeated, and of the alpha (H, W, 1), each an array of its own."""
    pixels = picture.pixels
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2), None
    alpha = pixels[..., 3:].copy() if pixels.shape[2] == 4 else None
    return pixels[..., :3].copy(), alpha


def _bleed(colour: np.ndarray, alpha: np.ndarray) -> None:
    """`mips.bleeding` of codes, in place; with nothing visible at all, everything stays."""
    if not alpha.any() or alpha.all():
        return
    bits = colour.itemsize * 8

    def read(top: int, bottom: int) -> np.ndarray:
        return np.concatenate([unit(colour[top:bottom]), unit(alpha[top:bottom])], axis=2)

    bled = bleeding(read, colour.shape[0])
    for rows in bands(colour.shape[0], colour.shape[1], 2):
        colour[rows] = quantise(MapKind.DIFFUSE, bled(rows.start, rows.stop), bits)


def _varied(mask: np.ndarray | None) -> np.ndarray | None:
    """The mask, or None where it is constant and so carries no information."""
    if mask is None or int(mask.max()) - int(mask.min()) <= CONSTANT_RANGE * np.iinfo(mask.dtype).max:
        return None
    return mask


def _check_shape(files: TextureSet, diffuse: tuple[int, int], normal: tuple[int, ...]) -> None:
    """TextureSetError unless both have one shape."""
    (rows, columns), (high, wide) = diffuse, normal
    if not _same_shape(diffuse, normal):
        raise TextureSetError(
            f"Expected a normal map of the shape of its {columns}×{rows} diffuse for '{files.name}', got "
            f"{files.normal.name if files.normal else ''} of {wide}×{high}; resize one of them."
        )


def _same_shape(size: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two (height, width) have one aspect ratio, up to what rounding does to odd sides."""
    (rows, columns), (high, wide) = size, other
    return abs(rows * wide - columns * high) <= max(rows + columns, high + wide)
