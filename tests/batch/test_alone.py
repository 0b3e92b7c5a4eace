"""A picture that ends the process that decodes it, by a real segmentation fault, costs its own set alone."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from unbake.batch.events import Options
from unbake.batch.in_flight import InFlight
from unbake.batch.run import convert_folder
from unbake.image.files import write_png
from unbake.report.listing import read_listing

SCRIPT = """
import ctypes
import sys
from pathlib import Path
from unbake.batch import levels, stages
from unbake.batch.events import Options, as_json
from unbake.batch.run import convert_folder

sound = stages.decode_picture

def decode(data, name):
    if "bad" in name:
        ctypes.string_at(0)
    return sound(data, name)

measure = levels._measure

def measured(files):
    if files.name == "bad":
        ctypes.string_at(0)
    return measure(files)

levels._measure = measured
stages.decode_picture = decode  # in the processes that this one starts too, which import this file

if __name__ == "__main__":
    options = Options(preset="png", threads=1, evidence=sys.argv[3])
    summary = convert_folder(Path(sys.argv[1]), Path(sys.argv[2]), options, predictor="rules")
    print(as_json(summary))
    sys.exit(summary.exit_code)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    for name in ("a1", "bad", "c1", "c2", "c3", "c4", "c5", "c6"):
        write_png(tmp_path / "in" / f"{name}.png", rng.random((16, 16, 3), np.float32))
    return tmp_path / "in"


def run(root: Path, out: Path, evidence: str) -> tuple[int, dict]:
    script = root.parent / "script.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(script), str(root), str(out), evidence],
        capture_output=True,
        text=True,
        timeout=240,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has exit codes in the place of signals")
@pytest.mark.parametrize(
    "evidence", ["auto", "none"]
)  # the level of a mod is measured before it is converted
def test_a_set_that_ends_its_process_is_named_by_the_next_run_and_the_batch_goes_on(
    root: Path, tmp_path: Path, evidence: str
) -> None:
    out = tmp_path / "out"
    assert run(root, out, evidence)[0] == -signal.SIGSEGV
    assert "bad" in InFlight(out).suspects
    for times in (1, 2):  # the third run has not forgotten
        code, summary = run(root, out, evidence)
        assert code == 1
        assert len(summary["converted"]) + len(summary["unchanged"]) == 7
        assert len(summary["unchanged"]) == 7 or times == 1
        [failure] = summary["failed"]
        assert failure["name"] == "bad"
        assert "ended the program that decoded it (signal 11); save" in failure["message"]
        assert InFlight(out).suspects == {"bad"}
    assert [one.name for one in read_listing(out) if one.status == "failed"] == ["bad"]
    healed = convert_folder(root, out, Options(preset="png", threads=1, evidence=evidence), predictor="rules")
    assert (healed.converted, len(healed.unchanged), healed.exit_code) == (("bad",), 7, 0)
    assert InFlight(out).suspects == set()
    assert not list((out / ".unbake").glob("in-flight*"))


def test_a_set_that_only_fails_is_no_suspect(root: Path, tmp_path: Path) -> None:
    (root / "bad.png").write_bytes(b"no picture")
    for _ in range(2):
        assert convert_folder(root, tmp_path / "out", Options(preset="png"), predictor="rules").exit_code == 1
        assert InFlight(tmp_path / "out").suspects == set()


def test_a_suspect_that_only_fails_is_one_no_more(root: Path, tmp_path: Path) -> None:
    (root / "bad.png").write_bytes(b"no picture")
    with InFlight(tmp_path / "out") as killed:
        killed.begin("bad")
        assert InFlight(tmp_path / "out").suspects == {"bad"}
        (tmp_path / "left.txt").write_bytes((tmp_path / "out" / ".unbake" / "in-flight.txt").read_bytes())
    (tmp_path / "left.txt").rename(tmp_path / "out" / ".unbake" / "in-flight.txt")
    summary = convert_folder(root, tmp_path / "out", Options(preset="png"), predictor="rules")
    assert ["Expected DDS, PNG" in failure.message for failure in summary.failed] == [True]
    assert InFlight(tmp_path / "out").suspects == set()


def test_the_names_of_sets_that_end_in_time_are_forgotten(tmp_path: Path) -> None:
    with InFlight(tmp_path) as sets:
        for name in ("a b/c", "d"):
            sets.begin(name)
        sets.end("d")
        assert InFlight(tmp_path).suspects == {"a b/c"}
        assert InFlight(tmp_path, (1, 2)).suspects == set()
    assert InFlight(tmp_path).suspects == set()
