"""What a person is told before a run begins."""

from pathlib import Path

import pytest
from support.tiny_project import start

from unbake.train.setup import notices


@pytest.mark.parametrize(("epochs", "told"), [(15, False), (16, True)])
def test_a_cosine_that_would_rise_again_is_told(root: Path, epochs: int, told: bool):
    run = start(root, "A0", f"epochs.max={epochs}")
    assert any("schedule.t_max=16" in sentence for sentence in notices(run)) == told
