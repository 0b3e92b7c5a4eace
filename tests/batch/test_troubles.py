"""A mod with twelve kinds of trouble: what is good is converted, what is bad is named with its reason."""

import json
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from make_troubles import Expected, assemble, pack

from unbake.batch import run
from unbake.batch.events import Options, Summary
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.blocks import Effort
from unbake.image.dds.header import read_dds_info

convert_folder = partial(run.convert_folder, predictor="rules")
"""What happens to files is the same without the networks, which take longer than all the rest."""

OPTIONS = Options(effort=Effort.FAST, threads=1)
SETS = 8


@pytest.fixture(scope="module")
def mod(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Expected]:
    folder = tmp_path_factory.mktemp("troubles") / "Mod"
    return folder, assemble(folder, side=64, sets=SETS)


@pytest.fixture(scope="module")
def untouched(mod: tuple[Path, Expected]) -> dict[str, bytes]:
    return contents(mod[0])


@pytest.fixture(scope="module")
def converted(mod: tuple[Path, Expected], untouched: dict[str, bytes]) -> tuple[Path, Summary]:
    out = mod[0].with_name("PBR")
    return out, convert_folder(mod[0], out, OPTIONS)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file by its path in lower case, which is how the game looks for it and an archive keeps it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix().lower(): path.read_bytes() for path in files}


def of_the_game(out: Path) -> dict[str, bytes]:
    """What a mod manager would install: the textures, and PGPatcher's JSON as it matches names, in any case."""
    told = json.loads((out / "PBRNIFPatcher" / f"{out.name}.json").read_text("utf-8").lower())
    return contents(out / "textures") | {
        "json": json.dumps(sorted(told, key=lambda one: one["texture"])).encode()
    }


def test_the_tree_holds_what_its_script_promises(mod: tuple[Path, Expected]) -> None:
    files = [path for path in mod[0].rglob("*") if path.is_file()]
    assert len(files) >= 40
    names = {path.name for path in files}
    assert {"truncated.dds", "empty.dds", "troll_msn.dds", "SHIELD_N.DDS", "Дерево.dds", "bare.dds"} <= names


def test_every_good_set_is_converted(mod: tuple[Path, Expected], converted: tuple[Path, Summary]) -> None:
    assert list(converted[1].converted) == mod[1].converted


def test_every_bad_set_is_named_with_its_reason(
    mod: tuple[Path, Expected], converted: tuple[Path, Summary]
) -> None:
    failed = {one.name: one.message for one in converted[1].failed}
    assert sorted(failed) == mod[1].failed
    assert "bytes of" in failed["clutter/truncated"]
    assert "an empty file" in failed["clutter/empty"]
    assert converted[1].exit_code == 1


def test_everything_else_is_skipped_with_its_reason(
    mod: tuple[Path, Expected], converted: tuple[Path, Summary]
) -> None:
    skipped = {one.path: one.reason for one in converted[1].skipped}
    assert sorted(skipped) == mod[1].skipped
    assert "holds a cubemap" in skipped["clutter/mirror.dds"]
    assert "cubemap" in skipped["clutter/mirror_e.dds"]
    assert "only in case" in skipped["clutter/lamp.dds"]
    assert "model-space" in skipped["creatures/troll.dds"]


def test_what_was_done_besides_is_in_the_report(converted: tuple[Path, Summary]) -> None:
    report = json.loads((converted[0] / "report.json").read_text("utf-8"))
    notes = {one["name"]: " ".join(one["notes"]) for one in report["converted"]}
    assert "no normal map" in notes["clutter/bare"]
    assert "2×2 to 4×4" in notes["clutter/speck"]
    assert "375×125 to 256×128" in notes["clutter/banner"]


def test_sides_are_powers_of_two_from_four_up(converted: tuple[Path, Summary]) -> None:
    folder = converted[0] / "textures" / "pbr" / "clutter"
    sizes = {name: read_dds_info(folder / f"{name}.dds") for name in ("speck", "banner")}
    assert {name: (info.width, info.height) for name, info in sizes.items()} == {
        "speck": (4, 4),
        "banner": (256, 128),
    }


def test_pgpatcher_finds_every_file_its_json_implies(converted: tuple[Path, Summary]) -> None:
    # What PGPatcher cannot match for its letters is converted all the same.
    assert [one for one in validate(converted[0]) if "Дерево" not in one] == []


def test_the_source_is_left_as_it_was(
    mod: tuple[Path, Expected], untouched: dict[str, bytes], converted: tuple[Path, Summary]
) -> None:
    assert contents(mod[0]) == untouched
    locked = mod[0] / "textures" / "locked" / "chest.dds"
    assert stat.S_IMODE(locked.stat().st_mode) == 0o444


def test_a_second_run_does_no_work(mod: tuple[Path, Expected], converted: tuple[Path, Summary]) -> None:
    out, first = converted
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    second = convert_folder(mod[0], out, OPTIONS)
    assert (second.converted, list(second.unchanged)) == ((), mod[1].converted)
    assert (second.failed, second.skipped) == (first.failed, first.skipped)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


def test_the_same_content_from_an_archive_gives_the_same_bytes(
    mod: tuple[Path, Expected], converted: tuple[Path, Summary], tmp_path: Path
) -> None:
    pack(mod[0], tmp_path / "Mod.bsa")
    out = tmp_path / converted[0].name
    summary = convert_folder(tmp_path / "Mod.bsa", out, OPTIONS)
    assert [one.name for one in summary.failed] == mod[1].failed
    assert of_the_game(out) == of_the_game(converted[0])


def test_the_command_says_all_of_it_and_exits_with_one(mod: tuple[Path, Expected], tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "unbake.cli",
        "convert",
        mod[0],
        tmp_path / "PBR",
        "--fast",
        "--threads",
        "1",
    ]
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [name for name in mod[1].failed if f"failed: {name}: " not in done.stderr] == []
    assert f"{len(mod[1].converted)} converted, 0 unchanged" in done.stdout
