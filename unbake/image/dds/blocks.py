"""Block-compressed pixels, both ways: decoded for `dds.decode`, encoded for `dds.encode`."""

from enum import StrEnum
from typing import Any

import numpy as np
import texture2ddecoder
from numpy.typing import NDArray

from unbake.image.arrays import bands
from unbake.image.dds.bc1 import encode_bc1, endpoints, packed, rgb565, selectors_of, to_blocks
from unbake.image.dds.bc4 import encode_bc4
from unbake.image.dds.bc7 import encode_bc7


class BlockFormat(StrEnum):
    """The block formats there are; values are Direct3D's names in lower case, without colour space."""

    BC1 = "bc1"
    BC2 = "bc2"
    BC3 = "bc3"
    BC4 = "bc4"
    BC4_SNORM = "bc4_snorm"
    BC5 = "bc5"
    BC5_SNORM = "bc5_snorm"
    BC6H = "bc6h"
    BC7 = "bc7"

    @property
    def block_bytes(self) -> int:
        """Bytes of one block of 4×4 texels."""
        return 8 if self in (BlockFormat.BC1, BlockFormat.BC4, BlockFormat.BC4_SNORM) else 16

    @property
    def channels(self) -> int:
        """Channels of the decoded pixels."""
        return {"bc4": 1, "bc5": 2, "bc6": 3}.get(self[:3], 4)


class Effort(StrEnum):
    """Time an encoder may take: `good` for what is kept, `fast` for previews."""

    GOOD = "good"
    FAST = "fast"


def block_size(width: int, height: int, fmt: BlockFormat) -> int:
    """Bytes that one image of this size takes.

    >>> block_size(5, 3, BlockFormat.BC1)
    16
    """
    return -(-width // 4) * -(-height // 4) * fmt.block_bytes


def decode_blocks(data: bytes | memoryview, width: int, height: int, fmt: BlockFormat) -> NDArray[np.uint8]:
    """Pixels of one image: uint8 (height, width, C), C = 1 for BC4, 2 for BC5, 3 for BC6H, 4 (RGBA) for the rest.

    Values are as stored (sRGB or linear), BC6H's clipped to [0, 1] and rounded to bytes; signed formats come as
    the unsigned codes of the same numbers, 255 · (s + 1) / 2. Bytes after the image are ignored; ValueError when
    there are too few.

    >>> decode_blocks(bytes(8), 4, 4, BlockFormat.BC4).shape
    (4, 4, 1)
    """
    need = block_size(width, height, fmt)
    if len(data) < need:
        raise ValueError(
            f"Expected {need} bytes of {fmt} {width}×{height}, got {len(data)}; restore the file."
        )
    blocks = np.frombuffer(data, np.uint8, need).reshape(-1, fmt.block_bytes)
    match fmt:
        case BlockFormat.BC1:
            # The decoder paints BC1's transparent texels opaque black.
            pixels = _decode(texture2ddecoder.decode_bc1, blocks, width, height)
            pixels[..., 3] = np.where(_bc1_holes(blocks, width, height), 0, 255)
        case BlockFormat.BC2:
            pixels = _decode(texture2ddecoder.decode_bc3, _four_colours(blocks), width, height)
            pixels[..., 3] = _bc2_alpha(blocks, width, height)
        case BlockFormat.BC3:
            pixels = _decode(texture2ddecoder.decode_bc3, _four_colours(blocks), width, height)
        case BlockFormat.BC7:
            pixels = _decode(texture2ddecoder.decode_bc7, blocks, width, height)
        case BlockFormat.BC6H:
            pixels = _decode(texture2ddecoder.decode_bc6, blocks, width, height)[..., :3]
        case BlockFormat.BC4:
            pixels = _decode(texture2ddecoder.decode_bc4, blocks, width, height)[..., :1]
        case BlockFormat.BC5:
            pixels = _decode(texture2ddecoder.decode_bc5, blocks, width, height)[..., :2]
        case BlockFormat.BC4_SNORM | BlockFormat.BC5_SNORM:
            shifted = blocks.copy()
            ends = [0, 1] if fmt is BlockFormat.BC4_SNORM else [0, 1, 8, 9]
            shifted[:, ends] ^= 0x80  # signed codes + 128 keep their order, so the unsigned decoder serves
            codes = decode_blocks(shifted.tobytes(), width, height, BlockFormat(fmt[:3])).astype(np.float32)
            pixels = np.clip(np.rint((codes - 1) * (255 / 254)), 0, 255).astype(np.uint8)
    return np.ascontiguousarray(pixels)


def encode_blocks(
    pixels: np.ndarray, fmt: BlockFormat, effort: Effort = Effort.GOOD, painted: bool = False
) -> bytes:
    """Blocks of one image: uint8 (H, W, C), any size; sides that 4 does not divide are padded by their edge.

    C is 1 for BC4, 2 for BC5 (more are ignored), 3 or 4 else. BC1 with a fourth channel is a cut-out: texels
    whose alpha is below 128 become transparent (and black). BC7 keeps alpha 0 and 255; painted: see `bc7`.
    Deterministic.
    ValueError for BC2, BC6H and signed formats, which nothing here writes.

    >>> len(encode_blocks(np.zeros((8, 8, 3), np.uint8), BlockFormat.BC7))
    64
    """
    rows = bands(pixels.shape[0], pixels.shape[1], 4)  # blocks know nothing of each other
    return b"".join(_encoded(_padded_rgba(pixels[band]), fmt, effort, painted) for band in rows)


def _encoded(rgba: np.ndarray, fmt: BlockFormat, effort: Effort, painted: bool) -> bytes:
    """Blocks of some rows of an image."""
    fast = effort is Effort.FAST
    match fmt:
        case BlockFormat.BC1:
            holes = rgba[..., 3] < 128
            blocks = encode_bc1(rgba, fast)
            return (_cut_out(blocks, rgba, holes) if holes.any() else blocks).tobytes()
        case BlockFormat.BC3:
            return np.concatenate([encode_bc4(rgba[..., 3]), encode_bc1(rgba, fast)], axis=1).tobytes()
        case BlockFormat.BC4:
            return encode_bc4(rgba[..., 0]).tobytes()
        case BlockFormat.BC5:
            return np.concatenate([encode_bc4(rgba[..., 0]), encode_bc4(rgba[..., 1])], axis=1).tobytes()
        case BlockFormat.BC7:
            return encode_bc7(rgba, fast, painted)
        case _:
            raise ValueError(f"{fmt} is only read, not written")


def _decode(decoder: Any, blocks: np.ndarray, width: int, height: int) -> np.ndarray:
    """RGBA of a texture2ddecoder function, which gives BGRA."""
    bgra = np.frombuffer(decoder(blocks.tobytes(), width, height), np.uint8).reshape(height, width, 4)
    return bgra[..., [2, 1, 0, 3]]


def _to_image(texels: np.ndarray, width: int, height: int) -> np.ndarray:
    """(blocks, 16) values, texels row by row in a block, as an image (height, width)."""
    wide, high = -(-width // 4), -(-height // 4)
    image = texels.reshape(high, wide, 4, 4).swapaxes(1, 2).reshape(high * 4, wide * 4)
    return image[:height, :width]


def _bc1_holes(blocks: np.ndarray, width: int, height: int) -> np.ndarray:
    """Mask of transparent BC1 texels: selector 3 in blocks whose first endpoint is not the greater."""
    ends = endpoints(blocks)
    three = ends[:, :1] <= ends[:, 1:]
    return _to_image(three & (selectors_of(blocks) == 3), width, height)


def _four_colours(blocks: np.ndarray) -> np.ndarray:
    """BC2/BC3 blocks in BC1's four-colour order.

    Direct3D always reads their colours so; the decoder takes the endpoints' order for a mode, as in BC1.
    """
    ends = endpoints(blocks[:, 8:])
    fixed = blocks.copy()
    swap = ends[:, 0] < ends[:, 1]
    fixed[swap, 8:12] = fixed[swap][:, [10, 11, 8, 9]]
    fixed[swap, 12:] ^= 0x55  # 0 ↔ 1, 2 ↔ 3
    fixed[ends[:, 0] == ends[:, 1], 12:] = 0
    return fixed


def _bc2_alpha(blocks: np.ndarray, width: int, height: int) -> np.ndarray:
    """BC2's sixteen 4-bit alphas as 8-bit ones."""
    nibbles = np.stack([blocks[:, :8] & 15, blocks[:, :8] >> 4], axis=-1)
    return _to_image(nibbles.reshape(-1, 16) * np.uint8(17), width, height)


def _padded_rgba(pixels: np.ndarray) -> np.ndarray:
    """RGBA with sides of whole blocks: missing colours 0, missing alpha 255, edges repeated."""
    height, width, channels = pixels.shape
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[..., :channels] = pixels
    return np.pad(rgba, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge")


def _cut_out(blocks: np.ndarray, rgba: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """BC1 blocks with holes, rewritten in three-colour mode, where selector 3 is transparent."""
    out = blocks.copy()
    hole = to_blocks(holes[..., None])[..., 0]
    cut = hole.any(axis=1)
    hole, texels = hole[cut], to_blocks(rgba[..., :3])[cut].astype(np.int32)
    # Colour under the holes must not pull the endpoints: encode it as the mean of what is seen.
    seen = (~hole)[..., None]
    mean = (texels * seen).sum(1) // np.maximum(seen.sum(1), 1)
    filled = np.where(hole[..., None], mean[:, None], texels).astype(np.uint8)
    strip = np.full((4, 4 * len(filled), 4), 255, np.uint8)
    strip[..., :3] = filled.reshape(-1, 4, 4, 3).swapaxes(0, 1).reshape(4, -1, 3)
    ends = np.sort(endpoints(encode_bc1(strip, fast=False)), axis=1)
    corner = rgb565(ends).astype(np.int32)
    palette = np.concatenate([corner, corner.sum(1, keepdims=True) // 2], axis=1)
    error = ((texels[:, :, None] - palette[:, None]) ** 2).sum(-1)
    out[cut] = packed(ends, np.where(hole, 3, error.argmin(-1)))
    return out
