"""`unbake review`: the textures a person should look at."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.command import call

from unbake.errors import FileError
from unbake.report.listing import REPORT, listing, read_listing


@pytest.fixture(scope="module")
def plain(mod: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of that conversion as if the picture alone had decided: confidence is all there is to go by."""
    out = tmp_path_factory.mktemp("plain")
    (out / REPORT).write_bytes(listing([replace(one, decided=None, figures={}) for one in read_listing(mod)]))
    return out


def test_review_lists_what_lies_below_worst_first_with_reasons(plain: Path):
    told = call("review", plain, "--below", 1).output.splitlines()
    shares = [int(line.split("%")[0]) for line in told if line[:6].strip().endswith("%")]
    assert len(shares) > 0
    assert shares == sorted(shares)
    assert told[-1].endswith("to look at, of 2 converted")
    assert call("review", plain, "--below", 0, "--worst", 0).output == "0 to look at, of 2 converted\n"


def test_review_lists_the_worst_even_where_nothing_is_doubtful(plain: Path):
    assert call("review", plain, "--below", 0, "--worst", 1).output.endswith("1 to look at, of 2 converted\n")
    assert call("review", plain, "--below", 0).output.endswith("2 to look at, of 2 converted\n")


def test_review_says_why_a_set_has_its_metal(mod: Path):
    assert "The picture alone" in call("review", mod).output


def test_review_of_a_folder_without_a_report_is_one_sentence(tmp_path: Path):
    failed = call("review", tmp_path).exception
    assert isinstance(failed, FileError)
    assert "report.json" in str(failed)
