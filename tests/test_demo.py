"""The demo, end to end: what a modder gets from the bundled examples, read back by independent decoders."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
import texture2ddecoder
from PIL import Image

import unbake
from unbake.batch.run import Options, convert_folder
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.blocks import Effort

EXAMPLES = Path(unbake.__file__).parent / "bundled" / "examples" / "legacy"

DXGI = {"": 99, "_n": 98, "_rmaos": 71, "_p": 80, "_g": 99}
"""Suffix to the DXGI number FORMATS.md asks: BC7 sRGB, BC7, BC1, BC4 (linear), BC7 sRGB."""


@pytest.fixture(scope="module")
def mod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "mod"
    summary = convert_folder(EXAMPLES, out, Options(effort=Effort.FAST))
    assert (summary.failed, len(summary.converted)) == ((), 16)
    return out


def written(mod: Path) -> Iterator[tuple[Path, str]]:
    """Each DDS with the suffix that says what it is."""
    for path in sorted((mod / "textures" / "pbr").rglob("*.dds")):
        yield path, next(s for s in ("_n", "_rmaos", "_p", "_g", "") if path.stem.endswith(s))


def header(path: Path) -> tuple[int, int, int, int]:
    """Width, height, mips and DXGI number by the documented offsets."""
    data = path.read_bytes()
    height, width, mips = struct.unpack_from("<II8xI", data, 12)
    assert data[84:88] == b"DX10"
    return width, height, mips, struct.unpack_from("<I", data, 128)[0]


def test_every_set_has_colour_normal_and_rmaos(mod: Path):
    suffixes = [suffix for _, suffix in written(mod)]
    assert [suffixes.count(suffix) for suffix in ("", "_n", "_rmaos")] == [16, 16, 16]


def test_every_file_has_the_format_that_the_game_asks(mod: Path):
    wrong = {path.name: header(path)[3] for path, suffix in written(mod) if header(path)[3] != DXGI[suffix]}
    assert wrong == {}


def test_mips_go_down_to_one_texel(mod: Path):
    for path, _ in written(mod):
        width, height, mips, _ = header(path)
        assert mips == max(width, height).bit_length(), path.name


def test_pillow_and_texture2ddecoder_read_every_file(mod: Path):
    decode = {99: "bc7", 98: "bc7", 71: "bc1", 80: "bc4"}
    for path, _ in written(mod):
        width, height, _, dxgi = header(path)
        with Image.open(path) as image:
            assert image.size == (width, height)
            image.load()
        decoder = getattr(texture2ddecoder, f"decode_{decode[dxgi]}")
        assert len(decoder(path.read_bytes()[148:], width, height)) == width * height * 4


def test_pgpatcher_finds_every_file_its_json_implies(mod: Path):
    entries = json.loads((mod / "PBRNIFPatcher" / "mod.json").read_text())
    assert len(entries) == 16
    assert validate(mod) == []


def test_the_report_shows_every_set(mod: Path):
    page = (mod / "report.html").read_text(encoding="utf-8")
    missing = [path.stem for path, suffix in written(mod) if suffix == "" and path.stem not in page]
    assert missing == []
