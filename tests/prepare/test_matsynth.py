import json
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet as pq
import pytest
from support.matsynth_files import picture, row, write_parquet

from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.image.files import read_picture
from unbake.prepare.matsynth import Wanted, import_rows
from unbake.prepare.matsynth_rows import open_source


def brought(source: Path | str, into: Path, workers: int = 1, **wanted) -> dict:
    return import_rows(open_source(str(source), into), into, Wanted(**wanted), workers)


def told(into: Path, material: str) -> dict:
    return json.loads((into / material / "metadata.json").read_text())


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files of MatSynth: two splits, metal with a black diffuse, a blend, a damaged row, one of CC-BY."""
    folder = tmp_path_factory.mktemp("parquet")
    write_parquet(
        folder / "train-00000-of-00001.parquet",
        [
            row("acg_planks_001", license="CC-BY"),
            row("broken", basecolor={"bytes": b"\x89PNG\r\n\x1a\nnothing", "path": "x.png"}),
            row("snow_over_planks", "ground", blend_mask=picture(np.zeros((64, 64, 1), np.uint8))),
            row(
                "acg_plates_002",
                "metal",
                "plates",
                metallic=picture(np.full((64, 64, 1), 255, np.uint8)),
                diffuse=picture(np.zeros((64, 64, 3), np.uint8)),
            ),
        ],
    )
    write_parquet(folder / "test-00000-of-00001.parquet", [row("Stone wall: 1", "marble", "bricks")])
    return folder


@pytest.fixture(scope="module")
def imported(parquet: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    into = tmp_path_factory.mktemp("MatSynth")
    return into, brought(parquet, into)


def test_rows_of_parquet_files_become_materials_that_are_listed(imported):
    into, report = imported
    assert [m.id for m in list_materials(into)] == [
        "marble/Stone_wall_1",
        "metal/acg_plates_002",
        "wood/acg_planks_001",
    ]
    assert (report["materials"], report["written"]) == (3, 3)


def test_a_damaged_row_is_named_and_the_rest_goes_on(imported):
    _, report = imported
    assert ["broken" in one["row"] and "basecolor" in one["reason"] for one in report["failed"]] == [True]


def test_heights_keep_their_sixteen_bits(imported, parquet):
    into, _ = imported
    table = pq.read_table(parquet / "train-00000-of-00001.parquet", columns=["name", "height"]).to_pylist()
    (into.parent / "height.png").write_bytes(table[0]["height"]["bytes"])
    expected = read_picture(into.parent / "height.png").pixels
    actual = read_picture(into / "wood/acg_planks_001/height.png").pixels
    assert actual.dtype == np.uint16
    assert len(np.unique(actual)) > 256
    np.testing.assert_array_equal(expected, actual)


def test_ao_is_derived_and_says_so(imported):
    into, report = imported
    ao = read_picture(into / "wood/acg_planks_001/ao.png").unit()
    assert ao.std() > 0.01
    assert told(into, "wood/acg_planks_001")["ao"] == "derived"
    assert report["ao"] == {"derived": 3}


def test_a_diffuse_that_is_the_base_colour_off_metal_is_marked_and_a_black_one_too(imported):
    into, _ = imported
    assert told(into, "wood/acg_planks_001")["diffuse"] == "basecolor"
    assert told(into, "metal/acg_plates_002")["diffuse"] == "black"


def test_what_a_licence_asks_for_and_what_a_reader_must_know_is_in_the_metadata(imported):
    about = told(imported[0], "wood/acg_planks_001")
    known = {key: about[key] for key in ("license", "source", "normal_convention", "metallic", "tileable")}
    assert known == {
        "license": "CC-BY", "source": "AmbientCG", "normal_convention": "opengl", "metallic": "given",
        "tileable": True,
    }  # fmt: skip
    assert (about["published"]["authors"], about["published"]["split"]) == (["Somebody"], "train")


def test_the_renderers_specular_map_is_not_taken_for_a_games_mask(imported):
    assert not list(imported[0].glob("*/*/specular*"))


def test_blends_are_left_out_unless_asked_for(imported, parquet, tmp_path):
    assert imported[1]["blends_left_out"] == ["snow_over_planks"]
    brought(parquet, tmp_path, limit=4)
    report = brought(parquet, tmp_path, limit=4, blends=True)
    assert (report["written"], report["blends_left_out"]) == (1, [])
    assert told(tmp_path, "ground/snow_over_planks")["blend"] is True


def test_a_second_run_fetches_nothing_and_makes_again_what_was_taken_away(imported, parquet, tmp_path):
    brought(parquet, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    lost = tmp_path / "wood" / "acg_planks_001"
    (lost / "metadata.json").unlink()
    report = brought(parquet, tmp_path)
    kept = {path: path.stat().st_mtime_ns for path in before if path.parent != lost}
    assert kept == {path: time for path, time in before.items() if path.parent != lost}
    assert (report["written"], report["there_already"]) == (1, 3)


def test_a_run_that_was_stopped_goes_on_to_the_same_files(parquet, imported, tmp_path):
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_rows(open_source(str(parquet), tmp_path), tmp_path, Wanted(), 1, stop)
    assert len(list(tmp_path.rglob("metadata.json"))) == 1
    brought(parquet, tmp_path)
    files = {
        path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*") if path.is_file()
    }
    into = imported[0]
    assert files == {
        path.relative_to(into): path.read_bytes() for path in into.rglob("*.*") if path.is_file()
    }


def test_only_the_licences_asked_for_are_taken(parquet, tmp_path):
    report = brought(parquet, tmp_path, licences=("cc-by",))
    assert report["licences"] == {"CC-BY": 1}
    assert report["other_licences"] == {"CC0": 4}


def test_maps_are_reduced_to_the_side_asked_for_with_unit_normals(parquet, tmp_path):
    brought(parquet, tmp_path, px=32, limit=1)
    (place,) = (path.parent for path in tmp_path.rglob("basecolor.png"))
    assert {read_picture(path).pixels.shape[:2] for path in place.glob("*.png")} == {(32, 32)}
    length = np.linalg.norm(read_picture(place / "normal.png").unit() * 2 - 1, axis=-1)
    np.testing.assert_allclose(length, 1, atol=0.01)


def test_processes_write_what_one_process_writes(parquet, imported, tmp_path):
    brought(parquet / "*.parquet", tmp_path, workers=2)
    into = imported[0]
    files = sorted(path.relative_to(into) for path in into.rglob("*.*") if path.is_file())
    assert files == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*") if path.is_file())
    assert [(into / file).read_bytes() for file in files] == [
        (tmp_path / file).read_bytes() for file in files
    ]


def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path):
    write_parquet(tmp_path / "in" / "train-00000.parquet", [row("oak_001")])
    whole = write_parquet(tmp_path / "in" / "train-00001.parquet", [row("elm_001")]).read_bytes()
    (tmp_path / "in" / "train-00001.parquet").write_bytes(whole[: len(whole) // 2])
    report = brought(tmp_path / "in", tmp_path / "out")
    assert (report["written"], [one["row"] for one in report["failed"]]) == (1, ["file 1 of train"])


def test_a_split_of_damaged_files_alone_is_named_and_the_other_split_is_read(tmp_path):
    whole = write_parquet(tmp_path / "in" / "train-00000.parquet", [row("oak_001")]).read_bytes()
    (tmp_path / "in" / "test-00000.parquet").write_bytes(whole[:9])
    report = brought(tmp_path / "in", tmp_path / "out")
    assert (report["written"], [one["row"] for one in report["failed"]]) == (1, ["test-00000.parquet"])


def test_parquet_files_without_the_labels_names_are_read_by_matsynths_order(tmp_path):
    path = write_parquet(tmp_path / "in" / "x.parquet", [row("oak_001", "terracotta")])
    pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    brought(path, tmp_path / "out")
    assert (tmp_path / "out/terracotta/oak_001/basecolor.png").is_file()


def test_two_rows_of_one_name_are_two_materials(tmp_path):
    path = write_parquet(tmp_path / "in" / "x.parquet", [row("oak"), row("oak", kind="bark")])
    assert brought(path, tmp_path / "out")["written"] == 2
    assert {p.name for p in (tmp_path / "out" / "wood").iterdir()} == {"oak", "oak_2"}


def test_displacement_stands_in_for_a_missing_height(tmp_path):
    made = row("oak")
    made |= {"displacement": made["height"], "height": None}
    brought(write_parquet(tmp_path / "in" / "x.parquet", [made]), tmp_path / "out")
    assert read_picture(tmp_path / "out/wood/oak/height.png").pixels.dtype == np.uint16


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"normal": picture(np.full((64, 64, 3), 90, np.uint8))}, "normal map"),
        ({"normal": None}, "normal"),
        ({"basecolor": picture(np.zeros((64, 64, 3), np.uint8))}, "black"),
        ({"roughness": picture(np.zeros((32, 64, 1), np.uint8))}, "proportions"),
    ],
)
def test_rows_that_cannot_be_trained_on_are_left_out_with_a_reason(tmp_path, changes, told):
    path = write_parquet(tmp_path / "in" / "x.parquet", [row("oak", **changes)])
    (failed,) = brought(path, tmp_path / "out")["failed"]
    assert told in failed["reason"]


def test_a_row_without_a_name_is_left_out_with_a_reason(tmp_path):
    path = write_parquet(tmp_path / "in" / "x.parquet", [row("")])
    assert "name" in brought(path, tmp_path / "out")["failed"][0]["reason"]


def test_a_data_set_of_the_hub_is_streamed_split_by_split(parquet, tmp_path, monkeypatch):
    # The hub itself is out of reach of tests: a local repository with the same card takes its place.
    here = tmp_path / "hub" / "data"
    here.mkdir(parents=True)
    for file in parquet.glob("*.parquet"):
        (here / file.name).write_bytes(file.read_bytes())
    load = datasets.load_dataset
    monkeypatch.setattr(datasets, "load_dataset", lambda name, **how: load(str(here.parent), **how))
    report = brought("gvecchio/MatSynth", tmp_path / "out")
    assert (report["written"], len(report["failed"])) == (3, 1)
    assert told(tmp_path / "out", "marble/Stone_wall_1")["published"]["split"] == "test"


def test_normals_that_filtering_shortened_are_kept_and_their_length_is_told(tmp_path):
    short = np.full((64, 64, 3), [128, 128, 204], np.uint8)
    short[::2] = [140, 120, 204]
    brought(
        write_parquet(tmp_path / "in" / "x.parquet", [row("grass", normal=picture(short))]), tmp_path / "out"
    )
    assert told(tmp_path / "out", "wood/grass")["normal_length"] == pytest.approx(0.6, abs=0.02)


def test_folders_of_pictures_are_read_and_their_own_ao_counts_as_given(tmp_path, write_material):
    maps = ("basecolor", "normal", "roughness", "metallic", "ao", "height")
    write_material(tmp_path / "in", "train/Wood/oak001", maps, about={"license": "CC0", "source": "a/b"})
    report = brought(tmp_path / "in", tmp_path / "out")
    (material,) = list_materials(tmp_path / "out")
    assert (material.id, material.source, report["ao"]) == ("wood/oak001", "a/b", {"given": 1})
    assert MapKind.AO in material.paths


def test_directx_normals_of_a_folder_are_turned_over(tmp_path, write_material):
    place = write_material(tmp_path / "in", "wood/oak001", about={"normal_convention": "directx"})
    brought(tmp_path / "in", tmp_path / "out", px=None)
    before, after = (
        read_picture(p / "normal.png").unit() * 2 - 1 for p in (place, tmp_path / "out/wood/oak001")
    )
    before /= np.linalg.norm(before, axis=-1, keepdims=True)
    np.testing.assert_allclose(after[..., 1], -before[..., 1], atol=0.02)


@pytest.mark.parametrize("wanted", ["nowhere", "no/such/place", "*.parquet"])
def test_a_source_that_is_none_is_answered_with_what_there_could_be(tmp_path, monkeypatch, wanted):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="Expected"):
        open_source(wanted, tmp_path)


def test_the_folder_that_is_written_to_is_no_source(tmp_path):
    with pytest.raises(UsageError, match="elsewhere"):
        open_source(str(tmp_path), tmp_path)


@pytest.mark.parametrize("column", ["metadata", "category"])
def test_a_parquet_file_without_a_column_says_which(tmp_path, column):
    source = write_parquet(tmp_path / "pq" / "train-00000.parquet", [row("Old planks")])
    pq.write_table(pq.read_table(source).drop([column]), source)
    report = brought(tmp_path / "pq", tmp_path / "into")
    assert f"got none called {column}" in str(report["failed"])
