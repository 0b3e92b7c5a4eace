"""A conversion as a gallery: its index, its pictures before and after, and when they are made anew."""

import base64
import io
import os
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from unbake.batch.events import Options, SetDone, Summary
from unbake.batch.gallery import conversion_gallery
from unbake.batch.journal import JOURNAL, Record
from unbake.batch.map_cache import FOLDER, read_cached
from unbake.batch.provenance import PROVENANCE, Provenance, encode_provenance, read_provenance
from unbake.batch.rules import save_changes, save_rules
from unbake.batch.run import convert_folder
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import MapKind
from unbake.errors import FileError, UsageError
from unbake.export.pgpatcher import displacement_scale
from unbake.image.files import write_png
from unbake.report.listing import REPORT, listing
from unbake.report.page import SetReport
from unbake.report.view import Entry, Gallery, Override, SetData, Tuning

RNG = np.random.default_rng(3)
SIDE = 24


def soft(channels: int) -> np.ndarray:
    """Noise of 8 texels a grain: JPEG keeps it."""
    return RNG.random((SIDE // 8, SIDE // 8, channels)).astype(np.float32).repeat(8, 0).repeat(8, 1)


def write_sources(root: Path) -> None:
    for name in ("pan", "pot"):
        write_png(root / f"{name}.png", soft(3))
        write_png(root / f"{name}_n.png", soft(4) * 0.2 + np.float32([0.4, 0.4, 0.8, 0.5]))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_sources(tmp_path / "in")
    return tmp_path / "in"


@pytest.fixture
def out(root: Path, tmp_path: Path) -> Path:
    convert(root, tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A conversion that no test changes; its sources are beside it."""
    folder = tmp_path_factory.mktemp("still")
    write_sources(folder / "in")
    convert(folder / "in", folder / "out")
    return folder / "out"


def convert(root: Path, out: Path, **options: object) -> Summary:
    return convert_folder(root, out, Options(**{"preset": "png", "threads": 1, **options}), predictor="rules")


def entry(gallery: Gallery, name: str) -> Entry:
    return next(one for one in gallery.page.sets if one.name == name)


def data(gallery: Gallery, name: str) -> SetData:
    return gallery.make[entry(gallery, name).key]()


def picture(data: SetData, name: str) -> np.ndarray:
    file = io.BytesIO(base64.b64decode(data.images[name].partition(",")[2]))
    pixels = np.asarray(Image.open(file))
    return pixels[..., None] if pixels.ndim == 2 else pixels


def keys(gallery: Gallery) -> dict[str, str]:
    return {one.name: one.key for one in gallery.page.sets}


def changed(out: Path, before: Gallery) -> set[str]:
    now = keys(conversion_gallery(out))
    return {name for name, key in keys(before).items() if now.get(name) != key}


def kept_of(out: Path, name: str) -> Path:
    records = (msgspec.json.decode(line, type=Record) for line in (out / JOURNAL).read_bytes().splitlines())
    return out / FOLDER / f"{next(one.inference for one in records if one.name == name)}.zip"


def test_a_set_shows_its_sources_and_the_maps_that_were_kept(still: Path):
    shown = data(conversion_gallery(still), "pot")
    assert (shown.width, shown.height, shown.missing) == (SIDE, SIDE, "")
    assert list(shown.images) == [
        "diffuse", "normal", "specular", "albedo", "roughness", "metallic", "ao", "height"
    ]  # fmt: skip
    diffuse = np.asarray(Image.open(still.parent / "in" / "pot.png")).astype(int)
    assert np.abs(picture(shown, "diffuse") - diffuse).mean() < 3
    kept = read_cached(still, kept_of(still, "pot").stem)
    assert kept
    assert np.abs(picture(shown, "roughness") - kept.codes[MapKind.ROUGHNESS].astype(int)).mean() < 3


def test_normals_are_shown_as_opengl_stores_them(still: Path):
    stored = np.asarray(Image.open(still.parent / "in" / "pot_n.png"))[..., :3].astype(np.float64) / 127.5 - 1
    stored /= np.linalg.norm(stored, axis=-1, keepdims=True)
    shown = picture(data(conversion_gallery(still), "pot"), "normal") / 127.5 - 1
    np.testing.assert_allclose(shown, stored * [1, -1, 1], atol=0.02)


def test_the_relief_is_that_of_the_games_displacement(still: Path):
    kept = read_cached(still, kept_of(still, "pot").stem)
    assert kept
    contrast = float(kept.codes[MapKind.HEIGHT].std()) / 65535
    shown = data(conversion_gallery(still), "pot")
    assert shown.relief == pytest.approx(0.1 * displacement_scale(kept.relief, contrast))


def test_larger_pictures_than_asked_for_are_reduced(still: Path):
    shown = data(conversion_gallery(still, size=8), "pot")
    assert (shown.width, shown.height) == (8, 8)
    assert {picture(shown, name).shape[:2] for name in shown.images} == {(8, 8)}


def test_the_doubtful_come_first_and_the_rest_is_told(still: Path):
    gallery = conversion_gallery(still)
    confidences = [one.confidence for one in gallery.page.sets]
    assert confidences == sorted(confidences)
    assert all((still / path).is_file() for one in gallery.page.sets for path in one.thumbs.values())
    assert (gallery.page.title, gallery.page.failed, gallery.page.served) == ("out", [], None)


def test_rules_are_shown_as_they_are_and_as_they_fall_on_each_set(root: Path, out: Path):
    text = (
        '# mine\nao.strength = 0.5\n[[rules]]\nmatch = "pan"\nroughness.bias = 0.25\nheight.invert = true\n'
    )
    (root / "unbake.toml").write_text(text)
    convert(root, out)
    gallery = conversion_gallery(out)
    assert (gallery.page.rules, gallery.page.changes) == ("unbake.toml", {"ao": {"strength": 0.5}})
    assert gallery.page.overrides == [
        Override("pan", {"roughness": {"bias": 0.25}, "height": {"invert": True}})
    ]
    pan, pot = entry(gallery, "pan").adjust, entry(gallery, "pot").adjust
    assert pan["roughness"] == Tuning(bias=0.25)
    assert pan["height"] == Tuning(invert=True)
    assert pot["roughness"] == Tuning()
    assert pan["ao"] == pot["ao"] == Tuning(strength=0.5)
    assert set(pot) == {"albedo", "roughness", "metallic", "ao", "height", "normal"}


def test_adjustments_of_the_command_line_are_shown_too(root: Path, out: Path):
    convert(root, out, adjust=("metallic.strength=0.25",))
    assert entry(conversion_gallery(out), "pot").adjust["metallic"] == Tuning(strength=0.25)


def test_rules_and_strengths_change_no_picture(root: Path, out: Path):
    before = conversion_gallery(out)
    (root / "unbake.toml").write_text("ao.strength = 0.5\n")
    convert(root, out)
    assert changed(out, before) == set()


def test_another_source_makes_its_set_anew_and_says_that_it_is_not_the_converted_one(root: Path, out: Path):
    before = conversion_gallery(out)
    write_png(root / "pot.png", soft(3))
    assert changed(out, before) == {"pot"}
    assert "sources have changed" in data(conversion_gallery(out), "pot").missing
    convert(root, out)
    assert changed(out, before) == {"pot"}
    assert data(conversion_gallery(out), "pot").missing == ""


def test_a_source_that_was_only_touched_is_still_the_converted_one(root: Path, out: Path):
    os.utime(root / "pot.png", (1, 1))
    assert data(conversion_gallery(out), "pot").missing == ""


def test_another_size_is_another_picture(still: Path):
    assert set(keys(conversion_gallery(still, 64)).values()).isdisjoint(
        keys(conversion_gallery(still)).values()
    )


def test_without_sources_there_is_no_before_and_that_is_told(root: Path, out: Path):
    (root / "pot.png").unlink()
    shown = data(conversion_gallery(out), "pot")
    assert shown.missing.startswith("the source files cannot be read: ")
    assert "pot.png" in shown.missing
    assert list(shown.images) == ["albedo", "roughness", "metallic", "ao", "height"]


def test_without_kept_maps_there_is_only_the_before_and_what_to_do_is_told(root: Path, tmp_path: Path):
    convert(root, tmp_path / "out", keep_maps=False)
    gallery = conversion_gallery(tmp_path / "out")
    shown = data(gallery, "pot")
    assert "--no-keep-maps" in shown.missing
    assert (list(shown.images), shown.relief) == (["diffuse", "normal", "specular"], 0.0)
    assert entry(gallery, "pot").thumbs


def test_kept_maps_that_went_make_a_set_stale(out: Path):
    before = conversion_gallery(out)
    kept_of(out, "pot").unlink()
    assert changed(out, before) == {"pot"}


def test_a_conversion_of_an_earlier_version_has_its_thumbnails_and_says_what_to_do(out: Path):
    (out / PROVENANCE).unlink()
    gallery = conversion_gallery(out)
    assert entry(gallery, "pot").thumbs
    assert "unbake convert" in data(gallery, "pot").missing


def test_a_first_conversion_that_was_stopped_shows_what_it_has_finished(root: Path, tmp_path: Path):
    def stop(event: object) -> None:
        if isinstance(event, SetDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_folder(root, tmp_path / "out", Options(preset="png"), stop, predictor="rules")
    assert not (tmp_path / "out" / REPORT).exists()
    gallery = conversion_gallery(tmp_path / "out")
    assert "pan" in [one.name for one in gallery.page.sets]
    assert "diffuse" in data(gallery, "pan").images and "albedo" in data(gallery, "pan").images


def test_what_is_no_conversion_is_one_sentence(tmp_path: Path):
    with pytest.raises(FileError, match=REPORT):
        conversion_gallery(tmp_path)


def test_saved_rules_are_what_the_next_conversion_reads(root: Path, out: Path):
    text = "# duller\nroughness.bias = 0.125\n"
    save_rules(out, text)
    assert (out / "unbake.toml").read_text() == text
    assert entry(conversion_gallery(out), "pot").adjust["roughness"] == Tuning(bias=0.125)
    before = (out / "pot_roughness.png").read_bytes()
    assert convert(root, out).rules == out / "unbake.toml"
    assert (out / "pot_roughness.png").read_bytes() != before


@pytest.mark.parametrize("named", ["in/unbake.toml", "my.toml"])
def test_the_first_save_begins_with_the_rules_that_were_read_and_leaves_their_file_alone(
    root: Path, tmp_path: Path, named: str
):
    (tmp_path / named).write_text("# mine\nao.strength = 0.5\n")
    chosen = None if named.startswith("in/") else tmp_path / named
    assert convert(root, tmp_path / "out", rules=chosen).rules == tmp_path / named
    save_changes(tmp_path / "out", '{"changes": {"roughness": {"bias": 0.25}}, "name": "pot"}')
    assert (tmp_path / named).read_text() == "# mine\nao.strength = 0.5\n"
    saved = (tmp_path / "out" / "unbake.toml").read_text()
    assert saved.startswith("# mine\nao.strength = 0.5\n")
    assert 'match = "pot"' in saved
    assert conversion_gallery(tmp_path / "out").page.rules == "unbake.toml"


def test_a_named_file_of_rules_comes_before_that_of_out(root: Path, out: Path, tmp_path: Path):
    save_rules(out, "ao.strength = 0.5")
    (tmp_path / "my.toml").write_text("ao.strength = 0.25")
    assert convert(root, out, rules=tmp_path / "my.toml").rules == tmp_path / "my.toml"
    assert convert(root, out).rules == out / "unbake.toml"


def test_rules_that_are_none_leave_the_file_as_it_was(root: Path, out: Path):
    save_rules(out, "ao.strength = 0.5")
    with pytest.raises(UsageError, match="ao"):
        save_rules(out, "ao.strength = 11")
    assert (out / "unbake.toml").read_text() == "ao.strength = 0.5"
    assert not (root / "unbake.toml").exists()


def test_rules_for_a_mod_that_is_one_file_are_saved_in_out_too(root: Path, tmp_path: Path):
    convert(root / "pot.png", tmp_path / "out")
    save_rules(tmp_path / "out", "ao.strength = 0.5")
    assert convert(root / "pot.png", tmp_path / "out").rules == tmp_path / "out" / "unbake.toml"


def test_rules_are_saved_for_conversions_alone(tmp_path: Path):
    with pytest.raises(UsageError, match="unbake convert"):
        save_rules(tmp_path, "ao.strength = 0.5")
    assert list(tmp_path.iterdir()) == []


def test_where_it_came_from_is_read_as_it_was_written(still: Path):
    origin = read_provenance(still)
    assert origin
    assert encode_provenance(origin) == (still / PROVENANCE).read_bytes()
    assert origin.sets[1].diffuse == Source(still.parent / "in" / "pot.png")


def test_two_thousand_sets_are_indexed_in_a_second_of_work(tmp_path: Path):
    names = [f"architecture/house{n:04d}/wall" for n in range(2000)]
    reports = [SetReport(name, thumbnails={"ao": f"report/{name}/ao.jpg"}) for name in names]
    (tmp_path / REPORT).write_bytes(listing(reports))
    source = tmp_path / "wall.dds"
    source.write_bytes(b"")
    sets = tuple(TextureSet(name, name, Source(source), Source(source)) for name in names)
    origin = Provenance("skyrim", {}, "", (), None, None, sets)
    (tmp_path / PROVENANCE).parent.mkdir()
    (tmp_path / PROVENANCE).write_bytes(encode_provenance(origin))
    lines = [
        Record(name=one.name, preset="skyrim", key="", inference="i", outputs=["wall.dds"] * 4, report=one)
        for one in reports
    ]
    (tmp_path / JOURNAL).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    took = []
    for _ in range(3):
        started = time.process_time()  # the clock tells of other programs too
        gallery = conversion_gallery(tmp_path)
        took.append(time.process_time() - started)
    assert len(gallery.make) == len(gallery.page.sets) == 2000
    assert min(took) < 1


def test_a_set_brings_its_reasons_its_metal_and_what_rules_say_it_is(root: Path, tmp_path: Path):
    (root / "unbake.toml").write_text('[[rules]]\nmatch = "pot"\nmetal = "all"\n', "utf-8")
    convert(root, tmp_path / "out")
    found = entry(conversion_gallery(tmp_path / "out"), "pot")
    assert (found.headline, found.hint) == ("All metal — you said: metal all.", {"metal": "all"})
    assert found.reasons[0].startswith("Metal: 100 % — you said: metal all")
    assert conversion_gallery(tmp_path / "out").page.mod[0].startswith("painted ")


def test_the_pictures_are_of_maps_as_decided_and_follow_a_hint_that_is_saved(out: Path):
    before = conversion_gallery(out)
    save_changes(out, '{"name": "pot", "changes": {}, "hint": {"metal": "all"}}')
    after = conversion_gallery(out)
    assert picture(data(before, "pot"), "metallic").max() < 250
    assert picture(data(after, "pot"), "metallic").min() > 250
    keys = [entry(gallery, name).key for name in ("pan", "pot") for gallery in (before, after)]
    assert (keys[0] == keys[1], keys[2] == keys[3]) == (True, False)
