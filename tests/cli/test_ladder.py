"""`unbake ladder`: what it prints of each phase, and the plan of a dry run."""

from pathlib import Path

import pytest
import typer

from unbake.cli.ladder import ladder
from unbake.recipe.gate import Verdict
from unbake.train import pipeline as climbing
from unbake.train.loop import Finished
from unbake.train.pipeline import PipelineResult


def test_a_dry_run_prints_every_run_with_its_parents_and_makes_nothing(tmp_path: Path, capsys):
    ladder(tmp_path, dry_run=True)
    told = capsys.readouterr().out
    rows = {row.split("│")[1].strip(): row for row in told.splitlines() if row.startswith("│")}
    assert len(rows) == 12
    assert "A_best, unet_albedo from A_alb_syn_best" in rows["B"]
    assert "Cp_best or C_best" in rows["D height"] and "to do" in rows["D height"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def climbed(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch):
    """What the verb prints of a ladder whose first phase passed and whose second failed, and its exit code."""

    def go(force: bool) -> tuple[list[str], int]:
        def run_all(project, steps, emit, **options) -> PipelineResult:
            emit(steps[0], Finished(Verdict.PASS, "it is level", 0.1))
            emit(steps[1], Finished(Verdict.FAIL, "it rose", 0.2))
            return PipelineResult(Verdict.PASS if options["force"] else Verdict.FAIL, steps[1], "it rose")

        monkeypatch.setattr(climbing, "run_all", run_all)
        with pytest.raises(typer.Exit) as end:
            ladder(tmp_path, force=force, device="cpu")
        told = capsys.readouterr()
        return [*told.err.splitlines(), *told.out.splitlines()], end.value.exit_code

    return go


def test_a_phase_that_is_over_says_why_and_a_failed_gate_stops_the_ladder(climbed):
    lines, code = climbed(force=False)
    assert (lines, code) == (["A0: passed: it is level", "A: stopped at a gate: it rose"], 1)


def test_a_gate_that_is_forced_is_told(climbed):
    lines, code = climbed(force=True)
    assert (lines[1], code) == ("A: failed, continued by --force: it rose", 0)


def test_epochs_are_so_many_in_every_phase(tmp_path: Path, capsys):
    ladder(tmp_path, epochs=3, dry_run=True)
    rows = [row.split("│") for row in capsys.readouterr().out.splitlines() if row.startswith("│")]
    assert {row[4].strip() for row in rows} == {"3"}
