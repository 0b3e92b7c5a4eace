import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec import structs

from unbake.batch.journal import JOURNAL, Failure, Journal, Record, exclusive, keys_of
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.report.page import SetReport


def record(out: Path, name: str = "pot", key: str = "k", preset: str = "png") -> Record:
    (out / f"{name}.png").write_bytes(b"")
    return Record(
        name=name,
        preset=preset,
        key=key,
        inference="i",
        outputs=[f"{name}.png"],
        report=SetReport(name),
        entry={"a": name},
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


def test_a_set_whose_file_another_preset_wrote_over_is_not_finished(tmp_path: Path) -> None:
    Journal(tmp_path, "gltf").append(record(tmp_path, preset="gltf"))
    Journal(tmp_path, "png").append(record(tmp_path, preset="png"))
    assert [Journal(tmp_path, one).finished("pot", "k") is None for one in ("gltf", "png")] == [True, False]


def test_files_that_a_later_run_no_longer_writes_are_removed_but_not_those_of_another_preset(
    tmp_path: Path,
) -> None:
    first, other = record(tmp_path), record(tmp_path, "pan", preset="skyrim")
    height = tmp_path / "pot_p.png"
    height.write_bytes(b"")
    Journal(tmp_path, "png").append(structs.replace(first, outputs=["pot.png", "pot_p.png", "pan.png"]))
    Journal(tmp_path, "skyrim").append(structs.replace(other, name="pot"))
    Journal(tmp_path, "png").append(structs.replace(first, outputs=["pot.png", "pot_p.png"], key="2"))
    Journal(tmp_path, "png").append(structs.replace(first, key="3"))
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["pan.png", "pot.png"]


def test_a_line_cut_short_is_dropped_and_written_over(tmp_path: Path) -> None:
    Journal(tmp_path, "png").append(record(tmp_path))
    whole = (tmp_path / JOURNAL).read_bytes()
    (tmp_path / JOURNAL).write_bytes(whole + whole[: len(whole) // 2])
    journal = Journal(tmp_path, "png")
    journal.append(record(tmp_path, "pan"))
    journal.append(record(tmp_path, "lid"))
    assert names(tmp_path / JOURNAL) == ["pot", "pan", "lid"]


def test_entries_are_those_whose_files_are_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "png")
    journal.append(record(tmp_path, "pot"))
    journal.append(record(tmp_path, "pan"))
    (tmp_path / "pot.png").unlink()
    assert journal.entries() == [{"a": "pan"}]


def names(path: Path) -> list[str]:
    return [json.loads(line)["name"] for line in path.read_text("utf-8").splitlines()]


def test_shards_read_each_other_and_write_apart(tmp_path: Path) -> None:
    first, second = (Journal(tmp_path, "png", (number, 2)) for number in (1, 2))
    first.append(record(tmp_path, "pot"))
    second.append(Failure(name="pan", preset="png", message="broken"))
    second.reload()
    assert second.record("pot") is not None
    assert second.failure("pan") == Failure(name="pan", preset="png", message="broken")
    assert sorted(path.name for path in tmp_path.glob("*.jsonl")) == [
        "unbake-journal.1-of-2.jsonl",
        "unbake-journal.2-of-2.jsonl",
    ]


def test_compacting_leaves_the_last_record_of_each_set_in_one_file_by_name(tmp_path: Path) -> None:
    for key in ("old", "new"):
        Journal(tmp_path, "png").append(record(tmp_path, "pot", key))
    Journal(tmp_path, "png", (1, 2)).append(record(tmp_path, "lid"))
    Journal(tmp_path, "skyrim", (2, 2)).append(record(tmp_path, "pan", preset="skyrim"))
    Journal(tmp_path, "png").compact()
    assert names(tmp_path / JOURNAL) == ["lid", "pot", "pan"]
    assert [path.name for path in tmp_path.glob("*.jsonl")] == [JOURNAL]
    assert Journal(tmp_path, "png").finished("pot", "new") is not None


def test_a_compact_journal_is_not_written_again(tmp_path: Path) -> None:
    Journal(tmp_path, "png").append(record(tmp_path))
    Journal(tmp_path, "png").compact()
    before = (tmp_path / JOURNAL).stat().st_mtime_ns
    Journal(tmp_path, "png").compact()
    assert (tmp_path / JOURNAL).stat().st_mtime_ns == before


def test_only_one_process_is_alone(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from unbake.batch.journal import exclusive
with exclusive(Path({str(tmp_path)!r})):
    print("in", flush=True)
"""
    with exclusive(tmp_path):
        other = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            other.communicate(timeout=1.5)
    assert other.communicate(timeout=30)[0] == "in\n"


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    script = f"""
import time
from pathlib import Path
from unbake.batch.journal import exclusive
with exclusive(Path({str(tmp_path)!r})):
    print("in", flush=True)
    time.sleep(60)
"""
    holder = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.kill()
    holder.communicate(timeout=30)
    with exclusive(tmp_path):
        pass


def keys(files: TextureSet, inference: str = "1", packing: str = "1", **contents: bytes) -> tuple[str, str]:
    return keys_of(files, contents, {"i": inference}, {"p": packing})


def test_the_first_key_depends_on_bytes_roles_and_what_the_networks_are_told() -> None:
    one = TextureSet("x", "x", Source(Path("a")))
    found = [
        keys(one, diffuse=b"one"),
        keys(one, diffuse=b"two"),
        keys(one, diffuse=b"one", normal=b"two"),
        keys(one, diffuse=b"one", specular=b"two"),
        keys(one, "2", diffuse=b"one"),
    ]
    assert len({first for first, _ in found}) == len(found)


def test_the_second_key_depends_on_names_and_packing_as_well() -> None:
    sets = [TextureSet(name, texture, Source(Path("a"))) for name, texture in ("xx", "yx", ("x", "x_d"))]
    found = [keys(one, diffuse=b"one") for one in sets] + [keys(sets[0], packing="2", diffuse=b"one")]
    assert len({first for first, _ in found}) == 1
    assert len({second for _, second in found}) == len(found)
