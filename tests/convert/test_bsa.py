"""Our own reader of archives, for names that bethkit refuses: the same bytes as bethkit's, and damage is an error."""

import os
import random
from pathlib import Path

import pytest
from bethkit import BsaVersion, BsaWriter

from unbake.convert.archives import entry_names, read_entry
from unbake.convert.bsa import Bsa

FILES = {
    "textures/clutter/plain/pot.dds": os.urandom(3000) + bytes(70_000) + b"abcabcabc" * 3000,
    "textures/clutter/plain/pot_n.dds": b"",
    "textures/clutter/pan.dds": bytes(random.Random(1).choices(range(4), k=200_000)),
    "meshes/pan.nif": b"x",
}
VERSIONS = [version for version in BsaVersion if version is not BsaVersion.TES3]


def packed(path: Path, version: BsaVersion, compress: bool) -> Path:
    with BsaWriter(version) as writer:
        writer.set_compress(compress)
        for name, data in FILES.items():
            writer.add(name, data)
        writer.write_to(path)
    return path


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
def test_it_reads_what_bethkit_writes(tmp_path: Path, version: BsaVersion, compress: bool) -> None:
    found = Bsa(packed(tmp_path / "a.bsa", version, compress))
    assert found.names == sorted(FILES)
    assert {name: found.read(name) for name in found.names} == FILES


@pytest.mark.parametrize("compress", [False, True])
def test_names_of_the_western_windows_are_read_as_their_writer_saw_them(
    tmp_path: Path, compress: bool
) -> None:
    path = packed(tmp_path / "a.bsa", VERSIONS[-1], compress)
    path.write_bytes(path.read_bytes().replace(b"plain", "pläîn".encode("cp1252")))
    names = {name.replace("plain", "pläîn"): data for name, data in FILES.items()}
    assert entry_names(path) == sorted(names)
    assert {name: read_entry(path, name) for name in names} == names


@pytest.mark.parametrize("seed", range(3))
def test_damage_is_an_error_and_no_more_bytes_than_were_promised(tmp_path: Path, seed: int) -> None:
    sound = packed(tmp_path / "a.bsa", VERSIONS[-1], True).read_bytes()
    chance = random.Random(seed)
    for _ in range(60):
        data = bytearray(sound[: chance.choice((len(sound), chance.randrange(1, len(sound))))])
        for _ in range(3):
            data[chance.randrange(min(len(data), chance.choice((300, len(data)))))] = chance.randrange(256)
        (tmp_path / "b.bsa").write_bytes(data)
        try:
            found = Bsa(tmp_path / "b.bsa")
        except OSError:
            continue
        for name in found.names:
            try:
                found.read(name)
            except OSError:
                continue


def test_what_is_empty_or_no_archive_is_an_error(tmp_path: Path) -> None:
    for data in (b"BSA\0", bytes(100)):
        (tmp_path / "a.bsa").write_bytes(data)
        with pytest.raises(OSError, match=r"^its? "):
            Bsa(tmp_path / "a.bsa")
