"""What a person is told before a run begins."""

from pathlib import Path

import pytest
from support.tiny_project import start

from unbake.errors import TrainingError
from unbake.train.setup import notices


@pytest.mark.parametrize(("epochs", "told"), [(15, False), (16, True)])
def test_a_cosine_that_would_rise_again_is_told(root: Path, epochs: int, told: bool):
    run = start(root, "A0", f"epochs.max={epochs}")
    assert any("schedule.t_max=16" in sentence for sentence in notices(run)) == told


@pytest.mark.parametrize("trains", ["[]", '["lora"]'])
def test_a_recipe_that_trains_nothing_is_refused(root: Path, trains: str):
    with pytest.raises(TrainingError, match="got none by"):
        start(root, "A0", f"trains={trains}")
