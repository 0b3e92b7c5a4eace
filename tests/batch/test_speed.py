"""What conversions took on this machine, and what the next one will take by that."""

from pathlib import Path

import pytest

from unbake.batch.speed import (
    FILE,
    MOST,
    STAGES,
    Line,
    Spent,
    Work,
    bottleneck,
    keep_speeds,
    key_of,
    read_speeds,
    seconds_for,
    user_folder,
)

KEY = key_of(None, "skyrim", 0, fast=False)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))


def measured(*sides: int) -> list[Spent]:
    """Sets whose networks take one second and four a megatexel; reading and writing take half and twice that."""
    times = [(side * side, 1 + 4 * side * side / 1e6) for side in sides]
    return [Spent(texels, seconds / 2, seconds, seconds * 2) for texels, seconds in times]


def test_a_fixed_time_a_set_and_one_a_texel_are_told_apart():
    keep_speeds(KEY, measured(256, 512, 128))
    work = Work(10, 10_000_000, 10, 10_000_000)
    # The networks of two sets run at once, and half as much is written by each of four threads.
    assert seconds_for(work, read_speeds()[KEY], writers=4) == pytest.approx((10 * 1 + 4 * 10) / 2)


def test_the_networks_of_a_single_set_have_none_beside_them():
    keep_speeds(KEY, measured(256, 512, 128))
    assert seconds_for(Work(1, 1_000_000, 1, 1_000_000), read_speeds()[KEY], writers=4) == pytest.approx(
        1 + 4
    )


def test_sets_whose_maps_are_kept_need_no_networks():
    keep_speeds(KEY, measured(256, 512, 128))
    work = Work(10, 10_000_000, 0, 0)
    assert seconds_for(work, read_speeds()[KEY], writers=4) == pytest.approx((10 * 1 + 4 * 10) / 2)


def test_few_writers_make_writing_the_longest():
    keep_speeds(KEY, measured(256, 512, 128))
    work = Work(10, 10_000_000, 10, 10_000_000)
    assert seconds_for(work, read_speeds()[KEY], writers=1) == pytest.approx(2 * (10 * 1 + 4 * 10))


def test_sets_of_one_size_count_in_proportion():
    line = Line().with_point(1, 2).with_point(1, 4)
    assert line.total(2, 4) == 12


def test_noise_never_makes_a_time_negative():
    line = Line().with_point(1, 9).with_point(2, 1)
    assert line.total(5, 100) > 0


def test_old_measurements_fade():
    line = Line()
    for _ in range(int(MOST) * 4):
        line = line.with_point(1, 1)
    for _ in range(int(MOST) * 2):
        line = line.with_point(1, 3)
    assert line.n <= MOST + 1
    assert line.total(1, 1) > 2.5


def test_nothing_is_known_before_anything_was_measured():
    assert read_speeds() == {}
    assert seconds_for(Work(1, 1, 1, 1), {}, 1) is None
    assert bottleneck([], 1) is None


def test_what_another_model_or_preset_took_is_kept_apart(tmp_path: Path):
    other = key_of(tmp_path, "png", 2, fast=True)
    keep_speeds(KEY, measured(256))
    keep_speeds(other, measured(512))
    assert set(read_speeds()) == {KEY, other}
    assert set(read_speeds()[KEY]) == set(STAGES)


def test_a_damaged_file_is_no_file_and_is_replaced():
    user_folder().mkdir()
    (user_folder() / FILE).write_text("{")
    assert read_speeds() == {}
    keep_speeds(KEY, measured(64))
    assert KEY in read_speeds()


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "file" / "below"))
    keep_speeds(KEY, measured(64))
    assert read_speeds() == {}


def test_sets_that_were_not_measured_are_left_out():
    keep_speeds(KEY, [Spent()])
    assert read_speeds() == {}
