"""`unbake report`: what it prints of a conversion, and the contact sheet."""

from pathlib import Path

from support.command import call

from unbake.errors import FileError, UsageError
from unbake.image.files import read_picture
from unbake.report.listing import read_listing


def test_report_lists_the_sets_and_where_to_look(mod: Path):
    done = call("report", mod)
    lines = done.output.splitlines()
    converted = sorted(
        (record for record in read_listing(mod) if record.status == "converted"),
        key=lambda record: record.confidence,
    )
    assert [line.split()[1] for line in lines[1:3]] == [record.name for record in converted]
    assert any(line.startswith("2 converted, 0 failed, ") for line in lines)
    assert f"  {mod / 'report.html'}    small pictures of every set" in lines
    assert not list(mod.glob("*.png"))


def test_report_names_no_more_sets_than_asked_for(mod: Path):
    assert "... and 1 more" in call("report", mod, "--limit", 1).output


def test_the_contact_sheet_has_a_row_a_set_and_a_column_a_map(mod: Path, tmp_path: Path):
    assert call("report", mod, "--sheet", tmp_path / "sheet.png").exit_code == 0
    both = read_picture(tmp_path / "sheet.png").pixels.shape
    call("report", mod, "--sheet", tmp_path / "sheet.png", "--limit", 1)
    one = read_picture(tmp_path / "sheet.png").pixels.shape
    row = both[0] - one[0]
    assert row > 64 / 2
    assert one[0] == 24 + row
    assert both[1] == one[1] > 7 * 32


def test_a_contact_sheet_that_is_no_png_or_of_nothing_is_one_sentence(mod: Path, tmp_path: Path):
    assert isinstance(call("report", mod, "--sheet", tmp_path / "sheet.jpg").exception, UsageError)
    (tmp_path / "report.json").write_bytes((mod / "report.json").read_bytes())
    assert isinstance(call("report", tmp_path, "--sheet", tmp_path / "sheet.png").exception, FileError)
