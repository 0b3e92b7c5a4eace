import pytest
from hypothesis import given
from hypothesis import strategies as some

from unbake.data.curriculum import batch_for, compute_crop_size
from unbake.errors import UsageError

SIDES = some.integers(1, 64).map(lambda n: 32 * n)
PROGRESS = some.floats(0, 1)


@given(SIDES, SIDES, PROGRESS)
def test_a_crop_is_a_multiple_of_32_between_its_ends(one: int, other: int, progress: float) -> None:
    start, end = sorted((one, other))
    size = compute_crop_size(progress, start, end)
    assert size % 32 == 0 and start <= size <= end


@given(SIDES, SIDES, PROGRESS, PROGRESS)
def test_crops_never_shrink(one: int, other: int, earlier: float, later: float) -> None:
    start, end = sorted((one, other))
    earlier, later = sorted((earlier, later))
    assert compute_crop_size(earlier, start, end) <= compute_crop_size(later, start, end)


@pytest.mark.parametrize(("progress", "expected"), [(0.0, 256), (1.0, 768), (-1.0, 256), (2.0, 768)])
def test_both_ends_are_met_exactly(progress: float, expected: int) -> None:
    assert compute_crop_size(progress, 256, 768) == expected


def test_a_crop_that_does_not_grow_stays() -> None:
    assert [compute_crop_size(p / 5, 512, 512) for p in range(6)] == [512] * 6


@pytest.mark.parametrize(("start", "end"), [(250, 768), (256, 760), (768, 256), (0, 256)])
def test_ends_that_do_not_fit_are_refused(start: int, end: int) -> None:
    with pytest.raises(UsageError, match=f"got {start} to {end}"):
        compute_crop_size(0.5, start, end)


@given(some.integers(1, 16), SIDES, SIDES)
def test_a_batch_has_no_more_pixels_than_the_recipes_and_all_that_fit(batch: int, px: int, crop: int) -> None:
    samples = batch_for(batch, px, crop)
    assert samples >= 1
    assert samples == 1 or samples * crop**2 <= batch * px**2
    assert (samples + 1) * crop**2 > batch * px**2


def test_the_plans_batch_of_four_at_1024_is_sixty_four_at_256() -> None:
    assert [batch_for(4, 1024, crop) for crop in (256, 512, 768, 1024)] == [64, 16, 7, 4]
