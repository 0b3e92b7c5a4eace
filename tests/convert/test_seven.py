"""Downloads in a .7z, where the optional package is installed; without it, one sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.mod_managers import Files, written

from unbake.convert import archives
from unbake.convert import seven as module
from unbake.convert.find import find_sets
from unbake.errors import FileError, UsageError

POT, PAN = "textures/clutter/pot.dds", "textures/clutter/pan.dds"


def seven(path: Path, files: Files, password: str | None = None) -> Path:
    py7zr = pytest.importorskip("py7zr", reason="the extra 7z is not installed")
    with py7zr.SevenZipFile(path, "w", password=password) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return path


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A reader and a folder to unpack into for each test alone."""
    (tmp_path / "unpacked").mkdir()
    monkeypatch.setenv("UNBAKE_UNPACKED", str(tmp_path / "unpacked"))
    worker = archives._Worker()
    monkeypatch.setattr(archives, "_WORKER", worker)
    yield
    worker.close()


def test_without_the_package_a_7z_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Mod.7z").write_bytes(b"x")
    monkeypatch.setattr(archives, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"Expected the package py7zr .*; install it by .*, or unpack the archive"
    ):
        find_sets(tmp_path / "Mod.7z")


@pytest.mark.parametrize(
    "files",
    [
        {POT: bytes(range(256)) * 90, PAN: b"y", "readme.txt": b"z"},
        {f"My Mod/Data/{POT}": b"x", f"My Mod/Data/{PAN}": b"y", "fomod/info.xml": b""},
        {"Textures/Стены/дерево.dds": b"x", "optional/textures/a.dds": b"y"},
    ],
)
def test_a_7z_is_read_like_the_folder_in_it(tmp_path: Path, files: Files):
    packed = seven(tmp_path / "Mod.7z", files)
    (sets, skipped), (others, left) = find_sets(written(tmp_path / "Mod", files)), find_sets(packed)
    read = [[(one.name, [file.read() for file in one.files]) for one in found] for found in (sets, others)]
    assert read[0] == read[1] != []
    assert skipped == left


def test_the_start_of_a_file_is_read_alone(tmp_path: Path):
    [found], _ = find_sets(seven(tmp_path / "Mod.7z", {POT: b"pot" * 10}))
    assert found.diffuse.head(4) == b"potp"


def test_an_archive_is_unpacked_once_under_numbers_and_only_its_textures(tmp_path: Path):
    sets, _ = find_sets(seven(tmp_path / "Mod.7z", {POT: b"x", PAN: b"y", "meshes/a.nif": b"z"}))
    assert sorted(one.diffuse.read() for one in sets) == [b"x", b"y"]
    [folder] = (path for path in (tmp_path / "unpacked").iterdir() if path.is_dir())
    assert sorted(path.name for path in folder.iterdir()) == ["0", "1", "done"]
    (folder / "0").write_bytes(b"kept")
    archives._WORKER.close()
    assert b"kept" in [one.diffuse.read() for one in sets]


def test_a_name_that_leads_elsewhere_is_never_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    archive = module.SevenZip(seven(tmp_path / "Mod.7z", {POT: b"x"}))
    monkeypatch.setattr(archive, "_sizes", {POT: 1, "../pan.dds": 1, "textures/aux.dds": 1})
    assert archive.read(POT) == b"x"
    for name in ("../pan.dds", "textures/aux.dds"):
        with pytest.raises(OSError, match="no longer there"):
            archive.read(name)


def test_an_encrypted_7z_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match=r"\(it is encrypted with a password\)"):
        find_sets(seven(tmp_path / "Mod.7z", {POT: b"x"}, password="secret"))


@pytest.mark.parametrize("cut", [10, 40])
def test_a_cut_7z_is_one_sentence(tmp_path: Path, cut: int):
    path = seven(tmp_path / "Mod.7z", {POT: os.urandom(1000)})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(
        UsageError, match=r"^Expected an archive of textures, got .* cannot be opened \(.*\); unpack it"
    ):
        find_sets(path)


def test_damaged_bytes_are_one_sentence(tmp_path: Path):
    path = seven(tmp_path / "Mod.7z", {POT: os.urandom(5000)})
    data = bytearray(path.read_bytes())
    data[200:1200] = bytes(1000)
    path.write_bytes(data)
    [found], _ = find_sets(path)
    with pytest.raises(FileError, match=r"Expected a readable file .* got none \("):
        found.diffuse.read()


def test_an_archive_of_nothing_but_zeros_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BOMB_SIZE", 1 << 20)
    archive = module.SevenZip(seven(tmp_path / "Mod.7z", {POT: bytes(8 << 20)}))
    with pytest.raises(OSError, match=r"it says that it unpacks to 8388608 bytes from \d+, as no mod does"):
        archive.read(POT)
    assert not [path for path in (tmp_path / "unpacked").iterdir() if path.is_dir()]


def test_what_a_run_unpacked_is_removed_when_it_ends(tmp_path: Path):
    path = seven(tmp_path / "Mod.7z", {POT: b"x"})
    (tmp_path / "temporary").mkdir()
    script = (
        "import os\nfrom pathlib import Path\nfrom unbake.convert.find import find_sets\n"
        f"[found], _ = find_sets(Path({str(path)!r}))\n"
        "print(found.diffuse.read().decode(), len(os.listdir(os.environ['TMPDIR'])))"
    )
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path / "temporary"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    del environment["UNBAKE_UNPACKED"]
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "x 1\n"
    assert list((tmp_path / "temporary").iterdir()) == []
