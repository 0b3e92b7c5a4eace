"""A stranger's OUT, preset and archive that try to leave OUT: whatever they name, nothing outside is changed."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bethkit import BsaVersion, BsaWriter

from unbake.batch.events import Options
from unbake.batch.gallery import conversion_gallery
from unbake.batch.journal import JOURNAL
from unbake.batch.map_cache import FOLDER as MAPS
from unbake.batch.provenance import PROVENANCE
from unbake.batch.rules import save_changes, save_rules
from unbake.batch.run import convert_folder
from unbake.errors import UnbakeError, UsageError
from unbake.image.files import encode_png, write_png
from unbake.report.listing import REPORT, read_listing
from unbake.report.page import page
from unbake.report.pictures import sheet_of
from unbake.report.view import FOLDER as VIEW
from unbake.report.view import write_view

PRESET = """
name = "strange"
about = "of a stranger"
{folder}
normal = "opengl"
sides = "keep"
[[files]]
suffix = "{suffix}"
channels = ["albedo.r", "albedo.g", "albedo.b"]
format = "png"
"""


class Place:
    """A mod, its conversion, which a stranger may have changed, and a home that nobody may."""

    def __init__(self, top: Path) -> None:
        self.root, self.out, self.home, self.top = top / "in", top / "deep" / "out", top / "home", top
        self.home.mkdir()
        for name in (".bashrc", "pot_albedo.png", "a.js", "b.zip", "ao.jpg", "lock", "origin.json", "x.json"):
            (self.home / name).write_text(f"precious {name}")
        self.paint(0)
        self.convert()

    def paint(self, seed: int) -> None:
        noise = np.random.default_rng(seed).random((8, 8, 3)).astype(np.float32)
        write_png(self.root / "clutter" / "pot.png", noise)

    def convert(self, source: Path | None = None, **options: object) -> None:
        convert_folder(
            source or self.root,
            self.out,
            Options(**{"preset": "png", "threads": 1, **options}),
            predictor="rules",
        )

    def says(self, **fields: object) -> None:
        """Change the fields of the journal's only line."""
        line = msgspec.json.decode((self.out / JOURNAL).read_bytes())
        (self.out / JOURNAL).write_bytes(msgspec.json.encode(line | fields) + b"\n")

    def link(self, name: str, target: str = "") -> None:
        """Put a link to the home, or to something in it, in the place of something in OUT."""
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.rename(self.top / "aside")
        path.symlink_to(self.home / target)

    def again(self, **options: object) -> None:
        """Convert after the source has changed, so that earlier outputs are removed."""
        self.paint(1)
        self.convert(**options)

    def view(self) -> None:
        write_view(self.out, conversion_gallery(self.out), 1)


def journal_names(*outputs: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        place.says(outputs=[one.replace("HOME", str(place.home)) for one in outputs])
        place.again()

    return act


def journal_names_through_a_link(place: Place) -> None:
    place.link("kept")
    place.says(outputs=["kept/pot_albedo.png"])
    place.again()


def linked(name: str, target: str = "") -> Callable[[Place], None]:
    def act(place: Place) -> None:
        place.link(name, target)
        with suppress(UnbakeError):
            place.again()
        with suppress(UnbakeError):
            save_rules(place.out, "ao.strength = 0.5")
        place.view()

    return act


def provenance_names_rules(place: Place) -> None:
    origin = msgspec.json.decode((place.out / PROVENANCE).read_bytes())
    origin["rules"] = str(place.home / ".bashrc")
    (place.out / PROVENANCE).write_bytes(msgspec.json.encode(origin))
    save_changes(place.out, '{"changes": {"ao": {"strength": 0.5}}}')


def preset(folder: str, suffix: str = "") -> Callable[[Place], None]:
    def act(place: Place) -> None:
        text = PRESET.format(folder=f'folder = "{folder.replace("HOME", str(place.home))}"', suffix=suffix)
        (place.top / "strange.toml").write_text(text)
        place.convert(preset=str(place.top / "strange.toml"))

    return act


def archived(*names: str) -> Callable[[Place], None]:
    def act(place: Place) -> None:
        with BsaWriter(BsaVersion.SSE) as writer:
            for name in names:
                named = name.replace("HOME", str(place.home))
                writer.add(named, encode_png(np.full((8, 8, 3), 0.5, np.float32)))
            writer.write_to(place.top / "strange.bsa")
        place.convert(place.top / "strange.bsa")

    return act


def a_report_names_thumbnails(place: Place) -> None:
    elsewhere = {
        "ao": "../../home/ao.jpg",
        "albedo": f"{place.home}/ao.jpg",
        "height": "//example.org/ao.jpg",
    }
    for name in (JOURNAL, REPORT):
        text = (place.out / name).read_text()
        (place.out / name).write_text(text)
    report = msgspec.json.decode((place.out / REPORT).read_bytes())
    report["converted"][0]["thumbnails"] = elsewhere
    (place.out / REPORT).write_bytes(msgspec.json.encode(report))
    shown = page(read_listing(place.out)), str(conversion_gallery(place.out).page.sets)
    assert [text for text in shown if "ao.jpg" in text] == []
    (place.home / "ao.jpg").write_bytes(encode_png(np.zeros((8, 8, 3), np.float32)))
    try:
        assert sheet_of(place.out, {"pot": elsewhere}) is None
    finally:
        (place.home / "ao.jpg").write_text("precious ao.jpg")
    place.view()


WAYS: dict[str, Callable[[Place], None]] = {
    "the journal names a file beside OUT": journal_names("../../home/.bashrc", "../../home/pot_albedo.png"),
    "the journal names an absolute path": journal_names("HOME/.bashrc"),
    "the journal names a file behind a link": journal_names_through_a_link,
    "the journal is a link": linked(JOURNAL, ".bashrc"),
    "the journal of a shard is a link": linked("unbake-journal.1-of-2.jsonl", ".bashrc"),
    "the lock is a link": linked(".unbake/lock", "lock"),
    "the folder of later runs is a link": linked(".unbake"),
    "the map cache is a link": linked(MAPS),
    "the viewer's folder is a link": linked(VIEW),
    "the folder of thumbnails is a link": linked("report"),
    "the folder of a set is a link": linked("clutter"),
    "a file of a set is a link": linked("clutter/pot_albedo.png", "pot_albedo.png"),
    "the viewer's page is a link": linked("view.html", ".bashrc"),
    "the report is a link": linked("report.html", ".bashrc"),
    "the rules are a link": linked("unbake.toml", ".bashrc"),
    "the provenance names a file of rules": provenance_names_rules,
    "the report names pictures elsewhere": a_report_names_thumbnails,
    "a preset's folder leads out": preset("../../home"),
    "a preset's folder is absolute": preset("HOME"),
    "a preset's suffix leads out": preset("", "/../../../home/x"),
    "an archive's names lead out": archived("textures/../../../home/pot.png", "../../home/pan.png"),
    "an archive's names are absolute": archived("HOME/pot.png", "textures//tmp/pan.png", "c:/pit.png"),
}


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_outside_of_out_is_changed_where(way: str, tmp_path: Path) -> None:
    place = Place(tmp_path)
    before = {path.name: path.read_bytes() for path in place.home.iterdir()}
    beside = sorted(path.name for path in (tmp_path / "deep").iterdir())
    with suppress(UnbakeError):
        WAYS[way](place)
    assert {path.name: path.read_bytes() for path in place.home.iterdir()} == before
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == beside


@pytest.mark.parametrize("name", [".unbake", ".unbake/maps", "report", JOURNAL])
@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_that_leads_out_is_one_sentence_before_anything_is_converted(
    name: str, tmp_path: Path
) -> None:
    place = Place(tmp_path)
    place.link(name, "" if name != JOURNAL else ".bashrc")
    with pytest.raises(UnbakeError, match=r"^Expected a path inside .*a link in it leads out of the folder"):
        place.convert()


@pytest.mark.parametrize("name", ["textures", "textures/pbr", "PBRNIFPatcher", "PBRTextureSets"])
@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_in_the_place_of_a_folder_of_the_game_writes_nothing_where_it_leads(
    name: str, tmp_path: Path
) -> None:
    place = Place(tmp_path)
    place.link(name)
    before = sorted(place.home.iterdir())
    with pytest.raises(UsageError, match=rf"^Expected a path inside .*{name}.*a link in it leads out"):
        place.convert(preset="skyrim")
    assert sorted(place.home.iterdir()) == before


def test_a_damaged_archive_in_a_mod_is_a_failure_and_the_rest_is_converted(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.root / "Bad.bsa").write_bytes(b"BSA\0" + bytes(100))
    events: list[object] = []
    for dry_run in (True, False):
        summary = convert_folder(
            place.root, place.out, Options(preset="png", dry_run=dry_run), events.append, predictor="rules"
        )
        assert (summary.unchanged, summary.skipped, summary.exit_code) == (("clutter/pot",), (), 1)
        assert [failure.name for failure in summary.failed] == ["Bad.bsa"]
    assert [(one.name, one.status) for one in read_listing(place.out)] == [
        ("clutter/pot", "converted"),
        ("Bad.bsa", "failed"),
    ]
    assert events.count(summary.failed[0]) == 2


@pytest.mark.parametrize("theirs", ["textures/pbr/clutter/pot_rmaos.dds", "PBRNIFPatcher/mine.json"])
def test_a_first_run_overwrites_no_file_that_somebody_else_put_into_out(theirs: str, tmp_path: Path) -> None:
    place = Place(tmp_path)
    path = tmp_path / "mine" / theirs
    path.parent.mkdir(parents=True)
    path.write_text("precious")
    for dry_run in (True, False):
        with pytest.raises(UsageError, match=f"^Expected a new folder or an earlier conversion.*{theirs}"):
            convert_folder(place.root, tmp_path / "mine", Options(dry_run=dry_run), predictor="rules")
    assert [one.read_text() for one in (tmp_path / "mine").rglob("*") if one.is_file()] == ["precious"]


def test_a_first_run_adds_to_a_folder_of_other_files(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    convert_folder(place.root, tmp_path / "mine", Options(preset="png"), predictor="rules")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"
    assert (tmp_path / "mine" / "clutter" / "pot_albedo.png").is_file()
