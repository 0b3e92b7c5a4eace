"""One place says how materials lie on disk; every room that reads or writes them asks it."""

from pathlib import Path

import numpy as np
import pytest

from unbake.data.hygiene import is_constant, is_normal_map
from unbake.data.sources import list_materials
from unbake.data.truth import read_material
from unbake.domain.layout import (
    CONSTANT_RANGE,
    LEAST_NORMAL_BLUE,
    MATSYNTH_PICTURES,
    PICTURE_SUFFIXES,
    STEMS,
    cache_folder,
    same_proportions,
)
from unbake.domain.maps import MapKind
from unbake.errors import FileError
from unbake.image.files import write_png
from unbake.prepare.folders import write_folder


def test_no_two_maps_have_one_file_name():
    stems = [stem for several in STEMS.values() for stem in several]
    assert len(stems) == len(set(stems))


def test_the_columns_of_matsynth_are_names_of_maps():
    assert set(MATSYNTH_PICTURES) - {stem for stems in STEMS.values() for stem in stems} == {"blend_mask"}


@pytest.fixture
def oak(tmp_path):
    """A material with every map that a folder can hold."""
    rng = np.random.default_rng(0)
    maps = {
        kind: rng.random((16, 16, 3 if kind in ("albedo", "diffuse") else 1), np.float32) for kind in STEMS
    }
    maps[MapKind.NORMAL] = np.tile(np.float32([0, 0, 1]), (16, 16, 1))
    write_folder(tmp_path / "wood" / "oak", maps, {"metallic": "given"})
    return tmp_path


def test_what_is_written_is_listed_again(oak):
    (material,) = list_materials(oak)
    assert {kind: path.stem for kind, path in material.paths.items()} == {
        kind: STEMS[kind][0]
        for kind in STEMS
        if kind not in (MapKind.DIFFUSE, MapKind.SPECULAR, MapKind.OPACITY)
    }
    assert material.given is not None and material.given.specular is not None


def test_a_later_name_is_read_only_where_the_first_is_missing(oak):
    place = oak / "wood" / "oak"
    for stem, suffix in (("displacement", ".png"), ("roughness", PICTURE_SUFFIXES[-1])):
        (place / f"{stem}{suffix}").write_bytes(b"")
    paths = list_materials(oak)[0].paths
    assert (paths[MapKind.HEIGHT].name, paths[MapKind.ROUGHNESS].name) == ("height.png", "roughness.png")
    (place / "height.png").unlink()
    assert list_materials(oak)[0].paths[MapKind.HEIGHT].name == "displacement.png"


@pytest.mark.parametrize(("step", "accepted"), [(-1, False), (1, True)])
def test_preparing_and_training_take_the_same_pictures_for_normal_maps(step, accepted, oak):
    code = round(LEAST_NORMAL_BLUE * 255) + step
    picture = np.full((16, 16, 3), code / 255, np.float32)
    write_png(oak / "wood" / "oak" / "normal.png", picture)
    assert is_normal_map(picture) is accepted
    try:
        read_material(list_materials(oak)[0])
    except FileError as error:
        assert not accepted and "little blue" in str(error)
    else:
        assert accepted


def test_a_constant_map_is_one_within_the_rounding_of_block_compression():
    picture = np.zeros((4, 4, 1), np.float32)
    picture[0, 0] = CONSTANT_RANGE
    assert is_constant(picture * 0.99) and not is_constant(picture * 1.01)


@pytest.mark.parametrize(("width", "same"), [(1024, True), (1050, True), (1060, False), (990, False)])
def test_proportions_are_the_same_within_three_percent(width, same):
    assert same_proportions((512, width), (256, 512)) is same


def test_caches_of_two_sizes_or_domains_are_apart():
    folders = {
        cache_folder(Path("p"), domain, side) for domain in ("matsynth", "skyrim") for side in (512, 1024)
    }
    assert len(folders) == 4
