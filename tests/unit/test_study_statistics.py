"""The statistics of a study: against SciPy, statsmodels, brute force and cases worked by hand."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from deepimagetranslator.core.study.statistics.agreement import agreement
from deepimagetranslator.core.study.statistics.anova import tukey, two_way
from deepimagetranslator.core.study.statistics.distributions import f_tail, range_tail, t_quantile
from deepimagetranslator.core.study.statistics.families import (
    fewest_persons,
    holm,
    may_test,
    why_no_p,
)
from deepimagetranslator.core.study.statistics.learning_curve import fit
from deepimagetranslator.core.study.statistics.sign_flips import (
    ALPHA,
    MOST_EXACT,
    RANDOM_FLIPS,
    interval,
    p_value,
    smallest_p,
)


def all_signs(differences: np.ndarray) -> np.ndarray:
    """The sums of the differences with all 2^n signs, one after another."""
    signs = np.array(list(product((1, -1), repeat=len(differences))))
    return signs @ differences


def skewed_differences(rng: np.random.Generator, persons: int) -> np.ndarray:
    """Of two scores of each person with exchangeable errors, skewed as those of Dice are: the
    persons differ, and some trainings fail."""
    return rng.exponential(0.05, persons) - rng.exponential(0.05, persons)


@pytest.mark.parametrize("persons", [1, 2, 5, 6, 9])
def test_the_sign_flip_test_counts_all_signs(persons: int) -> None:
    d = np.random.default_rng(persons).exponential(size=persons) - 0.4
    sums = np.abs(all_signs(d))
    assert p_value(d) == np.mean(sums >= sums[0] * (1 - 1e-12))


def test_the_sign_flip_test_is_scipys() -> None:
    d = np.random.default_rng(3).normal(0.3, 1, 7)
    found = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert p_value(d) == pytest.approx(found.pvalue)


def test_means_that_differ_by_rounding_only_are_ties() -> None:
    # By hand: of the 8 signs of three equal differences only +++ and --- are as far from 0.
    assert p_value([0.1, 0.1, 0.1]) == 0.25
    # 0.1 + 0.2 - 0.3 is not 0 in binary; +-+ and so on tie: |+1+2-3| = 0 <= |1-2+3| = 2.
    assert p_value([0.1, -0.2, 0.3]) == 6 / 8
    assert p_value([0.0, 0.0]) == 1


@pytest.mark.parametrize("persons", [6, 7, 8, 10])
def test_the_interval_holds_exactly_the_means_that_are_not_rejected(persons: int) -> None:
    d = np.random.default_rng(persons).gamma(0.7, size=persons)
    found = interval(d)
    assert found is not None
    for limit, outwards in zip(found, (-1e-6, 1e-6), strict=True):
        assert p_value(d - limit) > ALPHA
        assert p_value(d - limit - outwards) <= ALPHA
        assert p_value(d - limit + outwards) > ALPHA


def test_the_limits_are_order_statistics_of_the_subset_means() -> None:
    # Hartigan (1969): with 8 persons 2 (1 + k) / 256 is over .05 first at k = 6.
    d = np.random.default_rng(8).gamma(0.7, size=8)
    sets = [np.array(s, bool) for s in product((0, 1), repeat=8) if any(s)]
    means = sorted(d[s].mean() for s in sets)
    assert interval(d) == pytest.approx((means[5], means[-6]))


def test_six_persons_have_the_interval_of_their_range_and_five_none() -> None:
    assert interval([3.0, 1.0, 4.0, 1.5, 9.0, 2.6]) == (1.0, 9.0)
    assert interval([3.0, 1.0, 4.0, 1.5, 9.0]) is None
    assert interval([]) is None


def test_above_twenty_persons_random_signs_repeat() -> None:
    d = np.random.default_rng(1).normal(0.4, 1, MOST_EXACT + 5)
    p, found = p_value(d), interval(d)
    assert found is not None and (p, found) == (p_value(d), interval(d))
    exact = np.mean(np.abs(_random_sums(d)) >= abs(d.sum()))
    assert p == pytest.approx(exact, abs=4 * math.sqrt(exact / RANDOM_FLIPS))
    spread = stats.t.ppf(0.975, d.size - 1) * d.std(ddof=1) / math.sqrt(d.size)
    assert found == pytest.approx((d.mean() - spread, d.mean() + spread), abs=0.15 * spread)
    assert p_value([1.0] * 30) == smallest_p(30) == 1 / (1 + RANDOM_FLIPS)


def _random_sums(d: np.ndarray) -> np.ndarray:
    return np.random.default_rng(7).choice([1, -1], (200_000, d.size)) @ d


def test_the_error_is_at_most_five_per_cent_whatever_the_sizes_are() -> None:
    """Without an effect all signs of these sizes are as likely: of all of them at most 5 % reach
    a p of .05. This is exact, not simulated."""
    sizes = np.random.default_rng(2).exponential(size=8) ** 2
    sums = all_signs(sizes)
    rejected = np.array([np.mean(np.abs(sums) >= abs(s) - 1e-12) for s in sums]) <= ALPHA
    ours = [p_value(np.array(s) * sizes) <= ALPHA for s in product((1, -1), repeat=8)]
    assert list(rejected) == ours
    assert 0.03 < np.mean(ours) <= 0.05


@pytest.mark.parametrize("persons", [8, 12, 20])
def test_the_interval_covers_the_effect_of_skewed_scores(persons: int) -> None:
    """Simulated with an effect of 0.03 on scores with exchangeable errors.

    The interval holds the effect if the test does not reject it. Of 3000 studies the share has a
    standard error of 0.4 %.
    """
    rng = np.random.default_rng(persons)
    covered = [p_value(0.03 + skewed_differences(rng, persons) - 0.03) > ALPHA for _ in range(3000)]
    assert 0.93 <= np.mean(covered) <= 0.97


def test_holm_by_hand() -> None:
    # Sorted .01, .02, .03, .04 times 4, 3, 2, 1: .04, .06, .06, .04, and none below the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_a_p_needs_persons_that_can_be_significant() -> None:
    assert [fewest_persons(count) for count in (1, 3, 6)] == [6, 7, 8]
    assert may_test(6, 1) and not may_test(6, 2) and not may_test(5, 1)
    assert "3 persons and one comparison" in why_no_p(3, 1)
    assert "0.25" in why_no_p(3, 1) and "6 persons are needed" in why_no_p(3, 1)


@pytest.mark.parametrize("value", [0.2, 1.0, 3.5, 12.0])
@pytest.mark.parametrize("freedom", [1, 3, 12, 400])
def test_tails_are_scipys(value: float, freedom: int) -> None:
    assert f_tail(value, 3, freedom) == pytest.approx(stats.f.sf(value, 3, freedom), rel=1e-9)
    theirs = stats.studentized_range.sf(value, 4, freedom)
    assert range_tail(value, 4, freedom) == pytest.approx(theirs, abs=1e-7)
    assert t_quantile(0.95, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-9)


def test_the_two_way_analysis_of_variance_by_hand() -> None:
    # Cell means 2, 4, 6, 12 of two values each, one below and one above: rows 3 and 9, columns 4
    # and 8, all 6: 4 (9 + 9) = 72, 4 (4 + 4) = 32, 2 (16 + 4 + 0 + 36) - 104 = 8, error 8.
    values = np.array([[[1.0, 3], [3, 5]], [[5, 7], [11, 13]]])
    found = two_way(values, ("a", "b"))
    assert [e.name for e in found] == ["a", "b", "a x b", "error"]
    assert [e.squares for e in found] == pytest.approx([72, 32, 8, 8])
    assert [e.freedom for e in found] == [1, 1, 1, 4]
    assert [e.f for e in found[:3]] == pytest.approx([36, 16, 4])
    assert [e.p for e in found[:3]] == pytest.approx(list(stats.f.sf([36, 16, 4], 1, 4)))


def test_the_two_way_analysis_of_variance_is_that_of_statsmodels() -> None:
    smf = pytest.importorskip("statsmodels.formula.api", reason="of the extra dev")
    from pandas import DataFrame  # noqa: PLC0415
    from statsmodels.stats.anova import anova_lm  # noqa: PLC0415

    values = np.random.default_rng(5).normal(size=(2, 3, 7)) + np.arange(3)[:, None]
    place = np.indices(values.shape).reshape(3, -1)
    data = {"y": values.ravel(), "a": place[0].astype(str), "b": place[1].astype(str)}
    theirs = anova_lm(smf.ols("y ~ a * b", DataFrame(data)).fit())
    ours = two_way(values, ("a", "b"))
    assert [e.squares for e in ours] == pytest.approx(list(theirs["sum_sq"]))
    assert [e.p for e in ours[:3]] == pytest.approx(list(theirs["PR(>F)"])[:3])


def test_tukeys_test_is_scipys() -> None:
    rng = np.random.default_rng(4)
    groups = {str(n): rng.normal(n / 2, 1, 5 + n) for n in range(4)}
    theirs = stats.tukey_hsd(*groups.values()).pvalue
    for one in tukey(groups):
        assert one.p == pytest.approx(theirs[int(one.first), int(one.second)], abs=1e-7)
    assert [p.p for p in tukey({"a": [1, 1], "b": [1, 1], "c": [2, 2]})] == [1, 0, 0]


def test_limits_of_agreement_by_hand() -> None:
    # Differences 1..11: mean 6, SD sqrt(11); t of 10 degrees of freedom is 2.228.
    found = agreement(range(1, 12))
    sd, t = math.sqrt(11), stats.t.ppf(0.975, 10)
    assert found is not None and found.bias == 6 and found.persons == 11
    assert (found.lower, found.upper) == pytest.approx((6 - 1.96 * sd, 6 + 1.96 * sd))
    assert found.of_bias == pytest.approx((6 - t, 6 + t))
    error = sd * math.sqrt(1 / 11 + 1.96**2 / 20)
    assert found.of_upper == pytest.approx((6 + 1.96 * sd - t * error, 6 + 1.96 * sd + t * error))
    assert agreement(range(9)) is None


SIZES = (5, 10, 17, 42, 84, 165)


@settings(max_examples=25)
@given(st.floats(0.6, 1), st.floats(0.2, 2), st.floats(0.2, 1.5))
def test_a_learning_curve_is_found_again(a: float, b: float, c: float) -> None:
    curve = fit(SIZES, [a - b * n**-c for n in SIZES])
    assert curve is not None
    assert curve.c == pytest.approx(c, rel=0.02)
    assert curve.lower <= curve.a <= curve.upper
    assert curve.a == pytest.approx(a, abs=0.02 * b)


def test_no_curve_where_its_interval_is_not_finite() -> None:
    assert fit(SIZES[:3], [0.5, 0.6, 0.65]) is None
    assert fit(SIZES, [math.log(n) / 10 for n in SIZES]) is None  # it never levels off
    assert fit(SIZES, [0.8, 0.78, 0.81, 0.79, 0.8, 0.79]) is None  # it is level
    assert fit(SIZES, [0.9, 0.8, 0.7, 0.65, 0.6, 0.55]) is None  # it falls
