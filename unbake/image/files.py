"""Picture files: bytes become pixels (DDS by `dds.decode`; PNG, TGA, JPEG, BMP by Pillow), and pixels PNG or JPEG."""

import io
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TgaImagePlugin import TgaImageFile

from unbake.errors import FileError
from unbake.files import write_atomic
from unbake.image.arrays import Codes, Floats, Reals, unit
from unbake.image.dds.decode import check_length, decode_dds
from unbake.image.dds.header import MAX_SIDE, read_dds_info
from unbake.image.png16 import packing_of, unpacked

MAX_FILE = MAX_SIDE * MAX_SIDE * 8 * 2
"""Longest file that is read, in bytes: sixteen-bit RGBA of the largest size, doubled for metadata."""

_MAX_RATIO = 1100
"""Largest ratio of pixels' bytes to file bytes that is believed (deflate ends at 1032)."""

_LARGE, _MAX_SPREAD = 8192 * 8192, 64
"""Texels of a picture above which a byte of its file is believed to hold this many at most: an empty picture of a few
hundred kB would else take gigabytes. Real ones hold one or two a byte."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture, as stored: no colour space is applied.

    pixels: uint8 or uint16 (H, W, C), C = 1 grey, 3 RGB, 4 RGBA; colours are not multiplied by alpha. Two-channel DDS
    formats hold normals: their blue is rebuilt as the Z of a unit vector. format: container and layout, "dds/bc7_srgb"
    or "png/16".
    """

    pixels: Codes
    format: str

    def unit(self) -> Floats:
        """All channels as float32 (H, W, C) in [0, 1], still encoded as stored."""
        return unit(self.pixels)

    def rgb(self) -> Floats:
        """Colour alone as float32 (H, W, 3) in [0, 1]; grey is repeated."""
        values = self.unit()
        return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else np.ascontiguousarray(values[..., :3])

    @property
    def alpha(self) -> Floats | None:
        """Alpha as float32 (H, W, 1) in [0, 1]; None when there is none."""
        if self.pixels.shape[2] != 4:
            return None
        return unit(self.pixels[..., 3:])


def read_picture(path: Path) -> Picture:
    """The picture in a file: DDS (top mip), PNG, TGA, JPEG or BMP, recognised by its content, not its name.

    Errors: FileError when the file is missing, damaged or in a format that is not supported;
    UnsuitableError when it is a cubemap, a volume or an array.
    """
    return decode_picture(read_bytes(path), str(path))


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that can be a picture; FileError when it is missing or larger than any picture.

    Also for what is no file and might never end: a pipe, a device.
    """
    try:
        size = regular_size(path)
        if size > MAX_FILE:
            raise FileError(
                f"Expected a picture of at most {MAX_SIDE}×{MAX_SIDE} in {path}, got {size} bytes; make it smaller."
            )
        return path.read_bytes()
    except OSError as error:
        raise FileError(
            f"Expected a file that can be read in {path}, got: {error.strerror}; check it."
        ) from error


def read_start(path: Path, count: int) -> bytes:
    """The first bytes of a file; FileError as `read_bytes`."""
    try:
        regular_size(path)
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise FileError(
            f"Expected a readable file, got {path} ({error.strerror}); check the path."
        ) from error


def regular_size(path: Path) -> int:
    """The bytes of a file; FileError for what is none and might never end. OSError where it is missing."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise FileError(
            f"Expected a file that can be read in {path}, got a folder, a pipe or a device; remove it."
        )
    return status.st_size


def decode_picture(data: bytes, name: str) -> Picture:
    """The picture in these bytes; `name` is what errors call it. See `read_picture`.

    >>> decode_picture(encode_png(np.zeros((2, 3, 1), np.float32)), "black.png").pixels.shape
    (2, 3, 1)
    """
    if data.startswith(b"DDS "):
        return Picture(*decode_dds(data, name))
    return _decode_pillow(*_opener(data, name), data, name)


def picture_size(data: bytes, name: str, length: int | None = None) -> tuple[int, int]:
    """The (height, width) of the picture that begins with these bytes, by its header; errors as `decode_picture`.

    length: bytes of the whole file, where that is known: FileError where they cannot hold so many texels.

    >>> picture_size(encode_png(np.zeros((2, 3, 1), np.float32)), "black.png")
    (2, 3)
    """
    if data.startswith(b"DDS "):
        info = read_dds_info(data, name)
        if length is not None:
            check_length(info, length, name)
        return info.height, info.width
    opener, kind = _opener(data, name)
    try:
        with opener(io.BytesIO(data)) as image:
            width, height = image.size
            if length is not None:
                _check_size(width, height, length, name)
            return height, width
    except FileError:
        raise
    except Exception as error:  # as in `_decode_pillow`
        raise FileError(_damaged(name, kind, error)) from error


def _check_size(width: int, height: int, length: int, name: str) -> None:
    """FileError where a picture is larger than any texture, or than its file can hold."""
    if max(width, height) > MAX_SIDE:
        raise FileError(
            f"Expected sides from 1 to {MAX_SIDE} texels in {name}, got {width}×{height}; make it smaller."
        )
    if width * height // 8 > _MAX_RATIO * length:
        raise FileError(
            f"Expected a file long enough for {width}×{height} texels in {name}, got {length} bytes; "
            "restore it from its source."
        )
    if width * height > max(_LARGE, _MAX_SPREAD * length):
        raise FileError(
            f"Expected a picture of {width}×{height} texels in more than {length} bytes in {name}, got one that is "
            "empty nearly everywhere and would take gigabytes of memory; make it smaller, 8192×8192 at most."
        )


def _opener(data: bytes, name: str) -> tuple[type[ImageFile.ImageFile], str]:
    """Pillow's reader of a picture that is no DDS file, and the name of its format, by its first bytes."""
    if not data:
        raise FileError(f"Expected a picture in {name}, got an empty file; restore it from its source.")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile, "png"
    if data.startswith(b"\xff\xd8\xff"):
        return JpegImageFile, "jpg"
    if data.startswith(b"BM"):
        return BmpImageFile, "bmp"
    if len(data) >= 18 and data[1] in (0, 1) and data[2] in (1, 2, 3, 9, 10, 11):  # TGA has no signature
        return TgaImageFile, "tga"
    raise FileError(
        f"Expected DDS, PNG, TGA, JPEG or BMP in {name}, got other content; save it as one of them."
    )


def _damaged(name: str, kind: str, error: Exception) -> str:
    return f"Expected a sound {kind.upper()} file in {name}, got: {error}; save it again."


def encode_png(image: Reals | Codes, bits: int = 8) -> bytes:
    """A PNG file of float (H, W, C) in [0, 1], clipped and rounded; C = 1, 3 or 4, with 16 bits only 1.

    uint8 and uint16 are taken for codes and stored as they are; they say how many bits.
    """
    if image.dtype.kind == "u":
        codes, bits = image, 8 * image.dtype.itemsize
    else:
        codes = np.rint(np.clip(image, 0, 1) * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    if bits not in (8, 16) or codes.shape[2] not in ((1, 3, 4) if bits == 8 else (1,)):
        raise ValueError(
            "Expected 8 bits with 1, 3 or 4 channels, or 16 with 1, for a PNG file, "
            f"got {bits} with {codes.shape[2]}; write several files."
        )
    buffer = io.BytesIO()
    Image.fromarray(codes[..., 0] if codes.shape[2] == 1 else codes).save(buffer, "PNG")
    return buffer.getvalue()


def write_png(path: Path, image: Reals | Codes, bits: int = 8) -> None:
    """Write `encode_png` of an image, whole or not at all; FileError when the file cannot be written."""
    write_atomic(path, encode_png(image, bits))


def encode_jpeg(pixels: NDArray[np.uint8], quality: int = 85, full_colour: bool = False) -> bytes:
    """A picture, uint8 (H, W, 1 | 3), as JPEG; by default a small one to look at.

    quality: libjpeg's, 1 to 95. full_colour: keep colour at every texel (4:4:4) instead of every second one, for
    pictures whose channels are no colours.

    >>> encode_jpeg(np.zeros((8, 8, 1), np.uint8))[:2]
    b'\xff\xd8'
    """
    buffer = io.BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(buffer, "JPEG", quality=quality, subsampling=0 if full_colour else 2)
    return buffer.getvalue()


def _decode_pillow(opener: type[ImageFile.ImageFile], kind: str, data: bytes, name: str) -> Picture:
    try:
        # Not Image.open: it guesses again, and warns of every picture over 9459².
        with opener(io.BytesIO(data)) as image:
            _check_size(*image.size, len(data), name)
            packing = packing_of(image) if kind == "png" else None
            pixels = _pixels(image) if packing is None else unpacked(opener, data, packing)
    except (FileError, MemoryError):
        raise
    except Exception as error:  # damaged bytes make the decoders raise nearly anything
        raise FileError(_damaged(name, kind, error)) from error
    return Picture(pixels, f"{kind}/{pixels.itemsize * 8}")


def _pixels(image: Image.Image) -> Codes:
    """A Pillow image of any mode as uint8 or uint16 (H, W, 1 | 3 | 4)."""
    if image.mode.startswith("I"):  # sixteen-bit grey; Pillow's convert would clip it to 8 bits
        return np.clip(np.asarray(image), 0, 65535).astype(np.uint16)[..., None]
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB", "RGBA"):  # palette, CMYK, YCbCr, RGBX
        image = image.convert("RGB")
    pixels = np.array(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels
