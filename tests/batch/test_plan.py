import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from unbake.batch.events import Options
from unbake.batch.plan import check_disk, disk_of, memory_limit, memory_of, size_of
from unbake.batch.run import convert_folder
from unbake.convert.sources import Source
from unbake.errors import UsageError
from unbake.export.packs import load_preset
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import write_png


def test_the_largest_set_fits_into_4_gb() -> None:
    assert memory_of((8192, 8192)) < 4e9


def test_sizes_are_read_from_headers(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", np.zeros((20, 30, 3), np.float32))
    write_dds(tmp_path / "b.dds", [np.zeros((8, 16, 3), np.uint8)], DxgiFormat.BC1_UNORM)
    (tmp_path / "c.dds").write_bytes(b"DDS ?")
    found = [size_of(Source(tmp_path / name), None) for name in ("a.png", "b.dds", "c.dds", "gone.dds")]
    assert found == [(20, 30), (8, 16), None, None]
    assert size_of(Source(tmp_path / "a.png"), 15) == (10, 15)


def test_a_header_that_claims_more_than_its_file_can_hold_plans_nothing(tmp_path: Path) -> None:
    write_dds(tmp_path / "a.dds", [np.zeros((8, 16, 3), np.uint8)], DxgiFormat.BC1_UNORM)
    head = bytearray((tmp_path / "a.dds").read_bytes())
    head[12:20] = (16384).to_bytes(4, "little") * 2
    (tmp_path / "a.dds").write_bytes(head)
    assert size_of(Source(tmp_path / "a.dds"), None) is None


@pytest.mark.parametrize("preset", ["skyrim", "png", "remix"])
def test_no_set_takes_more_disk_than_was_planned(tmp_path: Path, preset: str) -> None:
    noise = np.random.default_rng(0).random((64, 64, 4), np.float32)  # nothing compresses worse
    write_png(tmp_path / "in" / "pot.png", noise)
    write_png(tmp_path / "in" / "pot_n.png", noise)
    convert_folder(tmp_path / "in", tmp_path / "out", Options(preset=preset), predictor="rules")
    taken = sum(path.stat().st_size for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert taken <= disk_of((64, 64), load_preset(preset), keep_maps=True)


def test_a_dry_run_tells_the_disk_it_needs(tmp_path: Path) -> None:
    write_png(tmp_path / "in" / "pot.png", np.zeros((64, 64, 3), np.float32))
    options = Options(preset="png", dry_run=True)
    summary = convert_folder(tmp_path / "in", tmp_path / "out", options)
    assert summary.disk == disk_of((64, 64), load_preset("png"), keep_maps=True)


def test_a_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(tmp_path / "in" / "pot.png", np.zeros((64, 64, 3), np.float32))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(UsageError, match=r"Expected up to .* to be free .* --no-keep-maps"):
        convert_folder(tmp_path / "in", tmp_path / "out", Options(preset="png"))
    assert not (tmp_path / "out").exists()


def test_the_disk_of_a_folder_yet_to_be_made_is_that_of_its_parent(tmp_path: Path) -> None:
    check_disk(tmp_path / "a" / "b" / "c", 1)


def test_the_memory_for_all_sets_is_at_least_what_small_machines_have() -> None:
    assert [memory_limit(free << 30) >> 30 for free in (1, 8, 64)] == [2, 2, 16]


def test_the_free_memory_is_asked_of_the_system() -> None:
    assert memory_limit() >= 2 << 30


def test_events_are_one_line_of_json_each(tmp_path: Path) -> None:
    from unbake.batch.events import SetDone, Summary, as_json

    lines = [as_json(SetDone("a\nb", 1.5, ("x",), False)), as_json(Summary(converted=("pot",)))]
    assert json.loads(lines[0]) == {
        "event": "set_done",
        "name": "a\nb",
        "seconds": 1.5,
        "notes": ["x"],
        "inferred": False,
        "spent": {"texels": 0, "reading": 0.0, "networks": 0.0, "writing": 0.0},
    }
    assert json.loads(lines[1])["converted"] == ["pot"]
    assert not any("\n" in line for line in lines)
