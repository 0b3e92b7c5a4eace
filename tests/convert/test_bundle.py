from pathlib import Path
from typing import Any

import pytest
from support.model_bundle import bundle

from unbake.convert.bundle import read_card
from unbake.domain.card import FORMAT
from unbake.domain.maps import OUTPUTS
from unbake.errors import UsageError
from unbake.image.geometry import GEOMETRY_VERSION


def test_a_card_is_read_and_what_is_for_people_ignored(tmp_path: Path) -> None:
    card = read_card(bundle(tmp_path))
    assert (card.stride, card.halo, card.classes) == (8, 40, ("wood", "metal"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 1}, f"format {FORMAT}"),
        ({"geometry_version": GEOMETRY_VERSION + 1}, "geometry version"),
        ({"use": {"albedo": "network"}}, "list of maps"),
        ({"use": dict.fromkeys(OUTPUTS, "guess")}, "cannot be read"),
        ({"stride": 0}, "cannot be read"),
    ],
)
def test_a_card_that_does_not_fit_is_a_usage_error(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        read_card(bundle(tmp_path, **changes))
