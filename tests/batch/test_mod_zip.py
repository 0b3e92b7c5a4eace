"""The zip of a conversion: what a game reads, and nothing else."""

import zipfile
from pathlib import Path

import pytest

from unbake.batch.mod_zip import zip_mod
from unbake.errors import UsageError

GAME = [
    "PBRNIFPatcher/mod.json",
    "PBRTextureSets/a.json",
    "textures/pbr/report/pot.dds",
    "textures/pbr/wall.dds",
]
OURS = [
    *(".unbake/origin.json", ".unbake/maps/a.zip", "report/pot/albedo.jpg", "report.html", "report.json"),
    *("unbake-journal.jsonl", "unbake-journal.1-of-2.jsonl", "unbake.toml", "view.html"),
    "textures/.0123456789abcdef.tmp",
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for name in GAME + OURS:
        path = tmp_path / "mod.v1" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "mod.v1"


def test_it_holds_what_the_game_reads_and_no_more(out: Path):
    made = zip_mod(out)
    with zipfile.ZipFile(made) as archive:
        assert sorted(archive.namelist()) == sorted(GAME)
        assert archive.read(GAME[0]).decode() == GAME[0]
        assert archive.testzip() is None
    assert made == out.with_name("mod.v1.zip")


def test_a_link_in_the_folder_is_not_followed(out: Path, tmp_path: Path):
    (tmp_path / "secret").write_text("secret")
    (out / "textures" / "link.dds").symlink_to(tmp_path / "secret")
    with zipfile.ZipFile(zip_mod(out)) as archive:
        assert "textures/link.dds" not in archive.namelist()


def test_it_is_made_whole_or_not_at_all_and_a_second_time_replaced(out: Path):
    made = zip_mod(out)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    (out / "textures" / "new.dds").write_text("new")
    with pytest.raises(KeyboardInterrupt):
        zip_mod(out, progress=stop)
    with zipfile.ZipFile(made) as archive:
        assert "textures/new.dds" not in archive.namelist()
    zip_mod(out)
    with zipfile.ZipFile(made) as archive:
        assert "textures/new.dds" in archive.namelist()
    assert sorted(path.name for path in out.parent.iterdir() if path.name != "secret") == [
        "mod.v1",
        "mod.v1.zip",
    ]


def test_its_progress_is_told_in_files(out: Path):
    told: list[tuple[int, int]] = []
    zip_mod(out, progress=lambda done, n: told.append((done, n)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_a_folder_that_is_no_conversion_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="Expected a conversion"):
        zip_mod(tmp_path)


def test_a_zip_never_lies_in_what_it_holds(out: Path):
    with pytest.raises(UsageError, match="outside"):
        zip_mod(out, out / "textures" / "mod.zip")
