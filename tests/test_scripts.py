"""The plan's files in scripts/: there under their names, thin, run from a shell, imported from Python."""

import json
import os
import runpy
import subprocess
import sys
from importlib import util
from pathlib import Path

import numpy as np
import pytest
from test_plan import rows

from unbake.domain.maps import OUTPUTS
from unbake.image.files import read_picture, write_png

SCRIPTS = Path(__file__).parents[1] / "scripts"
ADDED = ("check_gate.py", "val.py")
"""Files that the plan names in its text, not in its table of scripts."""
FILES = [line[0] for line in rows("Supporting Scripts")[1:]] + list(ADDED)
JOBS = [f"phase_D_res2K_{kind}.sh" for kind in OUTPUTS]


def table(name: str) -> str:
    """A table of the plan, word for word."""
    text = Path(__file__).with_name("plan.md").read_text(encoding="utf-8").split(f"## {name}\n")[1]
    return text.split("\n## ")[0]


def check_gate(*arguments: object, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "check_gate.py"), *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)


class TestGate:
    def test_the_plans_passing_example_exits_zero_and_shows_the_sum(self):
        done = check_gate(stdin=table("Passing Example"))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "pass: epoch 16: sky_val_loss 0.0948 <= 0.95 x 0.1 (= 0.095) of epoch 14 (-5.2%); "
            "mat_val_loss 0.0935 <= 1.1 x 0.09 (= 0.099) of epoch 14 (+3.9%)\n"
        )

    def test_the_plans_failing_example_exits_one_and_names_both_rules(self):
        done = check_gate("-", stdin=table("Failing example"))
        assert done.returncode == 1
        assert done.stdout == (
            "fail: epoch 24: sky_val_loss 0.0795 is not <= 0.95 x 0.083 (= 0.07885) of epoch 22 (-4.2%); "
            "mat_val_loss 0.0885 is not <= 1.1 x 0.08 (= 0.088) of epoch 22 (+10.6%)\n"
        )

    def test_two_epochs_are_not_yet_enough_and_exit_three(self):
        done = check_gate("--epoch", 15, stdin=table("Passing Example"))
        assert (done.returncode, done.stdout) == (
            3,
            "not yet: epoch 15: there is no epoch 13 of this phase to compare with\n",
        )

    def test_a_nan_in_a_phases_own_log_exits_one(self, tmp_path: Path):
        lines = [{"epoch": e, "sky_val_loss": 0.1 / (e + 1), "mat_val_loss": 0.1} for e in range(4)]
        lines[-1]["sky_val_loss"] = float("nan")
        log = tmp_path / "metrics.jsonl"
        log.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        assert check_gate(log).returncode == 1

    @pytest.mark.parametrize(
        ("arguments", "stdin"), [(["nowhere.jsonl"], ""), ([], "no table here")], ids=["no file", "no table"]
    )
    def test_what_cannot_be_read_is_one_sentence_and_exit_two(self, arguments: list[str], stdin: str):
        done = check_gate(*arguments, stdin=stdin)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert done.stderr.startswith("unbake: Expected")


class TestEntryPoints:
    def test_the_plans_files_are_there(self):
        assert [name for name in (*FILES, *JOBS) if not (SCRIPTS / name).is_file()] == []

    def test_each_is_thin(self):
        lengths = {name: len((SCRIPTS / name).read_text(encoding="utf-8").splitlines()) for name in FILES}
        assert {name: lines for name, lines in lengths.items() if lines > 25} == {}

    def test_help_teaches_without_loading_torch(self):
        code = (
            "import contextlib, io, json, runpy, sys\n"
            "told = {}\n"
            "for path in sys.argv[1:]:\n"
            "    sys.argv = [path, '--help']\n"
            "    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):\n"
            "        runpy.run_path(path, run_name='__main__')\n"
            "    told[path] = out.getvalue()\n"
            "print(json.dumps([told, 'torch' in sys.modules]))\n"
        )
        paths = [str(SCRIPTS / name) for name in FILES]
        done = subprocess.run(
            [sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True, timeout=60
        )
        told, torch_was_loaded = json.loads(done.stdout)
        assert [path for path, text in told.items() if "Usage:" not in text or "Options" not in text] == []
        assert not torch_was_loaded

    @pytest.mark.parametrize("name", FILES)
    def test_importing_one_gives_the_packages_own_function(self, name: str):
        module = imported(name)
        own = {public: getattr(module, public).__module__.split(".")[0] for public in module.__all__}
        assert own == dict.fromkeys(module.__all__, "unbake")
        assert own

    @pytest.mark.parametrize("name", FILES)
    def test_the_assistants_map_says_what_each_gives_and_from_where(self, name: str):
        lines = (SCRIPTS.parent / "AGENTS.md").read_text(encoding="utf-8").splitlines()
        (line,) = (line for line in lines if line.startswith(f"| `scripts/{name}`"))
        module = imported(name)
        homes = {getattr(module, public).__module__.replace(".", "/") + ".py" for public in module.__all__}
        assert [word for word in {*module.__all__, *homes} if f"`{word}`" not in line] == []


def imported(name: str):
    found = util.spec_from_file_location(name.removesuffix(".py"), SCRIPTS / name)
    assert found is not None
    assert found.loader is not None
    module = util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a file of scripts/ in this process (torch is loaded here already): exit code and what it printed."""

    def run(name: str, *arguments: object) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            runpy.run_path(str(SCRIPTS / name), run_name="__main__")
        told = capsys.readouterr()
        return stopped.value.code or 0, told.out + told.err

    return run


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Black, half grey, and a mask whose left half is set; 64 x 64."""
    half = np.zeros((64, 64, 1), np.float32)
    half[:, :32] = 1
    paths = tuple(tmp_path / name for name in ("black.png", "grey.png", "mask.png"))
    for path, picture in zip(
        paths, (np.zeros((64, 64, 3)), np.full((64, 64, 3), 51 / 255), half), strict=True
    ):
        write_png(path, picture.astype(np.float32))
    return paths


class TestRuns:
    def test_the_curriculum_of_a_phase_is_a_table(self, shell):
        code, told = shell("compute_crop_size.py", "B")
        lines = [line.split() for line in told.splitlines()]
        assert (code, lines[0], lines[1], lines[-1]) == (
            0,
            ["epoch", "crop", "batch"],
            ["1", "256", "64"],
            ["12", "512", "16"],
        )

    def test_a_phase_without_a_curriculum_says_so(self, shell):
        assert shell("compute_crop_size.py", "A")[0] == 2

    def test_masked_l1_of_two_pictures_weighs_the_foreground(self, shell, pictures):
        black, grey, mask = pictures
        assert shell("masked_l1.py", black, grey) == (0, "0.200000\n")
        assert shell("masked_l1.py", mask, black, "--mask", mask) == (0, "0.750000\n")  # 3 : 1, not 1 : 1

    def test_the_classes_loss_of_a_sample_that_knows_nothing_is_ln_two(self, shell):
        assert shell("vi_multilabel_loss.py", "0,0,0", "1,0,1") == (0, "0.693147\n")

    def test_as_many_classes_as_logits_are_expected(self, shell):
        assert shell("vi_multilabel_loss.py", "0,0,0", "1,0")[0] == 2

    def test_a_film_block_changes_nothing_before_training(self, shell):
        assert "before training it changes features by 0" in shell("film_conditioning.py")[1]

    def test_skyrims_light_is_the_same_for_the_same_seed_and_changes_the_picture(
        self, shell, pictures, tmp_path: Path
    ):
        _, grey, mask = pictures
        for name, seed in (("one", 1), ("again", 1), ("other", 2)):
            out = tmp_path / f"{name}.png"
            assert shell("skyrim_photometric_aug.py", grey, out, "--ao", mask, "--seed", seed)[0] == 0
        one, again, other = (read_picture(tmp_path / f"{n}.png").pixels for n in ("one", "again", "other"))
        assert (one == again).all()
        assert (one != other).any()
        assert (one != read_picture(grey).pixels).any()

    def test_lpips_without_its_backbone_says_where_to_get_it(
        self, shell, pictures, tmp_path: Path, monkeypatch
    ):
        monkeypatch.setenv("TORCH_HOME", str(tmp_path))
        code, told = shell("lpips_val.py", *pictures[:2])
        assert (code, "alexnet-owt-7be5be79.pth" in told) == (2, True)

    def test_pictures_of_two_sizes_are_not_compared(self, shell, pictures, tmp_path: Path):
        write_png(tmp_path / "small.png", np.zeros((32, 64, 3), np.float32))
        code, told = shell("masked_l1.py", pictures[0], tmp_path / "small.png")
        assert (code, "64x64 and 64x32" in told) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="shell scripts, for machines that train")
class TestJobs:
    @pytest.mark.parametrize("kind", OUTPUTS)
    def test_a_job_trains_its_own_head_and_passes_options_on(self, kind: str, tmp_path: Path):
        stub = tmp_path / "unbake"
        stub.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n', encoding="utf-8")
        stub.chmod(0o755)
        done = subprocess.run(
            [SCRIPTS / f"phase_D_res2K_{kind}.sh", "--root", "a root", "--resume"],
            env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines() == ["train", "D", "--map", kind, "--root", "a root", "--resume"]

    def test_help_says_what_a_job_reads_and_writes(self):
        job = SCRIPTS / "phase_D_res2K_metallic_mask.sh"
        told = subprocess.run([job, "--help"], capture_output=True, text=True, check=True).stdout
        assert told.startswith("phase_D_res2K_metallic_mask: refine")
        assert "checkpoints/D_metallic_mask_best" in told
