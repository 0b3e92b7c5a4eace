"""Conversions of all mods of a manager: into OUT, again, and never into a mod."""

import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import plugin_files as made
from support.mod_managers import deployment, instance

from unbake.batch import run
from unbake.batch.events import Options
from unbake.errors import UsageError
from unbake.image.dds.blocks import Effort

convert_folder = partial(run.convert_folder, predictor="rules")
PNG = Options(preset="png", threads=1, keep_maps=False)
SKYRIM = Options(preset="skyrim", threads=1, effort=Effort.FAST, keep_maps=False)
POT, PAN = "textures/clutter/pot.png", "textures/clutter/pan.png"


def picture(seed: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(60, 200, (8, 8, 3), np.uint8)).save(data, "PNG")
    return data.getvalue()


def contents(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_an_instance_is_converted_as_the_winners_in_one_folder_are_and_never_written_to(tmp_path: Path):
    mods = {"Low": {POT: picture(1), PAN: picture(2)}, "High": {POT: picture(3)}}
    root = instance(tmp_path / "mo2", mods, {"Default": ["+High", "+Low"]})
    before = contents(root)
    summary = convert_folder(root, tmp_path / "a" / "PBR", SKYRIM)
    assert summary.converted == ("clutter/pan", "clutter/pot")
    assert contents(root) == before
    plain = tmp_path / "plain"
    for path, data in ((POT, picture(3)), (PAN, picture(2))):
        (plain / path).parent.mkdir(parents=True, exist_ok=True)
        (plain / path).write_bytes(data)
    convert_folder(plain, tmp_path / "b" / "PBR", SKYRIM)
    one, other = (contents(tmp_path / name / "PBR") for name in "ab")
    shipped = [path for path in one if path.startswith(("textures/", "PBRNIFPatcher/"))]
    assert len(shipped) > 4
    assert {path: one[path] for path in shipped} == {path: other[path] for path in shipped}


def test_another_order_converts_only_the_textures_that_another_mod_wins(tmp_path: Path):
    mods = {"A": {POT: picture(1), PAN: picture(2)}, "B": {POT: picture(3)}}
    root = instance(tmp_path / "mo2", mods, {"One": ["+B", "+A"], "Two": ["+A", "+B"]})
    convert_folder(root, tmp_path / "out", replace(PNG, profile="One", evidence="none"))
    again = convert_folder(root, tmp_path / "out", replace(PNG, profile="Two", evidence="none"))
    assert (again.converted, again.unchanged) == (("clutter/pot",), ("clutter/pan",))


def test_sets_of_a_mod_that_was_switched_off_are_told_and_pruned(tmp_path: Path):
    mods = {"A": {POT: picture(1)}, "B": {PAN: picture(2)}}
    root = instance(tmp_path / "mo2", mods, {"One": ["+A", "+B"], "Two": ["+A", "-B"]})
    convert_folder(root, tmp_path / "out", replace(PNG, profile="One"))
    off = convert_folder(root, tmp_path / "out", replace(PNG, profile="Two"))
    assert any("clutter/pan" in note and "--prune" in note for note in off.notes)
    convert_folder(root, tmp_path / "out", replace(PNG, profile="Two", prune=True))
    assert {path.stem.split("_")[0] for path in (tmp_path / "out" / "clutter").iterdir()} == {"pot"}


def test_what_a_pbr_mod_covers_is_told_in_the_report_by_its_name(tmp_path: Path):
    mods = {
        "Old-1": {POT: picture(1), PAN: picture(2)},
        "New-2": {"textures/pbr/clutter/pot_rmaos.dds": b"x"},
    }
    summary = convert_folder(deployment(tmp_path / "Data", mods), tmp_path / "out", PNG)
    assert summary.converted == ("clutter/pan",)
    told = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["skipped"]
    assert {"path": "clutter/pot.png", "reason": "the PBR mod 'New-2' covers it already"} in told


def test_out_may_be_a_new_mod_of_the_instance_and_goes_on_there(tmp_path: Path):
    mods = {"Old": {POT: picture(1)}, "PBR": {}}
    root = instance(tmp_path, mods, {"Default": ["+PBR", "+Old"]})
    out = root / "mods" / "PBR"
    assert convert_folder(root, out, SKYRIM).converted == ("clutter/pot",)
    again = convert_folder(root, out, SKYRIM)
    assert again.unchanged == ("clutter/pot",)
    assert any("this conversion itself" in note for note in again.notes)


@pytest.mark.parametrize("out", ["mods/Old", "mods/Old/PBR", "mods", ".", "Stock Game/Data/PBR"])
def test_out_is_never_a_mod_that_is_read_nor_around_or_inside_of_one(tmp_path: Path, out: str):
    root = instance(tmp_path, {"Old": {POT: picture(1)}}, {"Default": ["+Old"]}, data={})
    before = contents(root)
    with pytest.raises(UsageError, match="no source can be overwritten"):
        convert_folder(root, root / out, PNG)
    assert contents(root) == before


def test_the_plugins_of_the_profile_tell_the_grounds_editor_ids(tmp_path: Path):
    ground = made.plugin(
        made.group("TXST", made.texture_set(0x800, "LandscapeDirt02", r"Landscape\Dirt02.dds")),
        made.group("LTEX", made.ground(0x900, "LDirt02", 0x800)),
    )
    mods = {"Ground": {"textures/landscape/dirt02.png": picture(1), "Ground.esp": ground}}
    root = instance(tmp_path / "mo2", mods, {"Default": ["+Ground"]}, plugins=["Ground.esp"])
    convert_folder(root, tmp_path / "out", SKYRIM)
    assert (tmp_path / "out" / "PBRTextureSets" / "LandscapeDirt02.json").is_file()


def test_a_texture_root_and_a_load_order_do_not_go_together(tmp_path: Path):
    root = instance(tmp_path / "mo2", {"Mod": {POT: picture(1)}}, {"Default": ["+Mod"]})
    with pytest.raises(UsageError, match="Expected no texture root for a mod manager's folder"):
        convert_folder(root, tmp_path / "out", replace(PNG, texture_root=tmp_path))
