from pathlib import Path

from unbake.convert.journal import JOURNAL, Journal, Record, key_of
from unbake.convert.roots import Source
from unbake.convert.sets import TextureSet
from unbake.report.page import SetReport


def record(out: Path, name: str = "pot", key: str = "k", preset: str = "png") -> Record:
    (out / f"{name}.png").write_bytes(b"")
    return Record(
        name=name, preset=preset, key=key, outputs=[f"{name}.png"], report=SetReport(name), entry={"a": name}
    )


def test_what_was_appended_is_finished_in_a_later_run(tmp_path: Path) -> None:
    one = record(tmp_path)
    Journal(tmp_path, "png").append(one)
    assert Journal(tmp_path, "png").finished("pot", "k") == one


def test_another_key_is_not_finished(tmp_path: Path) -> None:
    Journal(tmp_path, "png").append(record(tmp_path))
    assert Journal(tmp_path, "png").finished("pot", "other") is None


def test_another_preset_is_not_finished(tmp_path: Path) -> None:
    Journal(tmp_path, "png").append(record(tmp_path))
    assert Journal(tmp_path, "skyrim").finished("pot", "k") is None


def test_the_last_record_of_a_set_counts(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "png")
    journal.append(record(tmp_path, key="old"))
    journal.append(record(tmp_path, key="new"))
    assert Journal(tmp_path, "png").finished("pot", "old") is None


def test_a_line_cut_short_is_dropped_and_written_over(tmp_path: Path) -> None:
    Journal(tmp_path, "png").append(record(tmp_path))
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + whole[: len(whole) // 2])
    journal = Journal(tmp_path, "png")
    journal.append(record(tmp_path, "pan"))
    journal.append(record(tmp_path, "lid"))
    assert [line[:14].rstrip(",") for line in (tmp_path / JOURNAL).read_text().splitlines()] == [
        f'{{"name":"{name}"' for name in ("pot", "pan", "lid")
    ]


def test_entries_are_those_whose_files_are_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "png")
    journal.append(record(tmp_path, "pot"))
    journal.append(record(tmp_path, "pan"))
    (tmp_path / "pot.png").unlink()
    assert journal.entries() == [{"a": "pan"}]


def test_a_key_depends_on_bytes_roles_names_and_options(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "copy").write_bytes(b"one")
    sets = [
        TextureSet("x", "x", Source(tmp_path / "a")),
        TextureSet("x", "x", Source(tmp_path / "b")),
        TextureSet("y", "x", Source(tmp_path / "a")),
        TextureSet("x", "x_d", Source(tmp_path / "a")),
        TextureSet("x", "x", Source(tmp_path / "a"), normal=Source(tmp_path / "b")),
        TextureSet("x", "x", Source(tmp_path / "a"), specular=Source(tmp_path / "b")),
    ]
    keys = [key_of(one, {"o": "1"}) for one in sets]
    assert len({*keys, key_of(sets[0], {"o": "2"})}) == len(sets) + 1
    assert key_of(TextureSet("x", "x", Source(tmp_path / "copy")), {"o": "1"}) == keys[0]
