import json
from pathlib import Path

from unbake.prepare.library import write_library
from unbake.synth.materials import CATEGORY


def test_a_library_holds_each_kind_in_its_category_and_is_never_written_twice(tmp_path: Path) -> None:
    names = ("bricks", "shield")
    assert write_library(tmp_path, 32, 2, names=names) == 4
    folders = {f"{CATEGORY[name]}/procedural_{name}_{seed}" for name in names for seed in range(2)}
    assert {str(path.parent.relative_to(tmp_path)) for path in tmp_path.glob("*/*/metadata.json")} == folders
    assert write_library(tmp_path, 32, 2, names=names) == 0


def test_ao_and_height_are_there_when_asked_for(tmp_path: Path) -> None:
    write_library(tmp_path / "without", 32, names=("soil",))
    write_library(tmp_path / "with", 32, names=("soil",), implied=True)
    without, given = (
        {path.stem for path in (tmp_path / place).rglob("*.png")} for place in ("without", "with")
    )
    assert without == {"basecolor", "roughness", "metallic", "normal"}
    assert given - without == {"ao", "height"}
    about = json.loads(next(tmp_path.rglob("metadata.json")).read_text())
    assert (about["license"], about["source"]) == ("CC0", "unbake/procedural")
