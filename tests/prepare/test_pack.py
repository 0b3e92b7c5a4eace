"""Packed materials: read like those they were made of, smaller, and no larger than was asked."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.data.sources import list_materials
from unbake.data.truth import read_material
from unbake.domain.maps import MapKind
from unbake.errors import UsageError
from unbake.prepare.pack import PACK, QUALITIES, link_materials, longest_side, pack

FIELDS = ("id", "licence", "source", "family", "metal", "tileable", "derived", "marked")


@pytest.fixture
def packed(materials: Path, tmp_path: Path) -> Path:
    pack([materials], tmp_path / "pack", px=32, workers=1)
    return tmp_path / "pack"


def about(folder: Path) -> list[list[object]]:
    return [[getattr(source, field) for field in FIELDS] for source in list_materials(folder)]


def test_a_pack_is_listed_like_what_it_was_made_of(materials: Path, packed: Path):
    assert about(packed) == about(materials)


def test_no_side_is_longer_than_was_asked_and_none_is_enlarged(materials: Path, packed: Path, tmp_path: Path):
    assert longest_side(list_materials(packed)) == 32
    assert pack([materials], tmp_path / "large", px=4096, workers=1).px == 4096
    assert longest_side(list_materials(tmp_path / "large")) == 64


def test_proportions_stay(packed: Path):
    (granite,) = (source for source in list_materials(packed) if source.id == "stone/granite001")
    with Image.open(granite.sized_by) as image:
        assert image.size == (32, 27)


def test_normals_come_back_as_they_were(write_material, tmp_path: Path):
    write_material(tmp_path / "from", "stone/granite001")
    path = tmp_path / "from/stone/granite001/normal.png"
    rows = np.linspace(96, 160, 64).astype(np.uint8)
    picture = np.dstack(
        [np.tile(rows, (64, 1)), np.tile(rows[:, None], 64), np.full((64, 64), 245, np.uint8)]
    )
    Image.fromarray(picture).save(path)
    pack([tmp_path / "from"], tmp_path / "pack", px=64, workers=1)
    before, after = (
        read_material(list_materials(folder)[0])[MapKind.NORMAL]
        for folder in (tmp_path / "from", tmp_path / "pack")
    )
    assert np.abs(before - after).mean() < 0.01


def test_metadata_stay_but_for_the_size_and_the_list_of_maps(write_material, tmp_path: Path):
    told = {"license": "CC0", "author": "somebody", "size": [64, 64], "maps": ["basecolor", "metallic"]}
    write_material(tmp_path / "from", "stone/granite001", about=told)
    pack([tmp_path / "from"], tmp_path / "pack", px=32, workers=1)
    kept = json.loads((tmp_path / "pack/stone/granite001/metadata.json").read_text())
    assert kept == told | {"size": [32, 32], "maps": ["basecolor", "normal", "roughness"]}


def test_a_metallic_map_that_the_metadata_disown_is_left_out_and_told(write_material, tmp_path: Path):
    maps = ("basecolor", "normal", "metallic", "emissive")
    write_material(tmp_path / "from", "metal/iron001", maps, about={"metallic": "unknown"})
    done = pack([tmp_path / "from"], tmp_path / "pack", workers=1)
    assert sorted(path.stem for path in (tmp_path / "pack").rglob("*.jpg")) == ["basecolor", "normal"]
    assert [sentence.split(":")[0] for sentence in done.dropped] == ["1 × emissive", "1 × metallic"]


def test_paintings_are_packed_with_their_specular_masks(write_material, tmp_path: Path):
    maps = ("basecolor", "normal", "diffuse", "specular", "diffuse_syn_0")
    write_material(tmp_path / "from", "wood/oak001", maps, about={"diffuse": "own"})
    pack([tmp_path / "from"], tmp_path / "pack", workers=1)
    (source,) = list_materials(tmp_path / "pack")
    assert source.own is not None and source.own.specular is not None
    assert len(source.painted) == 1


def test_a_lower_quality_is_taken_before_a_smaller_size_and_then_that(write_material, tmp_path: Path):
    write_material(tmp_path / "from", "wood/oak001", size=(128, 128))
    full = pack([tmp_path / "from"], tmp_path / "full", px=128, workers=1)
    coarse = pack([tmp_path / "from"], tmp_path / "coarse", px=128, at_most=full.size - 1, workers=1)
    assert (full.quality, coarse.px, coarse.quality) == (QUALITIES[0], 128, QUALITIES[1])
    small = pack([tmp_path / "from"], tmp_path / "small", px=128, at_most=full.size // 3, workers=1)
    assert small.size <= full.size // 3 and small.px == 64


def test_the_size_that_is_told_is_that_of_the_files(materials: Path, tmp_path: Path):
    done = pack([materials], tmp_path / "pack", workers=1)
    files = [path for path in (tmp_path / "pack").rglob("*") if path.is_file() and path.name != PACK]
    assert done.size == sum(path.stat().st_size for path in files)


def test_what_cannot_fit_is_told(materials: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="MiB at 64 px"):
        pack([materials], tmp_path / "pack", at_most=1000, workers=1)
    assert not (tmp_path / "pack").exists()


def test_of_two_folders_the_first_gives_a_material_of_one_name(
    materials: Path, write_material, tmp_path: Path
):
    write_material(tmp_path / "more", "wood/oak001", about={"license": "other"})
    write_material(tmp_path / "more", "wood/ash002")
    done = pack([materials, tmp_path / "more"], tmp_path / "pack", workers=1)
    assert (done.materials, len(done.dropped)) == (7, 1)
    assert "other" not in {source.licence for source in list_materials(tmp_path / "pack")}


def test_a_damaged_material_is_left_out_and_told(write_material, tmp_path: Path):
    write_material(tmp_path / "from", "wood/oak001")
    write_material(tmp_path / "from", "wood/ash002")
    (tmp_path / "from/wood/ash002/normal.png").write_bytes(b"nothing")
    done = pack([tmp_path / "from"], tmp_path / "pack", workers=1)
    assert (done.materials, len(done.dropped)) == (1, 1)
    assert done.dropped[0].startswith("wood/ash002: ")
    assert [source.id for source in list_materials(tmp_path / "pack")] == ["wood/oak001"]


def test_an_older_pack_is_replaced_and_nothing_else_is(materials: Path, packed: Path, tmp_path: Path):
    assert pack([materials], packed, px=16, workers=1).px == 16
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(UsageError, match="older pack"):
        pack([materials], tmp_path / "mine", workers=1)


def test_linked_materials_are_listed_and_what_is_there_stays(materials: Path, write_material, tmp_path: Path):
    into = tmp_path / "project"
    write_material(into, "wood/oak001", about={"license": "mine"})
    assert link_materials([materials], into) == (5, 1)
    assert link_materials([materials], into) == (0, 6)
    licences = {source.id: source.licence for source in list_materials(into)}
    assert (len(licences), licences["wood/oak001"]) == (6, "mine")


def test_a_link_that_leads_nowhere_is_made_anew(materials: Path, tmp_path: Path):
    into = tmp_path / "project"
    (into / "wood").mkdir(parents=True)
    (into / "wood/oak001").symlink_to(tmp_path / "gone")
    assert link_materials([materials], into) == (6, 0)
