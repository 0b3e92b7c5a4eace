"""The viewer's data: an index in the built page and one script per set, for `unbake view` to write or serve.

Chrome taints pictures and refuses fetch() for a page opened from a file, so all data come in classic scripts.
"""

import base64
import io
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np
from PIL import Image

from unbake.domain.maps import SPECS, MapKind
from unbake.errors import FileError
from unbake.files import safe_join, write_atomic
from unbake.image.arrays import Wrap
from unbake.report.pictures import thumbnail

VIEW: Final = "view.html"
FOLDER: Final = ".unbake/view"
"""Folder of the scripts of the sets, below the folder of the page."""

BUILT: Final = Path(str(files("unbake"))) / "bundled" / "viewer" / "index.html"
"""The page without data, built by `make viewer` and committed."""

PLACE: Final = b"window.UNBAKE = null</script>"
"""The part of the built page that is replaced by the index."""

SIZE: Final = 1024
"""Default longest side of a picture, texels."""

QUALITY: Final = 90
EXACT: Final = 1 << 20
"""Most bytes of a lossless normal map; a larger one becomes a JPEG of NORMAL_QUALITY."""

NORMAL_QUALITY: Final = 95
"""The mean error is then 0.2 to 0.3 degrees (five measured normal maps of 1024²), 2 degrees for pure noise."""

VERSION: Final = "1"
"""Version of the scripts' content: raise it when the same set gives another script."""


class Tuning(msgspec.Struct, frozen=True):
    """The values of the rules for one map, in full."""

    strength: float = 1.0
    bias: float = 0.0
    invert: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A set in the index.

    key: names its script, and changes with every input of the script. thumbs: map, or "before" and "after" for the lit
    set, to the picture's URL. doubtful: a person should look. headline: what was decided and why, "" in a run.
    adjust: map to its values in the rules. hint: what the rules say of it, by name. figures: name to value. The rest:
    see `page.SetReport`.
    """

    key: str
    name: str
    data: str = ""
    thumbs: dict[str, str] = {}
    confidence: float = 1.0
    doubtful: bool = False
    headline: str = ""
    reasons: list[str] = []
    warnings: list[str] = []
    notes: list[str] = []
    adjust: dict[str, Tuning] = {}
    hint: dict[str, bool | str | float] = {}
    figures: dict[str, float] = {}

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "data", script_path(self.key))


class Override(msgspec.Struct, frozen=True):
    """A rule of the file of rules: by map, the values for the textures whose name matches, and its hints."""

    match: str
    changes: dict[str, dict[str, bool | float]] = {}
    hint: dict[str, bool | str | float] = {}


class Left(msgspec.Struct, frozen=True):
    """A set or a file without maps, and the reason."""

    name: str
    reason: str


class Served(msgspec.Struct, frozen=True):
    """The page comes from `serve`, which takes rules from whoever knows the token."""

    token: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """The index: everything the gallery shows.

    title: of the folder. made: name and version of the program. rules: name of the file that saving writes. truepbr:
    whether the files are TruePBR's.
    changes: its values for every texture, by map; hint: what it says of every texture. overrides: its rules for some
    textures, in order. mod: sentences on the whole.
    """

    kind: Literal["conversion", "run"]
    title: str
    made: str
    served: Served | None = None
    rules: str = ""
    truepbr: bool = False
    changes: dict[str, dict[str, bool | float]] = {}
    hint: dict[str, bool | str | float] = {}
    overrides: list[Override] = []
    mod: list[str] = []
    sets: list[Entry] = []
    failed: list[Left] = []
    skipped: list[Left] = []


class SetData(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures of a set.

    width, height: of the pictures, texels; 0 where there are none. wrap: whether rows (down) and columns (across)
    tile. relief: how far apart 0 and 1 of the height map are, as a share of the texture's width; 0 where that is not
    known. missing: "" or what is absent and why. images: map to a data URL, maps as converted, before any rules;
    normals in the OpenGL convention. A run's truth of a map is "truth/<map>".
    """

    width: int = 0
    height: int = 0
    wrap: Wrap = (True, True)
    relief: float = 0.0
    missing: str = ""
    images: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Gallery:
    """A page, and by key the function that makes the pictures of each set."""

    page: Page
    make: Mapping[str, Callable[[], SetData]]


def key_of(*parts: object) -> str:
    """A key that fits in a file name and differs where any part does.

    >>> len(key_of("rock", 1)), key_of("rock", 1) == key_of("rock1")
    (32, False)
    """
    return blake2b("\0".join(map(str, (VERSION, *parts))).encode(), digest_size=16).hexdigest()


def script_path(key: str) -> str:
    """Path of the script of a set below the page's folder, which is its URL too."""
    return f"{FOLDER}/{key}.js"


def html(page: Page) -> bytes:
    """The built page with an index in it; FileError where it is not built."""
    return filled(page)


def filled(index: object) -> bytes:
    """The built page with any data in the place of the index, as JSON; FileError where it is not built.

    No text of the index can end its script: each `<` is written as an escape.
    """
    try:
        built = BUILT.read_bytes()
    except OSError as error:
        raise FileError(
            f"Expected the viewer's page at {BUILT}, got none; run `make viewer` (with Node.js), or open report.html, "
            "which shows small pictures."
        ) from error
    before, place, after = built.partition(PLACE)
    if not place:
        raise FileError(
            f"Expected a place for the index in {BUILT}, got none; build it anew with `make viewer`."
        )
    data = msgspec.json.encode(index).replace(b"<", b"\\u003c")
    return before + b"window.UNBAKE = " + data + b"</script>" + after


def script(key: str, data: SetData) -> bytes:
    """The script of one set.

    >>> script("ab", SetData())[:34]
    b'window.UNBAKE_SET("ab",{"width":0,'
    """
    return b"window.UNBAKE_SET(" + msgspec.json.encode(key) + b"," + msgspec.json.encode(data) + b");\n"


def ensure_script(folder: Path, gallery: Gallery, key: str) -> Path:
    """The path of a set's script, which is written if it is missing."""
    path = safe_join(folder, script_path(key))
    if not path.is_file():
        write_atomic(path, script(key, gallery.make[key]()))
    return path


def write_view(
    folder: Path,
    gallery: Gallery,
    threads: int = 0,
    on_progress: Callable[[int, int], None] = lambda done, n: None,
) -> Path:
    """Write `folder/view.html` and the missing scripts, and remove those of other sets; the page's path.

    threads: 0 for all cores. Interrupted, the page shows the sets that are finished.
    """
    page = folder / VIEW
    write_atomic(page, html(gallery.page))
    for path in safe_join(folder, FOLDER).glob("*.js"):
        if path.stem not in gallery.make:
            path.unlink(missing_ok=True)
    wanted = [entry.key for entry in gallery.page.sets if not (folder / script_path(entry.key)).is_file()]
    on_progress(0, len(wanted))
    pool = ThreadPoolExecutor(threads or os.cpu_count() or 1)
    try:
        futures = [pool.submit(ensure_script, folder, gallery, key) for key in wanted]
        for done, future in enumerate(as_completed(futures), 1):
            future.result()
            on_progress(done, len(wanted))
    finally:
        pool.shutdown(cancel_futures=True)
    return page


def pictures(
    maps: Mapping[MapKind, np.ndarray], kinds: Iterable[MapKind], size: int
) -> dict[str, np.ndarray]:
    """Maps as viewable pictures, by name: uint8 (h, w, 1 or 3), longest side at most `size`, one decoded at a time.

    maps: float32 (H, W, C) in the range of their spec.
    """
    return {
        kind.value: thumbnail(maps[kind], kind, size)[..., : SPECS[kind].channels]
        for kind in kinds
        if kind in maps
    }


def data_url(name: str, pixels: np.ndarray) -> str:
    """A picture, uint8 (h, w, 1 or 3), in a URL: a JPEG without chroma subsampling, normals without loss if small.

    >>> data_url("ao", np.zeros((4, 4, 1), np.uint8))[:23]
    'data:image/jpeg;base64,'
    """
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    buffer = io.BytesIO()
    vector = SPECS[MapKind(name)].vector
    if vector:
        image.save(buffer, "WEBP", lossless=True, method=0, quality=0)
        if buffer.tell() <= EXACT:
            return url_of(buffer.getvalue(), "webp")
        buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=NORMAL_QUALITY if vector else QUALITY, subsampling=0)
    return url_of(buffer.getvalue(), "jpeg")


def url_of(picture: bytes, kind: str) -> str:
    """A data: URL of a picture's file."""
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"
