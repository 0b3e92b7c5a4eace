"""Damaged archives: each is named and left out, whatever it does to the process that reads it."""

import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from bethkit import BsaVersion, BsaWriter

from unbake.convert import archives
from unbake.convert.archives import entry_names, read_entry
from unbake.convert.find import find_sets
from unbake.errors import FileError, UsageError

HANGS = "import time; time.sleep(60)"
DIES = "import os; os.abort()"
FLOODS = "import sys; sys.stdout.buffer.write(b'd' + b'\\xff' * 8); sys.stdout.flush(); input()"


def packed(path: Path, *names: str) -> Path:
    with BsaWriter(BsaVersion.SSE) as writer:
        for name in names:
            writer.add(name, name.encode() * 100)
        writer.write_to(path)
    return path


def greedy(path: Path) -> Path:
    """An archive whose header counts make the library ask for more memory than there is, and abort."""
    data = bytearray(packed(path, "textures/pot.dds").read_bytes())
    struct.pack_into("<2I", data, 16, 2**31, 2**31)  # folders, files
    path.write_bytes(data)
    return path


@pytest.fixture
def own_worker(monkeypatch: pytest.MonkeyPatch):
    """A process for this test alone, so that its death costs no other."""
    worker = archives._Worker()
    monkeypatch.setattr(archives, "_WORKER", worker)
    yield worker
    worker.close()


def test_an_archive_that_aborts_its_reader_is_an_error_and_the_next_one_is_read(own_worker, tmp_path: Path):
    with pytest.raises(FileError, match=r"got '.*bad\.bsa', which cannot be opened \(.*\); unpack"):
        entry_names(greedy(tmp_path / "bad.bsa"))
    assert entry_names(packed(tmp_path / "good.bsa", "textures/pot.dds")) == ["textures/pot.dds"]


@pytest.mark.parametrize(("script", "said"), [(DIES, "signal 6|exit code"), (FLOODS, "ended the program")])
def test_the_end_of_the_reader_is_told_and_its_archive_not_tried_again(
    own_worker, tmp_path: Path, script: str, said: str, monkeypatch: pytest.MonkeyPatch
):
    path = packed(tmp_path / "bad.bsa", "textures/pot.dds")
    monkeypatch.setattr(archives, "_START", script)
    with pytest.raises(FileError, match=said):
        entry_names(path)
    monkeypatch.undo()
    monkeypatch.setattr(archives, "_WORKER", own_worker)
    with pytest.raises(FileError, match=said):
        read_entry(path, "textures/pot.dds")
    assert own_worker._process is None
    assert entry_names(packed(tmp_path / "good.bsa", "textures/pan.dds")) == ["textures/pan.dds"]


def test_an_archive_that_blocks_its_reader_is_given_up(
    own_worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(archives, "_START", HANGS)
    monkeypatch.setattr(archives, "PATIENCE_S", 0.2)
    with pytest.raises(FileError, match=r"more than 0\.2 seconds"):
        entry_names(packed(tmp_path / "slow.bsa", "textures/pot.dds"))


def test_the_reader_has_a_bound_on_its_memory(tmp_path: Path):
    if sys.platform != "linux":
        pytest.skip("memory is bounded on Linux alone")
    script = (
        "from unbake.convert import archive_worker as worker\n"
        "worker._limit_memory(1 << 28)\n"
        "try: bytearray(1 << 29)\n"
        "except MemoryError: print('bounded')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "bounded\n"


def test_an_archive_in_a_mod_that_cannot_be_read_leaves_the_rest_of_the_mod(own_worker, tmp_path: Path):
    packed(tmp_path / "Good.bsa", "textures/pot.dds")
    greedy(tmp_path / "Bad.bsa")
    (tmp_path / "Worse.bsa").write_bytes(b"")
    (tmp_path / "textures").mkdir()
    (tmp_path / "textures" / "pan.dds").write_bytes(b"x")
    sets, skipped = find_sets(tmp_path, include=["p*"])
    assert [one.name for one in sets] == ["pan", "pot"]
    assert [(skip.path, skip.failed) for skip in skipped] == [("Bad.bsa", True), ("Worse.bsa", True)]


def test_an_archive_that_is_all_there_is_and_cannot_be_read_is_wrong_use(own_worker, tmp_path: Path):
    with pytest.raises(UsageError, match=r"bad\.bsa"):
        find_sets(greedy(tmp_path / "bad.bsa"))


@pytest.mark.parametrize("seed", range(4))
def test_an_archive_with_changed_bytes_is_read_or_named(own_worker, tmp_path: Path, seed: int):
    sound = packed(tmp_path / "sound.bsa", "textures/pot.dds", "textures/a/pan.dds").read_bytes()
    random_ = random.Random(seed)
    for number in range(25):
        data = bytearray(sound)
        for _ in range(random_.randint(1, 4)):
            data[random_.randrange(min(len(data), 200))] = random_.choice((0, 1, 0x7F, 0x80, 0xFF))
        path = tmp_path / f"{number}.bsa"
        path.write_bytes(data)
        try:
            for name in entry_names(path):
                read_entry(path, name)
        except FileError as error:
            assert str(number) in str(error)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("textures/aux/h.dds", "device"),
        ("textures/con.dds", "device"),
        ("textures/trail./i.dds", "ends in a dot"),
        ("textures/sub/c:/x.dds", "colon"),
        ("textures/f:stream.dds", "colon"),
        ("textures/what?.dds", "no name on Windows"),
        ("textures/rock .dds", "ends in a dot or a space"),
        ("textures/../../x.dds", "leads out"),
        ("textures/a/POT.DDS", "case"),
    ],
)
def test_a_name_in_an_archive_that_some_system_cannot_take_is_left_out_and_told(
    own_worker, tmp_path: Path, name: str, why: str
):
    (tmp_path / "textures" / "a").mkdir(parents=True)
    names = [name, "textures/a/pan.dds", *(["textures/a/pot.dds"] if why == "case" else [])]
    if why == "case":  # an archive's writer makes one of the two
        for one in names:
            (tmp_path / one).write_bytes(b"x")
    else:
        packed(tmp_path / "Mod.bsa", *names)
    sets, [skip] = find_sets(tmp_path)
    assert "a/pan" in [one.name for one in sets]
    assert why in skip.reason
