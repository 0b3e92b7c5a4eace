"""The command as a person types it: help, exit codes, one sentence for what went wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "unbake" / "bundled" / "examples" / "legacy"


def unbake(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unbake.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=280)


def test_help_names_every_verb():
    told = unbake("--help").stdout
    assert [
        verb for verb in ("convert", "demo", "train", "phases", "release", "eval") if verb not in told
    ] == []


def test_no_verbs_help_loads_a_heavy_package():
    code = (
        "import contextlib, sys\n"
        "from unbake.cli import VERBS, app\n"
        "from unbake.cli.data import VERBS as DATA\n"
        "for words in [[], *([v] for v in VERBS), *(['data', v] for v in DATA)]:\n"
        "    with contextlib.suppress(SystemExit):\n"
        "        app([*words, '--help'])\n"
        "heavy = {'numpy', 'PIL', 'torch', 'onnxruntime', 'msgspec'} & set(sys.modules)\n"
        "print('loaded:', sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_phases_are_listed_from_the_recipes():
    told = unbake("phases").stdout
    assert "phase_A0" in told
    assert "phase_A" in told


def test_a_folder_converts_to_a_mod_and_a_second_run_does_nothing(tmp_path: Path):
    legacy = tmp_path / "legacy" / "textures" / "clutter"
    shutil.copytree(EXAMPLES / "textures" / "clutter", legacy)
    first = unbake("convert", tmp_path / "legacy", tmp_path / "mod", "--fast")
    assert (first.returncode, first.stderr) == (0, "")
    assert (tmp_path / "mod" / "textures" / "pbr" / "clutter" / "rug01_rmaos.dds").is_file()
    assert (tmp_path / "mod" / "PBRNIFPatcher" / "mod.json").is_file()
    second = unbake("convert", tmp_path / "legacy", tmp_path / "mod", "--fast")
    assert second.stdout.startswith("0 converted, 3 unchanged")


def test_a_bad_file_is_named_and_the_exit_code_is_one(tmp_path: Path):
    legacy = tmp_path / "legacy"
    legacy.mkdir()
    for name in ("rug01.dds", "rug01_n.dds"):
        shutil.copy(EXAMPLES / "textures" / "clutter" / name, legacy)
    (legacy / "broken.dds").write_bytes(b"DDS ")
    done = unbake("convert", legacy, tmp_path / "mod", "--preset", "png")
    assert done.returncode == 1
    assert done.stderr.count("failed: broken") == 1
    assert (tmp_path / "mod" / "rug01_albedo.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["convert", "nowhere", "out"], "nowhere"),
        (["convert", ".", "inside"], "apart"),
        (["convert", ".", "../elsewhere"], "textures"),
        (["convert", ".", "../elsewhere", "--preset", "quake"], "skyrim"),
        (["train", "Q"], "A0"),
        (["train", "A0", "--set", "data.px"], "--set"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_two(tmp_path: Path, arguments: list[str], told: str):
    folder = tmp_path / "work"
    folder.mkdir()
    done = unbake(*arguments, cwd=folder)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_dry_run_writes_nothing(tmp_path: Path):
    done = unbake("convert", EXAMPLES, tmp_path / "mod", "--dry-run")
    assert "16 sets would be converted" in done.stdout
    assert not (tmp_path / "mod").exists()
