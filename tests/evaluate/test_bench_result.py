"""The file of `unbake bench --json`: read as it was written, and one sentence for every other file."""

from pathlib import Path

import pytest

from unbake.errors import UsageError
from unbake.evaluate.bench_result import (
    VERSION,
    Machine,
    Result,
    SetTime,
    Spread,
    StageTime,
    Windows,
    check_target,
    commit_of,
    read_result,
    this_machine,
    write_result,
)

MACHINE = Machine("a processor", 2, ["avx2"], 8.0, "Linux", "3.11", {"numpy": "2"}, "CPUExecutionProvider")


def one_set() -> SetTime:
    stage = StageTime("blocks", Spread(1.0, 1.5, 2.0), Spread(1.0, 1.5, 2.0), 300.0)
    return SetTime(
        "tile", 64, 32, (True, False), [stage], stage, {"unet": Windows(1, 4096, 2.0)}, 10, 20, 30, None
    )


def test_a_result_is_read_as_it_was_written(tmp_path: Path):
    result = Result(VERSION, "0.1", "abc", "model", MACHINE, 1, 3, [one_set()])
    write_result(tmp_path / "new.json", result)
    assert read_result(tmp_path / "new.json") == result


@pytest.mark.parametrize(
    "text", [None, b"", b"\xff", b"{}", b"[" * 5000, b'{"version": 2}', b'{"version": 1, "sets": 3}']
)
def test_another_file_is_one_sentence(tmp_path: Path, text: bytes | None):
    path = tmp_path / "old.json"
    if text is not None:
        path.write_bytes(text)
    with pytest.raises(UsageError, match=r"^Expected timings .*old\.json.*, got .*; measure .*\.$") as error:
        read_result(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["", "nowhere/new.json"])
def test_a_place_where_nothing_can_be_written_is_told_before_anything_is_timed(tmp_path: Path, name: str):
    with pytest.raises(UsageError, match="--json"):
        check_target(tmp_path / name)


def test_this_machine_is_told_with_its_packages():
    machine = this_machine("CPUExecutionProvider")
    assert machine.cores >= 1
    assert machine.memory_gb > 0.1
    assert {"numpy", "onnxruntime"} <= set(machine.packages)


def test_a_folder_outside_of_any_checkout_has_no_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert commit_of(tmp_path) == ""
