"""Conversions as processes of their own: killed, stopped, side by side, on Ray; the files are the same bytes."""

import json
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from unbake.batch import ray as ray_engine
from unbake.batch import run as batch
from unbake.batch.events import Options
from unbake.batch.journal import Journal
from unbake.batch.stages import Stages, Written
from unbake.convert.find import find_sets
from unbake.errors import UsageError
from unbake.export.packs import load_preset
from unbake.export.rules import Rules
from unbake.image.files import write_png

convert_folder = partial(batch.convert_folder, predictor="rules")
"""What happens to files is the same without the networks, which take longer than all the rest."""

BY_RULES = """
import sys
from pathlib import Path
from unbake.batch.events import Options, as_json
from unbake.batch.run import convert_folder
options = Options(preset="skyrim", threads=2, {options})

def emit(event):
    print(as_json(event), flush=True)

convert_folder(Path(sys.argv[1]), Path(sys.argv[2]), options, emit, predictor="rules")
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for number in range(10):
        name = tmp_path / "in" / "textures" / f"set{number}"
        write_png(name.with_suffix(".png"), rng.random((64, 64, 3), np.float32))
        write_png(name.with_name(f"{name.name}_n.png"), rng.random((64, 64, 4), np.float32) * 0.2 + 0.5)
    (tmp_path / "in" / "textures" / "bad.png").write_bytes(b"no picture")
    return tmp_path / "in"


def begin(root: Path, out: Path, options: str = "") -> subprocess.Popen[str]:
    script = BY_RULES.format(options=options)
    return subprocess.Popen(
        [sys.executable, "-c", script, str(root), str(out)], stdout=subprocess.PIPE, text=True
    )


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def differing(one: Path, other: Path) -> list[str]:
    first, second = contents(one), contents(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def test_killed_at_five_moments_and_resumed_the_tree_is_that_of_an_undisturbed_run(
    root: Path, tmp_path: Path
) -> None:
    killed, straight = tmp_path / "a" / "mod", tmp_path / "b" / "mod"
    chance = random.Random(5)
    for _ in range(5):
        run = begin(root, killed)
        assert run.stdout is not None
        assert json.loads(run.stdout.readline())["event"] == "started"
        time.sleep(chance.uniform(0, 0.5))
        run.kill()
        run.communicate()
    summary = convert_folder(root, killed, Options(preset="skyrim"))
    assert (len(summary.converted) + len(summary.unchanged), len(summary.failed)) == (10, 1)
    convert_folder(root, straight, Options(preset="skyrim"))
    assert differing(killed, straight) == []


def test_shards_side_by_side_make_the_tree_of_one_run(root: Path, tmp_path: Path) -> None:
    sharded, straight = tmp_path / "a" / "mod", tmp_path / "b" / "mod"
    runs = [begin(root, sharded, f"shard=({number}, 3)") for number in (1, 2, 3)]
    totals = [json.loads(run.communicate(timeout=120)[0].splitlines()[0])["total"] for run in runs]
    assert sum(totals) == 11
    convert_folder(root, straight, Options(preset="skyrim"))
    # The last shard has reported on all of them already; a run without shards gathers the journals.
    assert {name.split(".")[0] for name in differing(sharded, straight)} == {"unbake-journal"}
    summary = convert_folder(root, sharded, Options(preset="skyrim"))
    assert (len(summary.unchanged), len(summary.converted)) == (10, 0)
    assert differing(sharded, straight) == []


def test_every_set_is_in_one_shard(root: Path, tmp_path: Path) -> None:
    planned = [
        convert_folder(root, tmp_path / "out", Options(shard=(number, 3), dry_run=True)).planned
        for number in (1, 2, 3)
    ]
    assert sorted(sum(planned, ())) == sorted(
        convert_folder(root, tmp_path / "out", Options(dry_run=True)).planned
    )


@pytest.mark.parametrize("shard", [(0, 2), (3, 2), (1, 0)])
def test_a_shard_that_does_not_exist_is_wrong_use(root: Path, tmp_path: Path, shard: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="Expected a shard from"):
        convert_folder(root, tmp_path / "out", Options(shard=shard))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_leaves_a_journal_and_the_next_run_goes_on(
    root: Path, tmp_path: Path, how: signal.Signals
) -> None:
    out = tmp_path / "mod"
    command = [sys.executable, "-m", "unbake.cli", "convert", str(root), str(out), "--json", "--fast"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert run.stdout is not None
    while json.loads(run.stdout.readline())["event"] != "set_done":
        pass
    run.send_signal(how)
    said = run.communicate(timeout=60)[1]
    assert (run.returncode, "run it again" in said) == (130, True)
    done = (out / "unbake-journal.jsonl").read_text("utf-8").count("\n")
    assert done >= 1
    dry = batch.convert_folder(root, out, Options(dry_run=True, effort="fast"))
    assert len(dry.unchanged) == done


def test_without_ray_the_engine_says_how_to_get_it(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"pip install 'unbake\[ray\]'"):
        convert_folder(root, tmp_path / "out", Options(engine="ray"))
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.slow
def test_ray_gives_the_bytes_of_a_local_run(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    for path in sorted((root / "textures").glob("set[3-9]*")):
        path.unlink()
    script = """
import sys
from pathlib import Path
from unbake.batch.run import convert_folder
from unbake.batch.events import Options, as_json
options = Options(threads=1, engine=sys.argv[3])
summary = convert_folder(Path(sys.argv[1]), Path(sys.argv[2]), options, lambda event: print(as_json(event)))
print(as_json(summary))
"""
    told = {}
    for engine in ("local", "ray"):
        command = [sys.executable, "-c", script, str(root), str(tmp_path / engine / "mod"), engine]
        ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=250, check=True)
        told[engine] = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    assert differing(tmp_path / "local" / "mod", tmp_path / "ray" / "mod") == []
    assert told["local"][-1] == told["ray"][-1]
    assert [one.get("name") for one in told["local"]] == [one.get("name") for one in told["ray"]]


def test_a_worker_of_ray_gives_what_a_local_run_remembers(root: Path, tmp_path: Path) -> None:
    out, options = tmp_path / "mod", Options(preset="png", include=("set0", "bad"), evidence="none")
    convert_folder(root, out, options)
    sets, _ = find_sets(root, include=options.include)
    record = Journal(out, "png").record("set0")
    stages = Stages(out, options, load_preset("png"), Rules(), None, "rules")
    worker = ray_engine._Worker(stages, [*sets, sets[1]], [None, None, record], threads=1)
    bad, made, unchanged = (ray_engine._outcome(worker({"id": number})) for number in range(3))
    assert (type(bad).__name__, "bad.png" in str(bad)) == ("TextureSetError", True)
    assert isinstance(made, Written)
    assert isinstance(unchanged, Written)
    assert (made.record, made.unchanged, made.inferred) == (record, False, False)
    assert (unchanged.record, unchanged.unchanged) == (record, True)
