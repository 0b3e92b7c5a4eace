"""One texture set to its maps: files are read, networks (or rules) asked, and nothing is written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from unbake.convert.baselines import rule_based
from unbake.convert.predict import Predictor, metal_of
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.layout import CONSTANT_RANGE
from unbake.domain.maps import OUTPUTS, MapKind
from unbake.domain.networks import NETWORKS
from unbake.errors import TextureSetError
from unbake.image.arrays import CodedMaps, bands, decoded, encoded, unit
from unbake.image.dds.deblock import BLOCKY, soften_blocks
from unbake.image.files import Picture
from unbake.image.geometry import geometry_channels, integrate
from unbake.image.mips import Kind, bleeding, resize
from unbake.image.tiling import Wrap, run_tiled, tileable_axes

Maps = dict[MapKind, np.ndarray]

TILE: Final = 1024
"""Side of what one window of a UNet adds to the output; halved when memory runs out."""

SMALLEST_TILE: Final = 128


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """A texture set as pixels, all of the diffuse's size.

    maps: DIFFUSE (colour under alpha 0 bled), NORMAL, and where there is one SPECULAR, OPACITY, EMISSIVE
    and HEIGHT (the mod's own, which is kept); floats,
    or `CodedMaps`, which take an eighth of the memory that a conversion in floats would.
    environment: environment mask (H, W, 1), floats in [0, 1] or codes, read as metal. wrap: which axes tile
    (rows, columns). notes: what a person should know, one sentence each.
    """

    maps: Mapping[MapKind, np.ndarray]
    environment: np.ndarray | None
    wrap: Wrap
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of all maps."""
        maps = self.maps.codes if isinstance(self.maps, CodedMaps) else self.maps
        height, width = maps[MapKind.DIFFUSE].shape[:2]
        return height, width


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """What became of a set.

    maps: the six outputs beside all maps of the input, coded (with the bits of each map's spec) where those
    were. classes: material class to probability, {} without networks. relief: standard deviation of the
    surface, as a share of the texture's width.
    """

    maps: Mapping[MapKind, np.ndarray]
    classes: dict[str, float]
    wrap: Wrap
    relief: float
    notes: tuple[str, ...] = ()


def load_inputs(
    files: TextureSet,
    seamless: bool | None = None,
    max_size: int | None = None,
    read: Callable[[Source], Picture] = Source.picture,
) -> Inputs:
    """The pixels of a texture set, as codes.

    seamless: whether both axes tile; None measures each. max_size: longest side of what is converted, texels.
    read: how a file becomes pixels, where its bytes are at hand already; each is asked for once.
    FileError where a file cannot be read, TextureSetError where diffuse and normal differ in shape.
    """
    notes: list[str] = []
    painted = read(files.diffuse)
    stored_as = painted.format
    colour, alpha = _colour_and_alpha(painted)
    del painted  # a copy of its own was made
    if alpha is not None and bool((alpha == np.iinfo(alpha.dtype).max).all()):
        alpha = None
    if alpha is not None:
        _bleed(colour, alpha)
    height, width = stored_size = colour.shape[:2]
    wrap = tileable_axes(colour) if seamless is None else (seamless, seamless)
    if stored_as.startswith(BLOCKY):
        soften_blocks(colour, wrap)
    if max_size is not None and max(height, width) > max_size:
        scale = max_size / max(height, width)
        height, width = max(1, round(height * scale)), max(1, round(width * scale))
        notes.append(f"reduced from {stored_size[1]}×{stored_size[0]} to {width}×{height}, as asked")

    def fitted(codes: np.ndarray, kind: Kind) -> np.ndarray:
        return _resized(codes, height, width, kind, wrap)

    codes = {MapKind.DIFFUSE: fitted(colour, "srgb")}
    del colour
    if alpha is not None:
        codes[MapKind.OPACITY] = fitted(alpha, "linear")
    specular = None
    picture = None if files.normal is None else read(files.normal)
    if picture is not None and files.shared is not None:
        if _same_shape(stored_size, picture.pixels.shape[:2]):
            notes.append(f"it has no normal map of its own, so the one of {files.shared} is used")
        else:
            picture = None
    if picture is None:
        codes[MapKind.NORMAL] = np.zeros((height, width, 3), np.uint8)  # no vector at all is decoded as flat
        notes.append("no normal map was found, so the surface is taken as flat")
    else:
        _check_shape(files, stored_size, picture.pixels.shape[:2])
        if picture.pixels.shape[:2] != stored_size:
            notes.append(f"the normal map was resized to {width}×{height}, the size of the diffuse")
        stored, mask = _colour_and_alpha(picture)
        del picture
        np.subtract(np.iinfo(stored.dtype).max, stored[..., 1], out=stored[..., 1])  # DirectX to OpenGL
        codes[MapKind.NORMAL] = fitted(stored, "normal")
        del stored
        specular = _varied(mask)
    if specular is None and files.specular is not None:
        grey = read(files.specular).pixels[..., :3].mean(-1, keepdims=True, dtype=np.float32)
        specular = _varied(np.rint(grey).astype(np.uint8 if grey.max() < 256 else np.uint16))
    if specular is not None:
        codes[MapKind.SPECULAR] = fitted(specular, "linear")
    if files.parallax is not None:
        relief = _varied(read(files.parallax).pixels[..., :1])
        if relief is not None:
            codes[MapKind.HEIGHT] = fitted(relief, "linear")
    if files.glow is not None:
        codes[MapKind.EMISSIVE] = fitted(_colour_and_alpha(read(files.glow))[0], "srgb")
    environment = None
    if files.environment is not None:
        environment = fitted(metal_cue(read(files.environment)), "linear")
        notes.append("its environment mask is taken for metal where no network says otherwise")
    return Inputs(CodedMaps(codes), environment, wrap, tuple(notes))


def convert_set(inputs: Inputs, predictor: Predictor | None, tile: int = TILE) -> Converted:
    """The maps of a set: the networks' where the model's card says so, the rule-based floor elsewhere.

    predictor: None converts by rules alone. tile: see `TILE`; a smaller one gives the same maps.
    TextureSetError where memory does not suffice for the smallest tile.
    """
    coded = isinstance(inputs.maps, CodedMaps)
    given = inputs.maps.codes if isinstance(inputs.maps, CodedMaps) else dict(inputs.maps)
    notes, classes, outputs = list(inputs.notes), {}, {}
    height = integrate(given[MapKind.NORMAL], inputs.wrap)
    relief = float(height.std()) / height.shape[1]
    geometry = geometry_channels(given[MapKind.NORMAL], inputs.wrap, height, 16 if coded else None)
    del height
    if predictor is not None:
        predicted, probabilities = _predicted(given | geometry, inputs.wrap, predictor, tile, coded, notes)
        classes = dict(zip(predictor.card.classes, map(float, probabilities), strict=True))
        outputs = {kind: predicted[kind] for kind in OUTPUTS if predictor.card.use[kind] == "network"}
        del predicted
    if len(outputs) < len(OUTPUTS):
        outputs = rule_based(given | geometry, inputs.environment) | outputs
    if (own := given.get(MapKind.HEIGHT)) is not None:
        alike = _correlation(own, outputs[MapKind.HEIGHT])
        notes.append(f"its own height map (_p) is kept; ours would have followed it with r = {alike:.2f}")
        outputs[MapKind.HEIGHT] = own
    if not coded:
        return Converted(given | outputs, classes, inputs.wrap, relief, tuple(notes))
    for kind in OUTPUTS:
        outputs[kind] = encoded(kind, outputs[kind])
    return Converted(CodedMaps(given | outputs), classes, inputs.wrap, relief, tuple(notes))


def metal_cue(picture: Picture) -> np.ndarray:
    """What an environment mask says of metal, codes (H, W, 1): a plain mask itself, a complex material's blue.

    Complex material packs reflection, gloss and metal in R, G and B; a plain mask is grey.
    """
    pixels = picture.pixels
    if pixels.shape[2] < 3:
        return np.ascontiguousarray(pixels[..., :1])
    apart = np.abs(pixels[..., 0].astype(np.int32) - pixels[..., 2]).mean()
    grey = float(apart) < 8 / 255 * np.iinfo(pixels.dtype).max
    return np.ascontiguousarray(pixels[..., :1] if grey else pixels[..., 2:3])


def _predicted(
    known: dict[MapKind, np.ndarray],
    wrap: Wrap,
    predictor: Predictor,
    tile: int,
    coded: bool,
    notes: list[str],
) -> tuple[dict[MapKind, np.ndarray], np.ndarray]:
    """The networks' six maps and the class probabilities; a smaller tile is noted.

    known: the input's maps and the geometry channels, floats or codes. coded: whether the maps are to be codes.
    """
    card = predictor.card
    specular = known.get(MapKind.SPECULAR)
    given = specular is not None
    probabilities, mask = predictor.seen_whole(known[MapKind.DIFFUSE], known[MapKind.NORMAL], specular, wrap)
    if coded:
        mask = encoded(MapKind.METALLIC_MASK, mask, 16)
    known = known | {MapKind.METALLIC_MASK: mask}
    if specular is None:
        known[MapKind.SPECULAR] = np.zeros(mask.shape, np.uint8 if coded else np.float32)

    def tiled(network: Callable[[Maps], Maps], reads: Sequence[MapKind], bits: int | None) -> Maps:
        nonlocal tile
        read = {kind: known[kind] for kind in reads}

        def seen(window: Maps) -> Maps:
            made = network({kind: decoded(kind, image) for kind, image in window.items()})
            return {kind: encoded(kind, image, bits) for kind, image in made.items()} if coded else made

        while True:
            try:
                return run_tiled(read, seen, tile, card.halo, card.stride, wrap)
            except MemoryError as error:
                if tile // 2 < SMALLEST_TILE:
                    raise TextureSetError(
                        f"memory for tiles of {tile} texels was expected, but it ran out; "
                        "close other programs or lower the size with --max-size"
                    ) from error
                tile //= 2
                notes.append(f"memory ran out, so tiles of {tile} texels were used")

    def maps_of(window: Maps) -> Maps:
        made = dict(predictor.maps(window, given, probabilities))
        metal, where = made[MapKind.METALLIC], window[MapKind.METALLIC_MASK]
        return made | {MapKind.METALLIC: metal_of(metal, where, card.mask_threshold, card.mask_softness)}

    # UNet-Maps reads the albedo finer than it is kept, lest a rounding that falls otherwise elsewhere spread.
    known |= tiled(lambda window: predictor.albedo(window, given), NETWORKS["unet_albedo"].reads, 16)
    known |= tiled(maps_of, NETWORKS["unet_maps"].reads, None)
    return {kind: known[kind] for kind in OUTPUTS}, probabilities


def _colour_and_alpha(picture: Picture) -> tuple[np.ndarray, np.ndarray | None]:
    """Codes of the colour (H, W, 3), grey repeated, and of the alpha (H, W, 1), each an array of its own."""
    pixels = picture.pixels
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2), None
    alpha = pixels[..., 3:].copy() if pixels.shape[2] == 4 else None
    return pixels[..., :3].copy(), alpha


def _bleed(colour: np.ndarray, alpha: np.ndarray) -> None:
    """`mips.bleeding` of codes, in place; with nothing seen at all, everything stays."""
    if not alpha.any() or alpha.all():
        return
    bits = colour.itemsize * 8

    def read(top: int, bottom: int) -> np.ndarray:
        return np.concatenate([unit(colour[top:bottom]), unit(alpha[top:bottom])], axis=2)

    bled = bleeding(read, colour.shape[0])
    for rows in bands(colour.shape[0], colour.shape[1], 2):
        colour[rows] = encoded(MapKind.DIFFUSE, bled(rows.start, rows.stop), bits)


def _resized(codes: np.ndarray, height: int, width: int, kind: Kind, wrap: Wrap) -> np.ndarray:
    """Codes (H, W, C) at another size: of 16 bits, since a mean has more to say than what it is the mean of."""
    if codes.shape[:2] == (height, width):
        return np.ascontiguousarray(codes)
    # A channel at a time, since a plane is large enough; but a normal's three are one vector.
    step = codes.shape[2] if kind == "normal" else 1
    resized = np.empty((height, width, codes.shape[2]), np.uint16)
    for i in range(0, codes.shape[2], step):
        part = resize(unit(codes[..., i : i + step]), height, width, kind, wrap)
        resized[..., i : i + step] = encoded(MapKind.DIFFUSE, part, 16)
    return resized


def _varied(mask: np.ndarray | None) -> np.ndarray | None:
    """The mask, or None where it is constant and so says nothing."""
    if mask is None or int(mask.max()) - int(mask.min()) <= CONSTANT_RANGE * np.iinfo(mask.dtype).max:
        return None
    return mask


def _check_shape(files: TextureSet, diffuse: tuple[int, int], normal: tuple[int, ...]) -> None:
    """TextureSetError unless both have one shape."""
    (rows, columns), (high, wide) = diffuse, normal
    if not _same_shape(diffuse, normal):
        raise TextureSetError(
            f"a normal map of the shape of its {columns}×{rows} diffuse was expected for '{files.name}', "
            f"but {files.normal.name if files.normal else ''} is {wide}×{high}; resize one of them"
        )


def _same_shape(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether two sizes have one shape, up to what rounding does to odd sides."""
    (rows, columns), (high, wide) = one, other
    return abs(rows * wide - columns * high) <= max(rows + columns, high + wide)


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Of two maps (H, W, 1), floats or codes, by about a million of their texels; 0 where one is constant."""
    step = max(1, round((one.size / (1 << 20)) ** 0.5))
    a, b = (unit(image[::step, ::step, 0]).astype(np.float64) for image in (one, other))
    a, b = a - a.mean(), b - b.mean()
    length = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / length if length > 0 else 0.0
