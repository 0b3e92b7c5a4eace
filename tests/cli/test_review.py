"""`unbake review`: the textures a person should look at."""

from pathlib import Path

from support.command import call

from unbake.errors import FileError


def test_review_lists_what_lies_below_worst_first_with_reasons(mod: Path):
    told = call("review", mod, "--below", 1).output.splitlines()
    shares = [int(line.split("%")[0]) for line in told if line[:6].strip().endswith("%")]
    assert shares == sorted(shares)
    assert told[-1].endswith("to look at, of 2 converted")
    assert call("review", mod, "--below", 0).output == "0 to look at, of 2 converted\n"


def test_review_of_a_folder_without_a_report_is_one_sentence(tmp_path: Path):
    failed = call("review", tmp_path).exception
    assert isinstance(failed, FileError)
    assert "report.json" in str(failed)
