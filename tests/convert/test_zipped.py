"""Downloads: a .zip is read like the folder in it, and what it cannot be read for is one sentence each."""

import struct
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from support.mod_managers import Files, written

from unbake.convert.archives import entry_names, read_entry
from unbake.convert.find import find_sets
from unbake.convert.zipped import MOST_BYTES, Zip
from unbake.errors import FileError, UsageError
from unbake.image.files import MAX_FILE

POT, PAN = "textures/clutter/pot.dds", "textures/clutter/pan.dds"


def zipped(path: Path, files: Files, method: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = name  # as it is, whatever the system separates folders by
            archive.writestr(entry, data, method)
    return path


def lying(path: Path, size: int) -> Path:
    """A zip of one file of 1000 bytes that says it unpacks to `size`."""
    data = bytearray(zipped(path, {POT: bytes(1000)}).read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, size)
    struct.pack_into("<I", data, data.index(b"PK\x03\x04") + 22, size)
    path.write_bytes(data)
    return path


def diffuses(*roots: Path) -> dict[str, bytes]:
    return {one.name: one.diffuse.read() for one in find_sets(list(roots))[0]}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_file_in_a_zip_is_read_as_it_was_put_in(tmp_path: Path, method: int):
    data = bytes(range(256)) * 50
    mod = zipped(tmp_path / "Mod.ZIP", {POT: data}, method)
    [found], skipped = find_sets(mod)
    assert (found.name, found.diffuse.read(), found.diffuse.head(9), skipped) == (
        "clutter/pot",
        data,
        data[:9],
        [],
    )


@pytest.mark.parametrize(
    "files",
    [
        {POT: b"x", PAN: b"y", "readme.txt": b""},
        {
            f"My Mod/Data/{POT}": b"x",
            f"My Mod/Data/{PAN}": b"y",
            "fomod/info.xml": b"",
            "fomod/shot.png": b"",
        },
        {"clutter/pot.dds": b"x", "clutter/pot_n.dds": b"y"},
        {"Textures/Clutter/POT.dds": b"x", "optional/textures/a.dds": b"y"},
        {POT: b"x", "textures/clutter/._pot.dds": b"m", f"__MACOSX/{PAN}": b"m"},
        {POT: b"x", "textures/armor/textures/a.dds": b"y"},
        {"textures/стены/дерево.dds": b"x", "textures/möbel.dds": b"y"},
    ],
)
def test_a_zip_is_read_like_the_folder_in_it(tmp_path: Path, files: Files):
    folder, packed = written(tmp_path / "Mod", files), zipped(tmp_path / "Mod.zip", files)
    (sets, skipped), (others, left) = find_sets(folder), find_sets(packed)
    assert [(one.name, [file.read() for file in one.files]) for one in sets] == [
        (one.name, [file.read() for file in one.files]) for one in others
    ]
    assert skipped == left
    assert sets


def test_a_zip_takes_its_place_among_mods(tmp_path: Path):
    base = zipped(tmp_path / "Base.zip", {POT: b"base", PAN: b"base"})
    assert diffuses(base, written(tmp_path / "Patch", {POT: b"patch"})) == {
        "clutter/pot": b"patch",
        "clutter/pan": b"base",
    }


def test_names_without_the_mark_of_utf8_and_with_backslashes_are_read(tmp_path: Path):
    path = zipped(tmp_path / "Mod.zip", {"textures/aé.dds": b"x"})
    data = path.read_bytes().replace("textures/aé".encode(), "textures\\aé".encode())
    at = data.index(b"PK\x01\x02")
    unmarked = bytearray(data)
    struct.pack_into("<H", unmarked, 6, 0)
    struct.pack_into("<H", unmarked, at + 8, 0)
    path.write_bytes(unmarked)
    assert diffuses(path) == {"aé": b"x"}


def test_options_of_an_installer_are_refused_with_what_to_do(tmp_path: Path):
    mod = zipped(tmp_path / "Mod.zip", {f"00 Core/{POT}": b"x", f"10 Option/{PAN}": b"y"})
    with pytest.raises(
        UsageError, match=r"got 2 folders .*'00 Core', '10 Option'.*; unpack it and name those you use"
    ):
        find_sets(mod)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../textures/pot.dds", "it leads out of the folder"),
        ("textures/../../pot.dds", "it leads out of the folder"),
        ("/textures/pot.dds", "it is absolute"),
        ("C:\\textures\\pot.dds", "it has a colon"),
        ("textures/aux.dds", "device"),
    ],
)
def test_a_name_that_leads_elsewhere_is_left_out_and_told(tmp_path: Path, name: str, why: str):
    sets, skipped = find_sets(zipped(tmp_path / "Mod.zip", {name: b"x", PAN: b"y"}))
    assert [one.name for one in sets] == ["clutter/pan"]
    assert [why in one.reason for one in skipped] == [True]


def test_of_two_names_that_differ_in_case_one_is_used_and_the_other_told(tmp_path: Path):
    sets, skipped = find_sets(zipped(tmp_path / "Mod.zip", {POT: b"x", "Textures/Clutter/Pot.dds": b"y"}))
    assert len(sets) == 1
    assert [one.reason for one in skipped] == [f"differs from {sets[0].diffuse.name} only in case"]


def test_two_files_of_one_name_are_refused(tmp_path: Path):
    path = zipped(tmp_path / "Mod.zip", {POT: b"x", "textures/clutter/pit.dds": b"y"})
    path.write_bytes(path.read_bytes().replace(b"pit.dds", b"pot.dds"))
    with pytest.raises(
        UsageError, match=r"\(it holds two files called 'textures/clutter/pot.dds'\); unpack it"
    ):
        find_sets(path)


def test_an_encrypted_zip_is_refused(tmp_path: Path):
    path = zipped(tmp_path / "Mod.zip", {POT: b"x"})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(UsageError, match=r"\(it is encrypted with a password\)"):
        find_sets(path)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_to_compress_are_refused_by_the_file(tmp_path: Path, method: int):
    with pytest.raises(
        UsageError, match=rf"'{POT}' in it is compressed by method {method}, which is not read here"
    ):
        find_sets(zipped(tmp_path / "Mod.zip", {POT: b"x" * 100}, method))


def test_a_file_that_claims_to_unpack_to_gigabytes_fails_alone(tmp_path: Path):
    mod = lying(tmp_path / "Mod.zip", 600 << 20)
    [found], _ = find_sets(mod)
    with pytest.raises(
        FileError, match=r"it says that it unpacks to 629145600 bytes from \d+, as no picture does"
    ):
        found.diffuse.read()


def test_a_file_that_unpacks_to_more_than_it_says_is_cut_at_what_it_says(tmp_path: Path):
    with pytest.raises(FileError, match=r"Expected a readable file .* got none \(it is damaged"):
        read_entry(lying(tmp_path / "Mod.zip", 10), POT)


def test_no_file_is_larger_than_any_picture():
    assert MOST_BYTES == MAX_FILE


def test_files_that_lie_over_each_other_are_refused(tmp_path: Path):
    noise = bytes(zlib.crc32(bytes([n, n >> 8])) & 255 for n in range(1, 3000) for n in [n & 255])
    path = zipped(tmp_path / "Mod.zip", {POT: noise}, zipfile.ZIP_STORED)
    data = path.read_bytes()
    at, end = data.index(b"PK\x01\x02"), data.rindex(b"PK\x05\x06")
    entry = data[at:end]
    twin = entry.replace(b"pot.dds", b"pan.dds")
    tail = bytearray(data[end:])
    struct.pack_into("<HHI", tail, 8, 2, 2, 2 * len(entry))
    path.write_bytes(data[:at] + entry + twin + tail)
    with pytest.raises(UsageError, match="its files lie over each other"):
        find_sets(path)


@pytest.mark.parametrize("cut", [0, 1, 30, 100])
def test_what_is_no_whole_zip_is_one_sentence(tmp_path: Path, cut: int):
    path = zipped(tmp_path / "Mod.zip", {POT: b"x" * 1000})
    path.write_bytes(path.read_bytes()[: -cut or None] if cut else b"no zip")
    with pytest.raises(
        UsageError, match=r"^Expected an archive of textures, got .* cannot be opened \(.*\); unpack it"
    ):
        find_sets(path)


def test_damaged_bytes_fail_their_own_file(tmp_path: Path):
    path = zipped(tmp_path / "Mod.zip", {POT: b"pot" * 100, PAN: b"pan" * 100}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"potpotpot", b"potpatpot", 1))
    assert read_entry(path, PAN) == b"pan" * 100
    with pytest.raises(FileError, match="Expected a readable file"):
        read_entry(path, POT)


def test_an_archive_of_the_game_in_a_zip_fails_by_name(tmp_path: Path):
    sets, skipped = find_sets(zipped(tmp_path / "Mod.zip", {POT: b"x", "Mod.bsa": b"BSA"}))
    assert [one.name for one in sets] == ["clutter/pot"]
    assert [(one.path, one.failed) for one in skipped] == [("Mod.bsa", True)]
    assert "unpack it and convert the folder" in skipped[0].reason


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Mod.rar", "a RAR archive, which is not read here; unpack it with 7-Zip and give the folder"),
        ("Mod.BA2", "an archive of Fallout 4 or Starfield, not of Skyrim"),
    ],
)
def test_archives_that_are_not_read_are_refused_by_their_kind(tmp_path: Path, name: str, said: str):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(UsageError, match=f"got '.*{name}', {said}"):
        find_sets(tmp_path / name)


def test_a_zip_needs_no_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "bethkit", None)
    assert entry_names(zipped(tmp_path / "Mod.zip", {POT: b"x"})) == [POT]


def test_the_archive_beside_the_textures_of_a_mod_is_not_the_mod(tmp_path: Path):
    zipped(written(tmp_path / "Mod", {POT: b"x"}) / "Backup.zip", {PAN: b"y"})
    assert diffuses(tmp_path / "Mod") == {"clutter/pot": b"x"}


def test_a_file_of_a_closed_list_is_no_longer_there(tmp_path: Path):
    with pytest.raises(OSError, match="no longer there"):
        Zip(zipped(tmp_path / "Mod.zip", {POT: b"x"})).read("other.dds")
