"""Several runs into one OUT: what a run did not look at is still told, and removed only when asked."""

import json
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.batch import run
from unbake.batch.events import Options
from unbake.batch.provenance import read_provenance
from unbake.errors import UsageError
from unbake.image.dds.blocks import Effort
from unbake.report.listing import read_listing

convert_folder = partial(run.convert_folder, predictor="rules")

SKYRIM = Options(threads=1, effort=Effort.FAST)


def mod(root: Path, *names: str) -> Path:
    for seed, name in enumerate(names):
        path = root / "textures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(60, 200, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return root


def statuses(out: Path) -> dict[str, str]:
    return {report.name: report.status for report in read_listing(out)}


def textures(out: Path) -> set[str]:
    return {path.stem for path in (out / "textures").rglob("*.dds")} - {
        path.stem for end in ("_n", "_rmaos", "_p") for path in (out / "textures").rglob(f"*{end}.dds")
    }


def test_the_report_covers_both_sources_of_one_out(tmp_path: Path) -> None:
    a, b, out = (
        mod(tmp_path / "a", "clutter/pot", "sky/moon"),
        mod(tmp_path / "b", "clutter/pan"),
        tmp_path / "out",
    )
    (a / "textures" / "bad.png").write_bytes(b"no picture")
    convert_folder(a, out, SKYRIM)
    convert_folder(b, out, SKYRIM)
    wanted = {
        "bad": "failed",
        "clutter/pan": "converted",
        "clutter/pot": "converted",
        "sky/moon.png": "skipped",
    }
    assert statuses(out) == wanted
    page = (out / "report.html").read_text("utf-8")
    assert all(name in page for name in wanted)
    provenance = read_provenance(out)
    assert provenance is not None
    assert [files.name for files in provenance.sets] == ["bad", "clutter/pan", "clutter/pot"]


def test_runs_in_turn_leave_the_same_bytes(tmp_path: Path) -> None:
    roots, out = (mod(tmp_path / "a", "pot"), mod(tmp_path / "b", "pan")), tmp_path / "out"
    seen = []
    for root in (*roots, *roots):
        convert_folder(root, out, SKYRIM)
        seen.append(
            {
                name: (out / name).read_bytes()
                for name in ("report.json", "report.html", ".unbake/origin.json")
            }
        )
    assert seen[1] == seen[3]
    assert seen[1]["report.json"] == seen[2]["report.json"]


def test_what_was_mended_in_one_source_is_no_longer_told_as_failed(tmp_path: Path) -> None:
    a, b, out = mod(tmp_path / "a", "pot"), mod(tmp_path / "b", "pan"), tmp_path / "out"
    whole = (a / "textures" / "pot.png").read_bytes()
    (a / "textures" / "pot.png").write_bytes(b"no picture")
    for content in (b"no picture", whole):
        (a / "textures" / "pot.png").write_bytes(content)
        convert_folder(a, out, SKYRIM)
        convert_folder(b, out, SKYRIM)
    assert statuses(out) == {"pan": "converted", "pot": "converted"}


def test_a_set_whose_source_is_gone_is_told_and_stays(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot", "pan"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    (root / "textures" / "pan.png").unlink()
    summary = convert_folder(root, out, SKYRIM)
    [note] = summary.notes
    assert note == "in OUT without a source any more: pan (1 in all); --prune removes their files"
    assert textures(out) == {"pan", "pot"}
    [gone] = [report for report in read_listing(out) if report.name == "pan"]
    assert "source is gone" in gone.notes[-1]


def test_what_was_told_to_be_gone_can_be_pruned_by_a_later_run(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot", "pan"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    (root / "textures" / "pan.png").unlink()
    assert [convert_folder(root, out, SKYRIM).notes for _ in range(2)][1] != ()
    convert_folder(root, out, Options(threads=1, effort=Effort.FAST, prune=True))
    assert textures(out) == {"pot"}


def test_prune_removes_what_has_no_source_and_nothing_else(tmp_path: Path) -> None:
    root, other, out = mod(tmp_path / "in", "pot", "pan"), mod(tmp_path / "other", "cup"), tmp_path / "out"
    for one in (root, other):
        convert_folder(one, out, SKYRIM)
    (out / "readme.txt").write_text("mine")
    (root / "textures" / "pan.png").unlink()
    summary = convert_folder(root, out, Options(threads=1, effort=Effort.FAST, prune=True))
    assert summary.notes == ("removed from OUT, since their source is gone: pan",)
    assert textures(out) == {"cup", "pot"}
    assert statuses(out) == {"cup": "converted", "pot": "converted"}
    assert [entry["texture"] for entry in json.loads((out / "PBRNIFPatcher" / "out.json").read_text())] == [
        "cup",
        "pot",
    ]
    assert not [path for path in out.rglob("*") if "pan" in path.name]
    assert (out / "readme.txt").read_text() == "mine"
    assert convert_folder(root, out, SKYRIM).notes == ()


def test_pruning_everything_of_a_source_that_was_removed_leaves_the_new_one(tmp_path: Path) -> None:
    a, b, out = mod(tmp_path / "a", "pot"), mod(tmp_path / "b", "pan"), tmp_path / "out"
    convert_folder(a, out, SKYRIM)
    shutil.rmtree(a)
    convert_folder(b, out, Options(threads=1, effort=Effort.FAST, prune=True))
    assert statuses(out) == {"pan": "converted"}


def test_sets_left_out_by_a_pattern_are_not_gone(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot", "pan"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    options = Options(threads=1, effort=Effort.FAST, include=("pot",), prune=True)
    assert convert_folder(root, out, options).notes == ()
    assert statuses(out) == {"pan": "converted", "pot": "converted"}


def test_a_set_that_is_called_otherwise_now_replaces_the_old_one(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot_d"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    mod(root, "pot")
    convert_folder(root, out, Options(threads=1, effort=Effort.FAST, prune=True))
    assert textures(out) == {"pot", "pot_d"}


def test_pruning_is_for_a_run_of_all_parts(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--prune without --shard"):
        convert_folder(mod(tmp_path / "in", "pot"), tmp_path / "out", Options(prune=True, shard=(1, 2)))


def test_a_file_cut_short_is_written_again(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot", "pan"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    cut = out / "textures" / "pbr" / "pot_rmaos.dds"
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-10])
    assert convert_folder(root, out, SKYRIM).converted == ("pot",)
    assert cut.read_bytes() == whole


def test_contents_are_compared_when_asked(tmp_path: Path) -> None:
    root, out = mod(tmp_path / "in", "pot", "pan"), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    changed = out / "textures" / "pbr" / "pot.dds"
    whole = changed.read_bytes()
    changed.write_bytes(whole[:-10] + bytes(10))
    assert convert_folder(root, out, SKYRIM).unchanged == ("pan", "pot")
    verified = convert_folder(root, out, Options(threads=1, effort=Effort.FAST, verify=True))
    assert (verified.converted, verified.unchanged) == (("pot",), ("pan",))
    assert changed.read_bytes() == whole


def test_patterns_and_rules_that_match_nothing_are_told(tmp_path: Path) -> None:
    root = mod(tmp_path / "in", "clutter/pot")
    (root / "unbake.toml").write_text('[[rules]]\nmatch = "clutr/*"\nroughness.bias = 0.1\n')
    options = Options(threads=1, effort=Effort.FAST, include=("clutter/*", "walls/*"), exclude=("*_lod",))
    summary = convert_folder(root, tmp_path / "out", options)
    assert summary.notes == (
        "--include 'walls/*' matches no texture set",
        "--exclude '*_lod' matches no texture set",
    )
    assert summary.mod.unmatched == ("clutr/*",)


def test_a_game_path_that_was_taken_from_the_folder_itself_is_told(tmp_path: Path) -> None:
    root = mod(tmp_path / "in", "clutter/pot")
    (root / "textures").rename(root / "stuff")
    [note] = convert_folder(root, tmp_path / "out", SKYRIM).notes
    assert "stuff/clutter/pot is taken for textures/stuff/clutter/pot" in note
    assert "--texture-root" in note
    told = convert_folder(
        root, tmp_path / "other", Options(threads=1, effort=Effort.FAST, texture_root=root / "stuff")
    )
    assert told.notes == ()
