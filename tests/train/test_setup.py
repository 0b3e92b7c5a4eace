"""What a person is told before a run begins."""

from pathlib import Path

import pytest
from support.tiny_project import start, tiny

from unbake.errors import TrainingError
from unbake.project import Project
from unbake.train.setup import notices, prepare_data


@pytest.mark.parametrize(("epochs", "told"), [(15, False), (16, True)])
def test_a_cosine_that_would_rise_again_is_told(root: Path, epochs: int, told: bool):
    run = start(root, "A0", f"epochs.max={epochs}")
    assert any("schedule.t_max=16" in sentence for sentence in notices(run)) == told


@pytest.mark.parametrize("trains", ["[]", '["lora"]'])
def test_a_recipe_that_trains_nothing_is_refused(root: Path, trains: str):
    with pytest.raises(TrainingError, match="got none by"):
        start(root, "A0", f"trains={trains}")


def test_a_cache_that_another_run_has_split_otherwise_is_refused(root: Path):
    assert prepare_data(Project(root), tiny("A0", "data.fold=[1, 2]")[0], workers=1) == []
    with pytest.raises(TrainingError, match=r"with the split that data.held_out and data.fold ask for"):
        start(root, "A0")
    assert start(root, "A0", "data.fold=[1, 2]").recipe.data.fold == (1, 2)
