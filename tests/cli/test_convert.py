"""`unbake convert`, in this process: what it prints and what it leaves."""

import json
import os
from pathlib import Path

import pytest
from support.command import EXAMPLES, call
from support.mod_managers import instance, written

from unbake.errors import UsageError
from unbake.export.pgpatcher_faults import validate
from unbake.image.files import read_picture
from unbake.report.listing import read_listing

SMALL = ("--fast", "--max-size", "128", "--include", "landscape/dirt01", "--include", "landscape/snow01")


@pytest.fixture(scope="module")
def mod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sets of the ground, converted by the command with an editor ID for one of them."""
    folder = tmp_path_factory.mktemp("converted")
    (folder / "edids.txt").write_text("landscape/dirt01 = LandscapeDirt01")
    out = folder / "mod"
    done = call("convert", EXAMPLES, out, *SMALL, "--edid-map", folder / "edids.txt", "--form", "default")
    assert done.exit_code == 0, done.output
    return out


def test_ground_gets_its_texture_set_by_editor_id_and_is_else_left_with_the_reason(mod: Path):
    assert [path.name for path in (mod / "PBRTextureSets").iterdir()] == ["LandscapeDirt01.json"]
    assert [one.name for one in read_listing(mod) if one.status == "skipped"] == ["landscape/snow01"]


def test_pgpatchers_json_comes_in_the_form_asked_for_and_passes_its_rules(mod: Path):
    assert json.loads((mod / "PBRNIFPatcher" / "mod.json").read_text()).keys() == {"default", "entries"}
    assert validate(mod) == []


def test_ground_stands_at_its_neutral_height(mod: Path):
    height = read_picture(mod / "textures/pbr/landscape/dirt01_p.dds").pixels
    assert height.mean() == pytest.approx(127, abs=1.5)


def test_every_set_of_the_report_has_confidence_figures_and_classes(mod: Path):
    for one in (one for one in read_listing(mod) if one.status == "converted"):
        assert 0 <= one.confidence <= 1
        assert {
            "doubt_unfamiliar",
            "doubt_metal",
            "doubt_seam",
            "metal_share",
            "metal_mask",
        } <= one.figures.keys()
        assert max(one.classes.values()) > 0


def test_another_strength_packs_anew_without_the_networks_and_other_sets_stay(mod: Path, tmp_path: Path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nmatch = "*snow*"\nroughness.strength = 0.0\n')
    snow, dirt = (mod / f"textures/pbr/landscape/{name}_rmaos.dds" for name in ("snow01", "dirt01"))
    before = dirt.read_bytes()
    told = call("convert", EXAMPLES, mod, *SMALL, "--rules", rules, "--json").output.splitlines()
    events = {event["name"]: event for event in map(json.loads, told) if "name" in event}
    assert events["landscape/snow01"]["inferred"] is False
    assert events["landscape/dirt01"]["event"] == "set_unchanged"
    assert read_picture(snow).pixels[..., 0].max() == 0
    assert dirt.read_bytes() == before


def test_json_is_one_object_a_line_and_ends_with_the_summary(tmp_path: Path):
    told = call("convert", EXAMPLES, tmp_path / "mod", "--json", "--dry-run").output.splitlines()
    events = [json.loads(line)["event"] for line in told]
    assert (events[0], events[-1]) == ("started", "summary")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--shard", "2"], "1/4"),
        (["--shard", "3/2"], "3/2"),
        (["--shard", "0/0"], "Expected a shard from 1/1 to 1/1, got 0/0"),
        (["--include", "nothing/*"], "other patterns to --include"),
        (["--adjust", "gloss.bias=1"], "albedo, roughness, metallic, ao, height, normal: strength (0 to 10)"),
        (["--rules", "none.toml"], "none.toml"),
        (["--edid-map", "none.txt"], "none.txt"),
        (["--plugins", "none.esp"], "none.esp"),
    ],
)
def test_what_cannot_be_done_as_asked_is_told_before_anything_is_written(
    tmp_path: Path, arguments: list[str], word: str
):
    failed = call("convert", EXAMPLES, tmp_path / "mod", *arguments).exception
    assert isinstance(failed, UsageError)
    assert word in str(failed)
    assert list(tmp_path.iterdir()) == []


def test_one_path_alone_is_answered_with_the_command_to_give(tmp_path: Path):
    done = call("convert", tmp_path / "MyMod")
    assert isinstance(done.exception, UsageError)
    assert f'unbake convert "{tmp_path / "MyMod"}" "{tmp_path / "MyMod - PBR"}"' in str(done.exception)


def test_what_a_person_should_know_of_a_run_is_printed_with_the_plan_too(tmp_path: Path):
    done = call(
        "convert", EXAMPLES, tmp_path / "out", "--dry-run", "--include", "clutter/*", "--exclude", "nothing/*"
    )
    assert "note: --exclude 'nothing/*' matches no texture set" in done.stderr


def test_the_way_green_points_is_an_option(tmp_path: Path):
    done = call(
        "convert", EXAMPLES, tmp_path / "out", "--dry-run", "--normals", "opengl", "--prune", "--verify"
    )
    assert done.exit_code == 0, done.output


def test_a_profile_of_a_load_order_is_planned_and_told(tmp_path: Path):
    pot = (EXAMPLES / "textures" / "clutter" / "LEATHER01.DDS").read_bytes()
    mods = {"A": {"textures/clutter/pot.dds": pot}, "B": {"textures/clutter/pan.dds": pot}}
    root = instance(tmp_path / "mo2", mods, {"One": ["+A"], "Two": ["+B"]})
    done = call("convert", root, tmp_path / "out", "--profile", "Two", "--whole-game", "--dry-run")
    assert done.exit_code == 0, done.output
    assert "would convert clutter/pan\n1 sets would be converted" in done.output
    assert "note: the game's own folder was not found" in done.output


def test_a_folder_full_of_mods_is_refused_with_the_command_to_give(tmp_path: Path):
    for name in ("A", "B", "C"):
        written(tmp_path / "mods" / name, {"textures/pot.dds": b"x"})
    error = call("convert", tmp_path / "mods", tmp_path / "out").exception
    assert isinstance(error, UsageError)
    assert f'unbake convert "{tmp_path}/mods/A" "{tmp_path}/mods/B"' in str(error)


def test_a_plan_says_what_would_be_skipped_and_why_in_one_line_each(tmp_path: Path):
    pot = (EXAMPLES / "textures" / "clutter" / "LEATHER01.DDS").read_bytes()
    written(tmp_path / "mod", {f"textures/clutter/{name}": pot for name in ("pot.dds", "con.dds", "a_e.dds")})
    told = call("convert", tmp_path / "mod", tmp_path / "out", "--dry-run").output.splitlines()
    skipped = [line for line in told if line.startswith("would skip ")]
    assert [line.partition(": ")[0] for line in skipped] == [
        "would skip clutter/a_e.dds",
        "would skip clutter/con.dds",
    ]
    assert skipped[1].endswith("'con.dds' is the name of a device on Windows; rename it")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such names")
def test_a_plan_shows_no_control_character_of_a_files_name(tmp_path: Path):
    pot = (EXAMPLES / "textures" / "clutter" / "LEATHER01.DDS").read_bytes()
    written(tmp_path / "mod", {"textures/clutter/pot.dds": pot, "textures/clutter/p\x1b[31m\nan.dds": pot})
    told = call("convert", tmp_path / "mod", tmp_path / "out", "--dry-run").output
    assert r"would skip clutter/p\x1b[31m\nan.dds: " in told
