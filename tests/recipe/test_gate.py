"""Judgements over histories: every answer of the gate, and of the other ways a phase can end."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unbake.recipe.gate import (
    MAT,
    SKY,
    Verdict,
    judge,
    keeps,
    lowered,
    plateaued,
    settled,
)

NAN = math.nan
LOSS = st.floats(1e-6, 1e3)
ANYTHING = st.floats(allow_nan=True, allow_infinity=True)


def history(*pairs: tuple[float, float], first: int = 1) -> list[dict[str, float]]:
    """(sky, mat) of epoch `first` and those after it."""
    return [{"epoch": e, SKY: sky, MAT: mat} for e, (sky, mat) in enumerate(pairs, first)]


class TestGate:
    def test_both_rules_kept_is_a_pass(self):
        lines = history((0.1, 0.09), (0.0975, 0.091), (0.0948, 0.0935), first=14)
        assert judge(lines).verdict is Verdict.PASS

    def test_the_reason_shows_the_sum(self):
        lines = history((0.1, 0.09), (0.0975, 0.091), (0.0948, 0.0935), first=14)
        assert judge(lines).reason == (
            "epoch 16: sky_val_loss 0.0948 <= 0.95 x 0.1 (= 0.095) of epoch 14 (-5.2%); "
            "mat_val_loss 0.0935 <= 1.1 x 0.09 (= 0.099) of epoch 14 (+3.9%)"
        )

    def test_too_little_gain_on_skyrim_fails_and_is_named(self):
        verdict, reason = judge(history((0.1, 0.09), (0.1, 0.09), (0.096, 0.09)))
        assert (verdict, "sky_val_loss 0.096 is not <=" in reason) == (Verdict.FAIL, True)

    def test_too_much_loss_on_matsynth_fails_and_is_named(self):
        verdict, reason = judge(history((0.1, 0.09), (0.1, 0.09), (0.09, 0.1)))
        assert (verdict, "mat_val_loss 0.1 is not <=" in reason) == (Verdict.FAIL, True)

    def test_two_epochs_are_not_yet_enough(self):
        verdict, reason = judge(history((0.1, 0.09), (0.09, 0.09)))
        assert (verdict, "no epoch 0" in reason) == (Verdict.NOT_YET, True)

    def test_the_state_before_training_is_no_epoch(self):
        assert judge(history((0.5, 0.5), (0.1, 0.09), (0.09, 0.09), first=0)).verdict is Verdict.NOT_YET

    def test_an_empty_history_is_not_yet_enough(self):
        assert judge([]) == (Verdict.NOT_YET, "there is no epoch 1 of this phase yet")

    def test_an_epoch_that_is_not_there_is_named(self):
        assert judge(history((0.1, 0.1)), epoch=7) == (
            Verdict.NOT_YET,
            "there is no epoch 7 of this phase yet",
        )

    def test_an_earlier_epoch_can_be_asked_for(self):
        lines = history((0.1, 0.09), (0.1, 0.09), (0.09, 0.09), (0.2, 0.2))
        assert (judge(lines, epoch=3).verdict, judge(lines).verdict) == (Verdict.PASS, Verdict.FAIL)

    def test_the_order_of_the_lines_does_not_matter(self):
        lines = history((0.1, 0.09), (0.1, 0.09), (0.09, 0.09))
        assert judge(lines[::-1]) == judge(lines)

    def test_epochs_that_were_not_logged_do_not_shift_the_comparison(self):
        lines = history((0.1, 0.09), (0.5, 0.5), (0.09, 0.09))
        assert judge([lines[0], lines[2]]).verdict is Verdict.PASS

    @pytest.mark.parametrize("poison", [NAN, math.inf, -math.inf])
    @pytest.mark.parametrize("name", [SKY, MAT])
    @pytest.mark.parametrize("line", [0, 2], ids=["two epochs ago", "today"])
    def test_a_value_that_is_no_number_never_passes(self, line: int, name: str, poison: float):
        lines = history((0.1, 0.09), (0.1, 0.09), (0.09, 0.09))
        lines[line][name] = poison
        assert judge(lines).verdict is Verdict.FAIL

    @pytest.mark.parametrize("name", [SKY, MAT])
    @pytest.mark.parametrize("line", [0, 2], ids=["two epochs ago", "today"])
    def test_a_missing_value_never_passes(self, line: int, name: str):
        lines = history((0.1, 0.09), (0.1, 0.09), (0.09, 0.09))
        del lines[line][name]
        assert judge(lines).verdict is Verdict.FAIL

    def test_a_nan_of_today_fails_even_where_there_is_nothing_to_compare_it_with(self):
        assert judge(history((NAN, 0.09))).verdict is Verdict.FAIL

    @given(st.integers(1, 10**6))
    def test_a_fall_of_exactly_the_share_passes_as_it_would_on_paper(self, units: int):
        before = Fraction(units, 10_000)
        at_the_bound = (float(before * 95 / 100), float(before * 110 / 100))
        lines = history((float(before), float(before)), (1, 1), at_the_bound)
        assert judge(lines).verdict is Verdict.PASS

    @given(LOSS, LOSS, LOSS, LOSS)
    def test_it_passes_when_and_only_when_both_inequalities_hold(self, sky0, mat0, sky2, mat2):
        passes = sky2 <= 0.95 * sky0 * (1 + 1e-9) and mat2 <= 1.10 * mat0 * (1 + 1e-9)
        lines = history((sky0, mat0), (1.0, 1.0), (sky2, mat2))
        assert judge(lines).verdict is (Verdict.PASS if passes else Verdict.FAIL)

    @given(st.lists(st.tuples(LOSS, LOSS), min_size=3, max_size=3), st.sampled_from([1e-3, 0.5, 64.0]))
    def test_the_unit_of_the_loss_does_not_matter(self, pairs, unit):
        def clear_of_the_bound(now, then, factor):
            return not math.isclose(now, factor * then, rel_tol=1e-6)

        scaled = [(sky * unit, mat * unit) for sky, mat in pairs]
        if clear_of_the_bound(pairs[2][0], pairs[0][0], 0.95) and clear_of_the_bound(
            pairs[2][1], pairs[0][1], 1.10
        ):
            assert judge(history(*scaled)).verdict is judge(history(*pairs)).verdict

    @given(st.lists(st.tuples(ANYTHING, ANYTHING), max_size=5))
    def test_what_is_no_finite_number_never_passes(self, pairs):
        lines = history(*pairs)
        touched = [value for pair in (pairs[-1:] + pairs[-3:-2]) for value in pair]
        if judge(lines).verdict is Verdict.PASS:
            assert all(map(math.isfinite, touched))


class TestMatsynthRule:
    def test_a_rise_within_a_tenth_is_kept(self):
        assert keeps(history((1, 0.09), (1, 0.09), (1, 0.099)), epoch=3, mat=1.10, back=2)

    def test_a_larger_rise_is_not(self):
        assert not keeps(history((1, 0.09), (1, 0.09), (1, 0.0991)), epoch=3, mat=1.10, back=2)

    def test_the_first_epochs_have_nothing_to_break(self):
        assert keeps(history((1, 0.09), (1, 9.0), first=0), epoch=1, mat=1.10, back=1)

    def test_a_nan_breaks_it(self):
        assert not keeps(history((1, 0.09), (1, 0.09), (1, NAN)), epoch=3, mat=1.10, back=2)


class TestSettled:
    def test_a_loss_that_fell_and_is_level_has_settled(self):
        assert settled([2.0, 1.2, 1.0, 1.01, 1.0], fall=0.2, window=3, within=0.03)

    def test_a_level_loss_that_never_fell_has_not_settled(self):
        assert not settled([1.0, 1.0, 1.0, 1.0], fall=0.2, window=3, within=0.03)

    def test_a_loss_that_still_falls_has_not_settled(self):
        assert not settled([2.0, 1.5, 1.2, 1.0], fall=0.2, window=3, within=0.03)

    def test_the_state_before_training_is_not_part_of_the_window(self):
        assert not settled([1.0, 1.0, 1.0], fall=0.0, window=3, within=0.03)
        assert settled([1.0, 1.0, 1.0, 1.0], fall=0.0, window=3, within=0.03)

    def test_a_nan_never_settles(self):
        assert not settled([2.0, NAN, 1.0, 1.0, 1.0], fall=0.2, window=3, within=0.03)

    def test_no_values_have_not_settled(self):
        assert not settled([], fall=0.2, window=3, within=0.03)


class TestPlateau:
    def test_it_needs_a_best_as_old_as_the_patience(self):
        assert not plateaued([3.0, 1.0, 1.1], patience=2)
        assert plateaued([3.0, 1.0, 1.1, 1.1], patience=2)

    def test_a_nan_is_never_the_best(self):
        assert plateaued([1.0, NAN, NAN], patience=2)
        assert not plateaued([NAN, NAN, 1.0], patience=2)

    def test_no_values_are_no_plateau(self):
        assert not plateaued([], patience=0)

    @given(st.lists(LOSS, min_size=1), st.integers(1, 5))
    def test_a_new_best_ends_it(self, values: list[float], patience: int):
        assert not plateaued([*values, min(values) / 2], patience)

    @given(st.lists(LOSS, min_size=1), st.integers(1, 5))
    def test_as_many_worse_epochs_as_the_patience_are_one(self, values: list[float], patience: int):
        assert plateaued([*values, *[max(values) * 2] * patience], patience)


class TestLowered:
    def test_all_lower_than_before_training_passes(self):
        assert lowered([{"l1": 0.2, "lpips": 0.3}, {"l1": 0.1, "lpips": 0.2}], ["l1", "lpips"]) == (
            Verdict.PASS,
            "lower than before training: l1, lpips",
        )

    def test_one_that_is_not_fails_and_is_named_alone(self):
        verdict, reason = lowered([{"l1": 0.2, "lpips": 0.3}, {"l1": 0.1, "lpips": 0.3}], ["l1", "lpips"])
        assert (verdict, reason) == (
            Verdict.FAIL,
            "not lower than before training: lpips 0.3000, at first 0.3000",
        )

    def test_only_the_first_and_the_last_line_count(self):
        assert lowered([{"l1": 0.2}, {"l1": 0.9}, {"l1": 0.1}], ["l1"]).verdict is Verdict.PASS

    @pytest.mark.parametrize("lines", [[{"l1": 0.2}, {}], [{}, {"l1": 0.1}], [{"l1": 0.2}, {"l1": NAN}]])
    def test_what_is_missing_or_no_number_fails(self, lines: list[dict[str, float]]):
        assert lowered(lines, ["l1"]).verdict is Verdict.FAIL
