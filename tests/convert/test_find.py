import struct
from pathlib import Path

import numpy as np
import pytest
from support.empty_files import reasons, tree

from unbake.convert.find import find_sets
from unbake.convert.sources import Source
from unbake.errors import UsageError
from unbake.image.dds.encode import encode_dds
from unbake.image.dds.formats import DxgiFormat


@pytest.mark.parametrize(
    ("offset", "flag", "what"),
    [(112, 0xFE00, "a cubemap"), (112, 0x200000, "a volume"), (140, 6, "6 textures")],
)
def test_what_is_not_flat_by_its_content_is_skipped_with_its_set(
    tmp_path: Path, offset: int, flag: int, what: str
) -> None:
    data = bytearray(encode_dds([np.zeros((4, 4, 3), np.uint8)], DxgiFormat.BC7_UNORM))
    struct.pack_into("<I", data, offset, flag)
    (tree(tmp_path, "a/room.dds", "a/room_n.dds") / "a" / "room.dds").write_bytes(data)
    sets, skipped = find_sets(tmp_path)
    reason = f"room.dds holds {what}, not one flat texture"
    assert (sets, reasons(skipped)) == ([], {"a/room.dds": reason, "a/room_n.dds": reason})


def test_names_start_below_the_textures_folder_of_the_path_itself(tmp_path: Path) -> None:
    tree(tmp_path, "Textures/clutter/pots/pot.dds")
    assert find_sets(tmp_path / "Textures" / "clutter")[0][0].name == "clutter/pots/pot"


def test_a_texture_root_can_be_forced(tmp_path: Path) -> None:
    tree(tmp_path, "textures/clutter/pot.dds")
    assert find_sets(tmp_path, texture_root=tmp_path)[0][0].name == "textures/clutter/pot"


def test_a_texture_root_elsewhere_is_refused(tmp_path: Path) -> None:
    tree(tmp_path, "a/pot.dds", "b/pot.dds")
    with pytest.raises(UsageError, match="texture root"):
        find_sets(tmp_path / "a", texture_root=tmp_path / "b")


def test_include_and_exclude_match_names(tmp_path: Path) -> None:
    tree(tmp_path, "a/pot.dds", "a/pan.dds", "b/pot.dds")
    sets, _ = find_sets(tmp_path, include=["A/*"], exclude=["*/pan"])
    assert [one.name for one in sets] == ["a/pot"]


def test_one_texture_is_a_set_with_its_siblings(tmp_path: Path) -> None:
    tree(tmp_path, "pot.dds", "pot_n.dds", "pan.dds")
    sets, skipped = find_sets(tmp_path / "pot.dds")
    assert [(one.name, one.normal) for one in sets] == [("pot", Source(tmp_path / "pot_n.dds"))]
    assert skipped == []


def test_one_texture_that_is_no_diffuse_gives_a_reason(tmp_path: Path) -> None:
    tree(tmp_path, "pot.dds", "pot_n.dds")
    sets, skipped = find_sets(tmp_path / "pot_n.dds")
    assert sets == []
    assert [one.path for one in skipped] == ["pot_n.dds"]


def test_a_missing_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="got nothing at"):
        find_sets(tmp_path / "gone")


def test_a_file_that_is_no_texture_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="choose another"):
        find_sets(tree(tmp_path, "mesh.nif") / "mesh.nif")
