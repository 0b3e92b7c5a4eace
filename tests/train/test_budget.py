"""Steps that fit a budget, and the plan that a second call goes on with."""

from pathlib import Path

import pytest
from support.tiny_project import start, tiny

from unbake.errors import FileError, UsageError
from unbake.prepare.library import write_library
from unbake.project import Project
from unbake.recipe.bundle import Probe
from unbake.synth.materials import FEW
from unbake.train.budget import PLAN, Plan, Planned, Rate, measured_rate, open_plan, steps_for, write_plan
from unbake.train.setup import prepare_data

STAGE = Planned(phase="first", steps=7, step_s=0.5, other_s=1.0, ends_s=4.5)


def test_a_budget_that_is_used_up_leaves_the_least_number_of_steps():
    assert steps_for(-100, Rate(1.0, 0.0), least=5) == 5


def test_a_plan_is_read_as_it_was_written(tmp_path: Path):
    plan = Plan(minutes=3.0, settings=("A0:seed=1",), stages=(STAGE,))
    write_plan(tmp_path, plan)
    assert open_plan(tmp_path, 3.0, ("A0:seed=1",)) == plan


def test_a_project_without_a_plan_gets_an_empty_one_that_is_not_written(tmp_path: Path):
    assert open_plan(tmp_path, 3.0, ()) == Plan(minutes=3.0, settings=())
    assert not (tmp_path / PLAN).exists()


@pytest.mark.parametrize(
    ("minutes", "settings", "told"), [(4.0, ("A0:seed=1",), "3 minutes"), (3.0, ("A0:seed=2",), "A0:seed=1")]
)
def test_other_options_than_those_of_the_plan_are_refused(tmp_path: Path, minutes, settings, told: str):
    write_plan(tmp_path, Plan(minutes=3.0, settings=("A0:seed=1",)))
    with pytest.raises(UsageError, match=told):
        open_plan(tmp_path, minutes, settings)


def test_a_damaged_plan_is_named(tmp_path: Path):
    (tmp_path / PLAN).write_text("{")
    with pytest.raises(FileError, match=PLAN):
        open_plan(tmp_path, 3.0, ())


def test_a_rate_is_measured_and_leaves_nothing(tmp_path: Path):
    root = tmp_path / "project"
    write_library(root / "data" / "MatSynth", size=64, names=FEW[:3])
    assert prepare_data(Project(root), tiny("A0")[0], workers=1) == []
    before = {path for path in root.rglob("*") if "checkpoints" not in path.parts}
    rate = measured_rate(start(root), tmp_path / "probe", Probe(warm=1, steps=2))
    assert rate.step_s > 0 and rate.other_s > 0
    assert {path for path in root.rglob("*") if "checkpoints" not in path.parts} == before
    assert list((root / "checkpoints").iterdir()) == []
