"""Two runs on one OUT: the second is told of the first; shards of one run are not in each other's way."""

from pathlib import Path

import pytest
from support.command import EXAMPLES

from unbake.batch.events import Options
from unbake.batch.reserve import reserved
from unbake.batch.run import convert_folder
from unbake.errors import FileError, UnbakeError


def test_a_second_run_on_one_out_is_told_of_the_first_and_changes_nothing(tmp_path: Path) -> None:
    with reserved(tmp_path / "mod"), pytest.raises(UnbakeError, match=r"mod to be free, but process \d+ on"):
        convert_folder(EXAMPLES, tmp_path / "mod", Options(include=("*chest*",)), predictor="rules")
    assert {path.name for path in (tmp_path / "mod").rglob("*")} <= {".unbake", "run.lock", "run.lock.json"}


@pytest.mark.parametrize(("first", "second"), [(None, (1, 2)), ((2, 2), None), ((1, 2), (1, 2))])
def test_the_whole_and_a_shard_or_one_shard_twice_do_not_run_together(
    tmp_path: Path,
    first: tuple[int, int] | None,
    second: tuple[int, int] | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unbake.batch.reserve.BRIEFLY_S", 0.1)
    with (
        reserved(tmp_path, first),
        pytest.raises(UnbakeError, match="to be free"),
        reserved(tmp_path, second),
    ):
        pass


def test_two_shards_run_together(tmp_path: Path) -> None:
    with reserved(tmp_path, (1, 2)), reserved(tmp_path, (2, 2)):
        pass


def test_a_lock_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"1")
    (tmp_path / "mod" / ".unbake").mkdir(parents=True)
    (tmp_path / "mod" / ".unbake" / "run.lock").symlink_to(tmp_path / "mine")
    with pytest.raises(FileError, match="is a link"), reserved(tmp_path / "mod"):
        pass
    assert (tmp_path / "mine").read_bytes() == b"1"
