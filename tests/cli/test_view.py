"""`unbake view`: what it writes, prints and serves."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import typer
from support.command import EXAMPLES, NAMES, call

from unbake.cli import terminal
from unbake.errors import FileError
from unbake.export.rules import read_rules
from unbake.report import view
from unbake.report.samples import Sample, write_samples

STUB = b"<p>stub</p><script>window.UNBAKE = null</script>"


@pytest.fixture(autouse=True)
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page in the place of the built one, which needs Node."""
    (tmp_path / "built.html").write_bytes(STUB)
    monkeypatch.setattr(view, "BUILT", tmp_path / "built.html")


def index(page: bytes) -> dict:
    return json.loads(page.partition(b"window.UNBAKE = ")[2].partition(b"</script>")[0])


def test_view_writes_the_page_its_sets_and_a_way_to_it_from_the_report(mod: Path):
    assert "view.html" not in (mod / "report.html").read_text()
    done = call("view", mod, "--no-open", "--size", 64, "--threads", 1)
    assert (done.exit_code, done.stdout) == (0, f"{mod / 'view.html'}\n")
    sets = index((mod / "view.html").read_bytes())["sets"]
    assert sorted(one["name"] for one in sets) == NAMES
    assert all((mod / one["data"]).is_file() for one in sets)
    assert 'href="view.html"' in (mod / "report.html").read_text()


def test_the_page_is_opened_from_any_folder_as_each_system_wants_it(
    mod: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened: list[object] = []
    monkeypatch.setattr(typer, "launch", opened.append)
    monkeypatch.setattr(os, "startfile", opened.append, raising=False)
    out = tmp_path / "Jörgs mod #1"
    out.mkdir()
    (out / "report.json").write_bytes((mod / "report.json").read_bytes())
    for platform in ("linux", "win32"):
        monkeypatch.setattr(terminal, "sys", SimpleNamespace(platform=platform))
        assert call("view", out).exit_code == 0
    page = (out / "view.html").resolve()
    assert opened == [page.as_uri(), page]
    assert page.as_uri().endswith("/J%C3%B6rgs%20mod%20%231/view.html")


def test_a_second_view_makes_nothing_anew(mod: Path):
    call("view", mod, "--no-open", "--size", 64)
    times = {path: path.stat().st_mtime_ns for path in (mod / ".unbake" / "view").iterdir()}
    call("view", mod, "--no-open", "--size", 64)
    assert {path: path.stat().st_mtime_ns for path in (mod / ".unbake" / "view").iterdir()} == times


def test_a_conversion_goes_on_where_the_page_lies_beside_it(mod: Path):
    call("view", mod, "--no-open", "--size", 64)
    wanted = [option for name in NAMES for option in ("--include", name)]
    done = call("convert", EXAMPLES, mod, "--fast", "--max-size", 64, *wanted)
    assert "2 unchanged" in done.output
    assert 'href="view.html"' in (mod / "report.html").read_text()


def test_view_of_something_else_is_one_sentence(tmp_path: Path):
    failed = call("view", tmp_path, "--no-open").exception
    assert isinstance(failed, FileError)
    assert "neither" in str(failed)


def test_view_without_a_built_page_is_one_sentence(mod: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(view, "BUILT", Path("nowhere.html"))
    failed = call("view", mod, "--no-open").exception
    assert isinstance(failed, FileError)
    assert "make viewer" in str(failed)


def test_view_of_a_run_shows_its_samples(tmp_path: Path):
    log = tmp_path / "train_logs" / "some_phase"
    write_samples(log, 3, [Sample("stone/slates", {}, {"albedo": np.zeros((4, 4, 3), np.uint8)})])
    assert call("view", log, "--no-open").exit_code == 0
    page = index((log / "view.html").read_bytes())
    assert (page["kind"], page["title"], page["sets"][0]["name"]) == (
        "run",
        "some_phase",
        "stone/slates @ epoch 3",
    )
    assert not (log / "report.html").exists()


def test_view_of_a_run_without_samples_is_one_sentence(tmp_path: Path):
    (tmp_path / "metrics.jsonl").write_text("")
    failed = call("view", tmp_path, "--no-open").exception
    assert isinstance(failed, FileError)
    assert "samples" in str(failed)


def test_a_served_page_saves_rules_that_convert_reads_and_ends_on_ctrl_c(tmp_path: Path):
    root = tmp_path / "in"
    for path in (EXAMPLES / "textures" / "clutter").glob("rug01*"):
        root.mkdir(exist_ok=True)
        (root / path.name).write_bytes(path.read_bytes())
    assert call("convert", root, tmp_path / "out", "--fast", "--max-size", 32).exit_code == 0
    code = (
        "import sys; from pathlib import Path; from unbake.report import view; view.BUILT = Path(sys.argv.pop(1));"
        "from unbake.cli import main; main()"
    )
    arguments = [str(tmp_path / "built.html"), "view", str(tmp_path / "out"), "--serve", "--no-open"]
    served = subprocess.Popen(
        [sys.executable, "-u", "-c", code, *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert served.stdout
        address = re.match(r"http://127\.0\.0\.1:(\d+)(/\S+/) ", served.stdout.readline())
        assert address
        connection = http.client.HTTPConnection("127.0.0.1", int(address[1]), timeout=30)
        connection.request("GET", address[2])
        token = index(connection.getresponse().read())["served"]["token"]
        connection.request(
            "POST", "/rules", b'{"changes": {"ao": {"strength": 0.5}}}', {"X-Unbake-Token": token}
        )
        assert connection.getresponse().status == 204
        connection.close()
        served.send_signal(signal.SIGINT)
        assert served.wait(30) == 0
    finally:
        served.kill()
        served.wait()
        if served.stdout:
            served.stdout.close()
    assert read_rules((tmp_path / "out" / "unbake.toml").read_text()).changes.ao.strength == 0.5
    assert not (root / "unbake.toml").exists()
    assert not (tmp_path / "out" / ".unbake" / "serve.html").exists()
    again = call("convert", root, tmp_path / "out", "--fast", "--max-size", 32)
    assert "1 converted, 0 unchanged" in again.output
    assert f"rules: {tmp_path / 'out' / 'unbake.toml'}" in again.output.replace("\n", "")
