"""Every map says of itself what its values are; nothing else knows it by its name."""

import pytest

from unbake.domain.maps import OUTPUTS, SPECS, MapKind, spec

KINDS = list(MapKind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_spec(kind):
    assert spec(kind).kind == kind and spec(str(kind)) is SPECS[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_neutral_value_has_every_channel_and_lies_in_the_range(kind):
    about = spec(kind)
    assert len(about.neutral) == about.channels
    assert all(about.low <= value <= about.high for value in about.neutral)


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_starts_as_another_of_as_many_channels(kind):
    start = spec(kind).start
    assert start is None or spec(start).channels == spec(kind).channels


@pytest.mark.parametrize("kind", KINDS)
def test_a_pivot_is_a_value_of_a_map_of_one_channel_of_data(kind):
    about = spec(kind)
    assert about.pivot is None or (about.channels == 1 and about.colour == "linear")
    assert about.pivot is None or about.low <= about.pivot <= about.high


def test_the_outputs_are_no_inputs():
    optional = {kind for kind in KINDS if spec(kind).optional}
    assert set(OUTPUTS).isdisjoint({MapKind.DIFFUSE, MapKind.NORMAL, MapKind.COARSE, *optional})
