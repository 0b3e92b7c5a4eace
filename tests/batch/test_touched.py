"""Files that a conversion opens, decodes, writes and forces to the disk: counted, so that none is added unseen."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.command import EXAMPLES
from support.touched import IO_COUNTERS, Touched, bytes_asked, touched

from unbake.batch.events import Options, Summary
from unbake.batch.run import convert_folder
from unbake.image.dds import decode as dds_decode
from unbake.image.dds.blocks import BlockFormat, Effort

SKYRIM = Options(threads=1, effort=Effort.FAST)
NAMES = ("architecture/keep/keepbrick01", "clutter/toolchest01")
SIDE = 256

THUMBNAILS = 9
"""Of a set: six maps, and the lit pictures before and after."""

LOOKS = 4
"""At a diffuse: is it flat, how large is it, how dark is it (each by its header or one mip), and its conversion."""

FIXED = 128 << 10
"""Bytes of a run whatever its sets: presets, words, the journal, the report."""


@pytest.fixture
def mod(tmp_path: Path) -> Path:
    """Two sets of 256², each a diffuse and a normal with mips."""
    for name in NAMES:
        add(name, tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The shorter side of each picture in a block format that is decoded."""
    sides: list[int] = []
    decode = dds_decode.decode_blocks

    def counted(data: memoryview, width: int, height: int, form: BlockFormat) -> object:
        sides.append(min(width, height))
        return decode(data, width, height, form)

    monkeypatch.setattr(dds_decode, "decode_blocks", counted)
    return sides


def add(name: str, folder: Path) -> None:
    """Copy the files of an example set."""
    source = EXAMPLES / "textures" / name
    target = folder / "textures" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    for path in source.parent.glob(f"{source.name}*"):
        shutil.copy(path, target.parent)


def convert(mod: Path, out: Path) -> tuple[Summary, Touched]:
    """What happens to files is the same by rules, and quicker."""
    with touched() as seen:
        return convert_folder(mod, out, SKYRIM, predictor="rules"), seen


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_each_texture_is_decoded_once_and_one_small_mip_of_each_diffuse(
    mod: Path, tmp_path: Path, decoded: list[int]
):
    convert(mod, tmp_path / "out")
    assert sorted(decoded) == [64, 64, SIDE, SIDE, SIDE, SIDE]


def test_a_normal_is_opened_once_and_a_diffuse_for_four_reasons(mod: Path, tmp_path: Path):
    _, seen = convert(mod, tmp_path / "out")
    opened = seen.reads_below(mod)
    assert {name: count for name, count in opened.items() if count > (1 if "_n." in name else LOOKS)} == {}
    assert len(opened) == 2 * len(NAMES)


def test_each_file_of_a_set_is_written_once_and_read_back_once(mod: Path, tmp_path: Path):
    out = tmp_path / "out"
    _, seen = convert(mod, out)
    textures = [path for path in (out / "textures").rglob("*") if path.is_file()]
    pictures = [path for path in (out / "report").rglob("*") if path.is_file()]
    cached = list((out / ".unbake/maps").iterdir())
    drafts = {
        path
        for path in seen.written
        if path.endswith(".tmp") and Path(path).parent not in (out, out / ".unbake")
    }
    entries = {path for path in drafts if "PBRNIFPatcher" in path}
    assert len(pictures) == THUMBNAILS * len(NAMES)
    assert len(drafts - entries) == len(textures) + len(pictures) + len(cached)
    read_back = seen.reads_below(out / "textures")
    assert set(read_back.values()) == {1}
    assert len(read_back) == len(textures)


def test_only_what_cannot_be_made_again_is_forced_to_the_disk(mod: Path, tmp_path: Path):
    out = tmp_path / "out"
    _, seen = convert(mod, out)
    textures = sum(path.is_file() for path in (out / "textures").rglob("*"))
    of_sets = 2 * (textures + len(NAMES))  # file and folder of each texture, and of each set's cached maps
    of_the_run = 2 * 6  # the level, the origin twice, PGPatcher's entries, the report as a page and as data
    assert seen.fsyncs <= of_sets + of_the_run


@pytest.mark.skipif(not IO_COUNTERS.is_file(), reason="only Linux counts the bytes of one process")
def test_a_conversion_reads_and_writes_no_more_bytes_than_its_files_have(mod: Path, tmp_path: Path):
    convert(mod, tmp_path / "warm")  # imports, words and presets
    before = bytes_asked()
    convert(mod, tmp_path / "out")
    read, written = (now - then for now, then in zip(bytes_asked(), before, strict=True))
    out = tmp_path / "out"
    assert read <= size_of(mod) + size_of(out / "textures") + FIXED  # textures are read back to be hashed
    assert written <= size_of(out) + FIXED // 16


def test_a_second_run_decodes_nothing_writes_nothing_and_reads_each_file_whole_once(
    mod: Path, tmp_path: Path, decoded: list[int]
):
    out = tmp_path / "out"
    convert(mod, out)
    decoded.clear()
    summary, seen = convert(mod, out)
    assert len(summary.unchanged) == len(NAMES)
    assert decoded == []
    assert seen.fsyncs == 0
    assert {
        name: count for name, count in seen.reads_below(mod).items() if count > 2
    } == {}  # the whole, and its header
    assert seen.reads_below(out / "textures") == {}  # whether they are there is asked without opening them
    assert [path for path in seen.written if Path(path).suffix in (".dds", ".zip", ".jpg")] == []


def test_a_run_that_goes_on_decodes_only_the_sets_that_are_missing(
    mod: Path, tmp_path: Path, decoded: list[int]
):
    out = tmp_path / "out"
    convert(mod, out)
    add("landscape/dirt01", mod)
    decoded.clear()
    summary, _ = convert(mod, out)
    assert summary.converted == ("landscape/dirt01",)
    assert sorted(decoded) == [64, SIDE, SIDE]
