import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from unbake.batch import run, stages
from unbake.batch.events import Event, Options, SetDone, SetFailed, SetUnchanged, Started, Summary
from unbake.batch.journal import HIDDEN
from unbake.batch.provenance import PROVENANCE, encode_provenance, read_provenance
from unbake.convert.convert import Converted
from unbake.convert.inputs import Inputs
from unbake.convert.sets import Skipped
from unbake.errors import UsageError
from unbake.export.pgpatcher_faults import validate
from unbake.image.dds.blocks import Effort
from unbake.image.files import read_picture

convert_folder = partial(run.convert_folder, predictor="rules")
"""What happens to files is the same without the networks, which take longer than all the rest."""

PNG = Options(preset="png", threads=1)
SKYRIM = Options(preset="skyrim", threads=1, effort=Effort.FAST)


def paint(path: Path, size: tuple[int, int] = (16, 16), channels: int = 3, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(60, 200, (*size, channels), np.uint8)
    if path.stem.endswith("_n"):
        pixels[..., 2] = 255
    Image.fromarray(pixels).save(path)


def source(folder: Path, names: tuple[str, ...] = ("clutter/pot", "clutter/pan", "walls/brick")) -> Path:
    for seed, name in enumerate(names):
        paint(folder / f"{name}.png", seed=seed)
        paint(folder / f"{name}_n.png", channels=4, seed=seed + 100)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_every_set_becomes_the_files_of_its_preset(tmp_path: Path) -> None:
    summary = convert_folder(source(tmp_path / "in"), tmp_path / "out", PNG)
    assert summary == Summary(converted=("clutter/pan", "clutter/pot", "walls/brick"), mod=summary.mod)
    names = {path.name for path in (tmp_path / "out" / "walls").iterdir()}
    assert {"brick_albedo.png", "brick_normal.png", "brick_roughness.png", "brick_height.png"} <= names


def test_without_networks_and_evidence_the_albedo_is_the_diffuse(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png")
    convert_folder(tmp_path / "in", tmp_path / "out", replace(PNG, evidence="none"))
    written = read_picture(tmp_path / "out" / "pot_albedo.png").pixels
    assert np.array_equal(written, read_picture(tmp_path / "in" / "pot.png").pixels)


def test_skyrim_gets_dds_files_and_entries_that_match_them(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "textures" / "clutter" / "pot_d.png")
    paint(tmp_path / "in" / "textures" / "clutter" / "pot_n.png")
    convert_folder(tmp_path / "in", tmp_path / "mod", SKYRIM)
    folder = tmp_path / "mod" / "textures" / "pbr" / "clutter"
    assert {"pot.dds", "pot_n.dds", "pot_rmaos.dds"} <= {path.name for path in folder.iterdir()}
    [entry] = json.loads((tmp_path / "mod" / "PBRNIFPatcher" / "mod.json").read_text("utf-8"))
    assert (entry["texture"], entry["rename"]) == ("clutter\\pot_d", "clutter\\pot")
    assert validate(tmp_path / "mod") == []


def test_one_bad_file_fails_alone(tmp_path: Path) -> None:
    root = source(tmp_path / "in")
    whole = (root / "clutter/pot.png").read_bytes()
    (root / "clutter/pot.png").write_bytes(whole[: len(whole) // 2])
    summary = convert_folder(root, tmp_path / "out", PNG)
    assert summary.converted == ("clutter/pan", "walls/brick")
    assert [one.name for one in summary.failed] == ["clutter/pot"]
    assert summary.exit_code == 1


def test_a_normal_of_another_shape_fails_with_both_sizes(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png", (16, 16))
    paint(tmp_path / "in" / "pot_n.png", (16, 64))
    [failed] = convert_folder(tmp_path / "in", tmp_path / "out", PNG).failed
    assert "16×16" in failed.message
    assert "64×16" in failed.message


def test_an_error_nobody_foresaw_fails_one_set_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = stages.convert_set

    def fails_once(inputs: Inputs, predictor: None, **level: object) -> Converted:
        monkeypatch.setattr(stages, "convert_set", real)
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(stages, "convert_set", fails_once)
    summary = convert_folder(source(tmp_path / "in"), tmp_path / "out", PNG)
    assert [one.message for one in summary.failed] == [
        "Expected to convert this set, got an unforeseen ZeroDivisionError: by zero; report it."
    ]
    assert len(summary.converted) == 2


def test_a_second_run_does_no_work(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "mod"
    convert_folder(root, out, SKYRIM)

    def times() -> dict[Path, int]:
        found = (path for path in out.rglob("*") if path.name != HIDDEN)  # where the lock comes and goes
        return {path: path.stat().st_mtime_ns for path in found}

    before = times()
    summary = convert_folder(root, out, SKYRIM)
    assert summary == Summary(unchanged=("clutter/pan", "clutter/pot", "walls/brick"), mod=summary.mod)
    assert times() == before


def test_a_changed_input_redoes_only_its_set(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "out"
    convert_folder(root, out, PNG)
    paint(root / "clutter/pan_n.png", channels=4, seed=7)
    summary = convert_folder(root, out, PNG)
    assert (summary.converted, summary.unchanged) == (("clutter/pan",), ("clutter/pot", "walls/brick"))


def test_a_deleted_output_is_written_again(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "out"
    convert_folder(root, out, PNG)
    (out / "clutter/pan_ao.png").unlink()
    assert convert_folder(root, out, PNG).converted == ("clutter/pan",)


def test_another_option_redoes_every_set(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "out"
    convert_folder(root, out, PNG)
    assert len(convert_folder(root, out, Options(preset="png", seamless=True)).converted) == 3


def test_a_killed_run_goes_on_and_gives_the_same_bytes(tmp_path: Path) -> None:
    root = source(tmp_path / "in", tuple(f"set{i}" for i in range(6)))
    killed, straight = tmp_path / "a" / "mod", tmp_path / "b" / "mod"
    script = f"""
import os, signal
from pathlib import Path
from unbake.batch.events import Options, SetDone
from unbake.batch.run import convert_folder
done = []
def emit(event):
    done.extend([event] * isinstance(event, SetDone))
    if len(done) == 2:
        os.kill(os.getpid(), signal.SIGKILL)
convert_folder(
    Path({str(root)!r}), Path({str(killed)!r}), Options(preset="png", threads=1), emit, predictor="rules"
)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == -signal.SIGKILL
    (killed / f".{'0' * 16}.tmp").write_bytes(b"half")
    with (killed / "unbake-journal.jsonl").open("ab") as journal:
        journal.write(b'{"name": "set3", "pre')
    resumed = convert_folder(root, killed, PNG)
    assert len(resumed.unchanged) == 2
    convert_folder(root, straight, PNG)
    assert contents(killed) == contents(straight)


def test_an_interrupt_keeps_what_is_finished(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "out"

    def interrupt(event: Event) -> None:
        if isinstance(event, SetDone):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_folder(root, out, PNG, interrupt)
    summary = convert_folder(root, out, PNG)
    assert "clutter/pan" in summary.unchanged
    assert len(summary.converted) + len(summary.unchanged) == 3


@pytest.mark.parametrize(("root", "out"), [("a", "a/b"), ("a/b", "a"), ("a", "a")])
def test_in_and_out_must_lie_apart(tmp_path: Path, root: str, out: str) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(UsageError, match="apart"):
        convert_folder(tmp_path / root, tmp_path / out, PNG)


def test_a_link_does_not_hide_that_out_is_inside_in(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(UsageError, match="apart"):
        convert_folder(tmp_path / "a", tmp_path / "link" / "out", PNG)


def test_sources_are_never_written(tmp_path: Path) -> None:
    root = source(tmp_path / "in")
    before = contents(root)
    convert_folder(root, tmp_path / "out", SKYRIM)
    assert contents(root) == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    summary = convert_folder(source(tmp_path / "in"), tmp_path / "out", Options(preset="png", dry_run=True))
    assert summary.planned == ("clutter/pan", "clutter/pot", "walls/brick")
    assert not (tmp_path / "out").exists()


def test_each_set_ends_in_one_event(tmp_path: Path) -> None:
    root = source(tmp_path / "in")
    (root / "clutter/pot.png").write_bytes(b"")
    paint(root / "sky" / "moon.png")
    events: list[Event] = []
    convert_folder(root, tmp_path / "out", PNG, events.append)
    convert_folder(root, tmp_path / "out", PNG, events.append)
    kinds = [type(event) for event in events]
    assert kinds == [
        *(Skipped, Started, SetDone, SetFailed, SetDone),
        *(Skipped, Started, SetUnchanged, SetFailed, SetUnchanged),
    ]


def test_the_report_says_what_failed_and_what_was_skipped(tmp_path: Path) -> None:
    root = source(tmp_path / "in", ("pot",))
    (root / "bad.png").write_bytes(b"no picture")
    paint(root / "lost_n.png")
    convert_folder(root, tmp_path / "out", PNG)
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert [one["name"] for one in report["converted"]] == ["pot"]
    assert [one["name"] for one in report["failed"]] == ["bad"]
    assert [one["path"] for one in report["skipped"]] == ["lost_n.png"]
    assert (tmp_path / "out" / "report.html").is_file()


def test_two_sets_never_write_one_file(tmp_path: Path) -> None:
    root = tmp_path / "in"
    for name in ("rug.png", "rug_n.png", "rug_p.png", "rug_p_n.png"):
        paint(root / name)
    summary = convert_folder(root, tmp_path / "mod", SKYRIM)
    assert summary.converted == ("rug",)
    assert [one.path for one in summary.skipped] == ["rug_p"]


def test_odd_sizes_keep_their_size_in_png(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png", (7, 13))
    paint(tmp_path / "in" / "pot_n.png", (14, 26))
    convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    assert read_picture(tmp_path / "out" / "pot_normal.png").pixels.shape[:2] == (7, 13)


def test_max_size_bounds_the_longest_side(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "pot.png", (32, 64))
    convert_folder(tmp_path / "in", tmp_path / "out", Options(preset="png", max_size=16))
    assert read_picture(tmp_path / "out" / "pot_albedo.png").pixels.shape[:2] == (8, 16)


def test_names_in_any_script_come_through(tmp_path: Path) -> None:
    paint(tmp_path / "in" / "Стены" / "Дерево.png")
    convert_folder(tmp_path / "in", tmp_path / "out", PNG)
    assert (tmp_path / "out" / "Стены" / "Дерево_albedo.png").is_file()


@pytest.mark.skipif(os.name == "nt", reason="permissions work otherwise on Windows")
def test_an_output_that_cannot_be_written_fails_its_set(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in"), tmp_path / "out"
    out.mkdir()
    (out / "walls").write_bytes(b"a file where a folder must be")
    assert [one.name for one in convert_folder(root, out, PNG).failed] == ["walls/brick"]


def test_a_folder_that_was_renamed_keeps_one_file_of_entries(tmp_path: Path) -> None:
    root, out = source(tmp_path / "in", ("clutter/pot",)), tmp_path / "old name"
    convert_folder(root, out, SKYRIM)
    (out / "PBRNIFPatcher" / "mine.json").write_text("[]")
    out = out.rename(tmp_path / "new name")
    convert_folder(root, out, SKYRIM)
    assert sorted(path.name for path in (out / "PBRNIFPatcher").iterdir()) == ["mine.json", "new name.json"]


@pytest.mark.parametrize("title", ["mine", "../../outside", "a/b", "C:x", "n" * 300, "con", "."])
def test_a_title_that_a_stranger_wrote_removes_nothing_and_stops_nothing(tmp_path: Path, title: str) -> None:
    root, out = source(tmp_path / "in", ("clutter/pot",)), tmp_path / "out"
    convert_folder(root, out, SKYRIM)
    mine = out / "PBRNIFPatcher" / "mine.json"
    mine.write_text('[{"texture": "clutter\\\\theirs"}]')
    provenance = read_provenance(out)
    assert provenance is not None
    (out / PROVENANCE).write_bytes(encode_provenance(msgspec.structs.replace(provenance, title=title)))
    assert convert_folder(root, out, SKYRIM).failed == ()
    assert mine.is_file()
    assert (out / "PBRNIFPatcher" / "out.json").is_file()
