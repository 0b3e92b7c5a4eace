"""The made-up sets, at a small size: found, stored and tiling as their names say."""

from dataclasses import replace
from pathlib import Path

import pytest

from unbake.convert.find import find_sets
from unbake.convert.inputs import load_inputs
from unbake.domain.maps import MapKind
from unbake.evaluate.bench_sets import FOLDER, SETS, tiling, write_sets
from unbake.image.files import read_picture

SMALL = {name: replace(made, px=128) for name, made in SETS.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sets")
    write_sets(made, SMALL)
    return made


def test_each_is_found_as_a_set_of_its_size_with_a_specular_mask(folder: Path):
    found, skipped = find_sets(folder)
    assert ({files.name.rpartition("/")[2] for files in found}, skipped) == (set(SETS), [])
    for files in found:
        maps = load_inputs(files).maps
        assert maps.size == (128, 128)
        assert MapKind.SPECULAR in maps.codes


def test_they_are_stored_as_the_game_mods_and_authors_store_theirs(folder: Path):
    formats = {path.stem: read_picture(path).format for path in (folder / FOLDER).iterdir()}
    assert (formats["tile512"], formats["tile512_n"]) == ("dds/bc1", "dds/bc3")
    assert (formats["tile2048"], formats["tile2048_n"]) == ("dds/bc7", "dds/bc7")
    assert (formats["atlas1024"], formats["loose512"], formats["loose512_p"]) == (
        "dds/bc3",
        "png/8",
        "png/16",
    )


def test_an_atlas_is_cut_out_and_tiles_nowhere(folder: Path):
    [atlas] = [files for files in find_sets(folder)[0] if files.name.endswith("atlas1024")]
    inputs = load_inputs(atlas)
    assert inputs.wrap == (False, False)
    assert MapKind.OPACITY in inputs.maps.codes


def test_the_same_bytes_every_time(tmp_path: Path):
    for name in ("a", "b"):
        write_sets(tmp_path / name, tiling(32))
    assert (tmp_path / "a" / FOLDER / "tile32.dds").read_bytes() == (
        tmp_path / "b" / FOLDER / "tile32.dds"
    ).read_bytes()
