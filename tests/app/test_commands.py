"""Settings become command lines: what is run is what is shown, and nothing of it can be taken for an option."""

import json
import shlex
import sys
from pathlib import Path

import pytest
from support.mod_managers import instance
from typer.testing import CliRunner

from unbake.app.commands import commands, convert_arguments, look_arguments, read_paths, read_settings
from unbake.app.state import Settings
from unbake.cli import app
from unbake.errors import UsageError

HERE = Path(__file__).anchor
MOD, OUT = f"{HERE}mods/Old Walls", f"{HERE}mods/Old Walls - PBR"


def test_settings_that_are_the_defaults_are_not_written():
    assert convert_arguments(Settings((MOD,), OUT)) == ["convert", MOD, OUT]


def test_every_setting_is_an_option_of_convert():
    settings = Settings((MOD, f"{HERE}b"), OUT, "png", 512, "keep", "none", (f"{HERE}Data",), "My mods", True)
    assert convert_arguments(settings) == [
        *("convert", MOD, f"{HERE}b", OUT),
        *("--preset", "png", "--max-size", "512", "--brightness", "keep", "--evidence", "none"),
        *("--plugins", f"{HERE}Data"),
        *("--profile", "My mods", "--whole-game"),
    ]


def test_looking_is_a_dry_run_of_the_same():
    settings = Settings((MOD,), OUT)
    assert look_arguments(settings) == [*convert_arguments(settings), "--dry-run"]


@pytest.mark.skipif(sys.platform == "win32", reason="quotes are another shell's")
def test_a_command_that_is_shown_can_be_typed():
    shown = commands(Settings((MOD,), OUT))
    assert shlex.split(shown.convert) == ["unbake", "convert", MOD, OUT]
    assert shlex.split(shown.zip) == ["unbake", "zip", OUT]


@pytest.mark.parametrize(
    "wrong",
    [
        {"sources": [], "out": OUT},
        {"sources": [MOD], "out": ""},
        {"sources": ["--model"], "out": OUT},
        {"sources": ["mods"], "out": OUT},
        {"sources": [MOD], "out": "../x"},
        {"sources": [MOD], "out": OUT, "preset": "/etc/x.toml"},
        {"sources": [MOD], "out": OUT, "unknown": 1},
        {"sources": [f"{MOD}\0"], "out": OUT},
        {"sources": [MOD], "out": OUT, "plugins": ["-x"]},
        {"sources": [MOD], "out": OUT, "profile": ""},
        {"sources": [MOD], "out": OUT, "profile": "a\0"},
    ],
)
def test_settings_that_are_none_are_refused_in_one_sentence(wrong: dict):
    with pytest.raises(UsageError, match=r"^Expected .+; .+\.$"):
        read_settings(json.dumps(wrong).encode())


def test_settings_come_through_as_they_were_sent():
    settings = Settings((MOD,), OUT, max_size=1024)
    assert read_settings(json.dumps({"sources": [MOD], "out": OUT, "max_size": 1024}).encode()) == settings


@pytest.mark.parametrize("wrong", [[], ["mods"], ["--model"], [f"{MOD}\0"], MOD, [1]])
def test_paths_that_are_none_are_refused_in_one_sentence(wrong: object):
    with pytest.raises(UsageError, match=r"^Expected .+; .+\.$"):
        read_paths(json.dumps(wrong).encode())


def test_a_profile_is_never_taken_for_an_option(tmp_path: Path):
    root = instance(tmp_path / "mo2", {}, {"Default": []})
    arguments = convert_arguments(Settings((str(root),), str(tmp_path / "out"), profile="--fast"))
    done = CliRunner().invoke(app, arguments)
    assert "got '--fast'; it has Default." in str(done.exception) + done.output
