"""`unbake app`, `unbake zip`, and what `unbake convert` does for the app: time needed, and stopping with its input."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.command import EXAMPLES, call

from unbake.cli import time_needed
from unbake.convert import predict

FEW = ("--include", "landscape/snow01")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are another system's")
def test_app_prints_its_address_for_its_own_account_alone_and_ends_by_ctrl_c(tmp_path: Path):
    command = [sys.executable, "-m", "unbake.cli", "app", "--no-open"]
    environment = {**os.environ, "UNBAKE_CACHE": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        found = re.match(r"http://127\.0\.0\.1:(\d+)(/\S{32,}/)    Ctrl-C ends it", process.stdout.readline())
        assert found is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=10)
        connection.request("GET", f"{found[2]}state/0/0")
        assert json.loads(connection.getresponse().read())["phase"] == "idle"
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_dry_run_tells_the_time_that_it_measured_here_first_and_no_more_than_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("UNBAKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(time_needed, "MEASURED", ("landscape/snow01",) * 3)
    monkeypatch.setattr(
        predict, "load_predictor", lambda *_: "rules"
    )  # the networks take longer than the rest
    told = call("convert", EXAMPLES, tmp_path / "out", *FEW, "--dry-run", "--fast").output
    assert re.search(r"^about \d+ seconds on this machine, by what it has converted so far$", told, re.M)
    monkeypatch.setattr(time_needed, "_measure", lambda options: pytest.fail("measured again"))
    lines = call("convert", EXAMPLES, tmp_path / "out", *FEW, "--dry-run", "--fast", "--json").output
    summary = json.loads(lines.splitlines()[-1])
    assert summary["seconds"] > 0
    assert summary["work"] == {"sets": 1, "texels": 128 * 128, "new_sets": 1, "new_texels": 128 * 128}
    assert not (tmp_path / "out").exists()


def test_a_conversion_stops_when_its_input_ends_if_asked_and_can_go_on(tmp_path: Path):
    command = [sys.executable, "-m", "unbake.cli", "convert", str(EXAMPLES), str(tmp_path / "out"), "--fast"]
    command += ["--json", "--stop-with-stdin", "--threads", "1", "--preset", "png"]
    done: set[str] = set()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "set_done":
                done.add(event["name"])
                process.stdin.close()
        process.stdin = None
        assert process.wait(60) == 130
    assert 1 <= len(done) < 16
    again = call(
        "convert", EXAMPLES, tmp_path / "out", *command[6:7], "--preset", "png", "--json", "--dry-run"
    )
    assert done <= set(json.loads(again.output.splitlines()[-1])["unchanged"])


def test_zip_names_the_file_that_it_made(tmp_path: Path):
    textures = tmp_path / "out" / "textures" / "pbr"
    textures.mkdir(parents=True)
    (textures / "pot.dds").write_bytes(b"pot")
    (tmp_path / "out" / "report.json").write_text("{}")
    done = call("zip", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'out.zip'}\n")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist() == ["textures/pbr/pot.dds"]
