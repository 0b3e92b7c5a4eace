"""DDS files as pixels: the top mip of any of the `formats`; read through `image.files`."""

import numpy as np

from unbake.errors import FileError, UnsuitableError
from unbake.image.arrays import Codes, bands, unit
from unbake.image.colour import linear_to_srgb, srgb_to_linear
from unbake.image.dds.blocks import BlockFormat, decode_blocks
from unbake.image.dds.formats import Masks
from unbake.image.dds.header import DdsInfo, read_dds_info
from unbake.image.normals import with_blue


def decode_dds(data: bytes, name: str) -> tuple[Codes, str]:
    """The top mip of a DDS file as pixels, uint8 or uint16 (H, W, 1 | 3 | 4), and its format, such as "dds/bc7_srgb".

    See `image.files.Picture`; `name` is what errors call the file. FileError where it is damaged or of a format that
    is not supported, UnsuitableError where it is a cubemap, a volume or an array.
    """
    info = read_dds_info(data, name)
    if what := _not_flat(info):
        raise UnsuitableError(f"Expected one flat texture in {name}, got {what}; save it as one.")
    check_length(info, len(data), name)
    pitch = info.row_bytes(len(data))
    end = info.offset + (pitch * info.height if pitch else info.top_bytes)
    body = memoryview(data)[info.offset : end]
    if isinstance(info.layout, BlockFormat):
        pixels: Codes = decode_blocks(body, info.width, info.height, info.layout)
        if info.layout is BlockFormat.BC1 and (pixels[..., 3] == 255).all():
            pixels = pixels[..., :3]
    else:
        pixels = _unpack(body, info.width, info.height, info.layout, pitch)
        if info.format.startswith("LA"):
            pixels = pixels[..., [0, 0, 0, 1]]
    if pixels.shape[2] == 2:
        pixels = with_blue(pixels)
    if info.swapped:
        pixels = pixels[..., [3, 1, 2]]
    if info.premultiplied and pixels.shape[2] == 4:
        pixels = _unpremultiplied(pixels, info.srgb)
    return np.ascontiguousarray(pixels), f"dds/{info.format.lower().replace('_unorm', '')}"


def check_length(info: DdsInfo, length: int, name: str) -> None:
    """FileError unless a DDS file of this length can hold its top mip."""
    if length < info.offset + info.top_bytes:
        raise FileError(
            f"Expected {info.offset + info.top_bytes} bytes of {info.width}×{info.height} {info.format} in {name}, "
            f"got {length}; restore it from its source."
        )


def not_flat(data: bytes) -> str | None:
    """Name of the contents of a DDS file ("a cubemap") that is not one flat texture; None for every other file.

    data: the beginning of the file, 148 bytes or more.

    >>> not_flat(b"") is None
    True
    """
    try:
        return _not_flat(read_dds_info(data))
    except FileError:
        return None  # no DDS file, or a damaged one: decoding it says why


def _not_flat(info: DdsInfo) -> str | None:
    if info.cubemap:
        return "a cubemap"
    if info.volume:
        return "a volume"
    return f"{info.array} textures" if info.array != 1 else None


def _unpremultiplied(pixels: Codes, srgb: bool) -> Codes:
    """RGBA codes whose colours were stored times alpha; where alpha is 0 they stay. srgb: the product was linear."""
    divided = pixels.copy()
    for rows in bands(*pixels.shape[:2]):
        colour, alpha = unit(pixels[rows, :, :3]), unit(pixels[rows, :, 3:])
        alpha[alpha == 0] = 1
        light = np.clip((srgb_to_linear(colour) if srgb else colour) / alpha, 0, 1)
        top = np.iinfo(pixels.dtype).max
        divided[rows, :, :3] = np.rint((linear_to_srgb(light) if srgb else light) * top)
    return divided


def _unpack(body: memoryview, width: int, height: int, layout: Masks, pitch: int) -> Codes:
    """Uncompressed pixels, one channel per mask: uint8, or uint16 where a channel has more than 8 bits.

    pitch: bytes from row to row. Numbers from -1 to 1 come as the codes of (x + 1) / 2; floats are clipped to [0, 1],
    but two that go below 0, which can only be a normal's, are taken for numbers from -1 to 1.
    """
    depth = 8 if all(mask.bit_count() <= 8 for mask in layout.channels) else 16
    stored = np.frombuffer(body, np.uint8).reshape(height, pitch)[:, : width * layout.bits // 8]
    stored = stored.reshape(height, width, layout.bits // 8)
    if layout.numbers == "float" and len(layout.channels) == 2:
        return _signed_pair(np.ascontiguousarray(stored))
    pixels = np.empty((height, width, len(layout.channels)), f"<u{depth // 8}")
    for rows in bands(height, width):
        pixels[rows] = _codes(np.ascontiguousarray(stored[rows]), layout, 2**depth - 1)
    return pixels


def _codes(words: np.ndarray, layout: Masks, full: int) -> np.ndarray:
    """Pixels from their bytes (H, W, bytes of a pixel), as codes from 0 to `full`."""
    if layout.numbers == "float":
        reals = words.view(f"<f{words.shape[2] // len(layout.channels)}")
        return np.rint(np.clip(np.nan_to_num(reals, posinf=1), 0, 1).astype(np.float32) * full)
    if layout.numbers == "small float":
        return np.rint(np.clip(_small_floats(words.view("<u4"), layout), 0, 1) * full)
    if words.shape[2] == 3:
        words = np.pad(words, ((0, 0), (0, 0), (0, 1)))
    words = words.view(f"<u{words.shape[2]}")
    channels = []
    for mask in layout.channels:
        low, top = (mask & -mask).bit_length() - 1, 2 ** mask.bit_count() - 1
        codes = (words >> low) & top
        if layout.numbers == "snorm":
            signed = codes.astype(np.float32) - np.where(codes > top // 2, np.float32(top + 1), 0)
            codes = np.rint((np.maximum(signed / (top // 2), -1) + 1) * (full / 2))
        elif top != full:
            codes = (codes.astype(np.uint32) * full + top // 2) // top
        channels.append(codes)
    return np.concatenate(channels, axis=2)


def _small_floats(words: np.ndarray, layout: Masks) -> np.ndarray:
    """The floats (H, W, C) of 5 bits of exponent and the rest of mantissa, without a sign; infinity and NaN are 1."""
    channels = []
    for mask in layout.channels:
        low, bits = (mask & -mask).bit_length() - 1, mask.bit_count() - 5
        codes = (words >> low) & (2 ** mask.bit_count() - 1)
        exponent, mantissa = (
            (codes >> bits).astype(np.int32),
            (codes & (2**bits - 1)).astype(np.float32) / 2**bits,
        )
        value = np.ldexp(mantissa + (exponent > 0), np.maximum(exponent, 1) - 15)
        channels.append(np.where(exponent == 31, np.float32(1), value))
    return np.concatenate(channels, axis=2)


def _signed_pair(words: np.ndarray) -> Codes:
    """Codes of sixteen bits of the two floats of each pixel, from their bytes (H, W, bytes of a pixel)."""
    reals: np.ndarray = np.nan_to_num(words.view(f"<f{words.shape[2] // 2}").astype(np.float32))
    if (reals < 0).any():
        reals = (reals + 1) / 2
    return np.rint(np.clip(reals, 0, 1) * 65535).astype(np.uint16)
