"""`unbake bench`: one small set, its file, the comparison with it, and wrong use."""

from pathlib import Path

import pytest
from support.command import call

from unbake.errors import UsageError
from unbake.evaluate.bench_result import read_result

SMALL = ("--px", 16, "--repeat", 1, "--no-training")


def test_timings_are_kept_and_the_next_ones_are_held_against_them(tmp_path: Path):
    old = tmp_path / "old.json"
    first = call("bench", *SMALL, "--json", old)
    assert first.exit_code == 0, first.output
    assert "UNet-Maps" in first.output
    assert "the others wait for: networks" in first.output
    assert [one.name for one in read_result(old).sets] == ["bench/tile16"]
    again = call("bench", *SMALL, "--compare", old)
    assert again.exit_code == 0, again.output
    assert "verdict" in again.output
    [whole] = [
        line for line in again.output.splitlines() if line.startswith("bench/tile16") and "whole set" in line
    ]
    assert whole.split()[-1] in ("same", "faster", "slower")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--compare", "nowhere.json"), "nowhere.json"),
        (("--json", "nowhere/new.json"), "--json"),
        (("--px", "100"), "power of two"),
        (("--only", "tile3"), "tile512"),
        (("Mod", "--px", "64"), "choose one"),
    ],
)
def test_wrong_use_is_told_before_anything_is_timed(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    failed = call("bench", *arguments)
    assert isinstance(failed.exception, UsageError)
    assert told in str(failed.exception)
    assert failed.output == ""


def test_a_mod_of_ones_own_is_timed(tmp_path: Path):
    from unbake.evaluate.bench_sets import tiling, write_sets

    write_sets(tmp_path, tiling(16))
    done = call("bench", tmp_path, "--repeat", 1, "--no-training")
    assert done.exit_code == 0, done.output
    assert "bench/tile16  16×16" in done.output
