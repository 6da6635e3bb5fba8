"""The sign-flip test of paired differences, and the interval that its inversion gives.

Assumed is that, without an effect, each person's difference is as likely with the other sign
(differences symmetric about 0, as of two trainings with exchangeable errors); no distribution is.
A person is one difference, so persons and not images are the unit.

Fisher, The Design of Experiments (1935), section 21; Hartigan, "Using subsample values as typical
values", JASA 64 (1969): the means of all subsets of the differences are typical values, so limits
are order statistics of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
MOST_EXACT = 20
"""Up to this number of persons all signs are tried."""
FEWEST_FOR_INTERVAL = 6
"""With fewer persons no interval of 95 % exists: 2 / 2^5 is over .05."""
RANDOM_FLIPS = 19_999
_TIE = 1e-9  # relative to the sum of the absolute differences
_SEED = 2021

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Flips:
    """Sets of persons whose signs are flipped, besides the set of none.

    Of a set and its complement, which give the same size of the mean, the exact test has one.

    Attributes:
        sums: the sum of the differences in each set.
        sizes: the number of persons in each set.
    """

    sums: Floats
    sizes: Floats


def p_value(differences: Sequence[float]) -> float:
    """Two-sided p of the mean difference.

    Up to ``MOST_EXACT`` differences it is exact: the share of the 2^n signs whose mean is at least
    as far from 0, where means that differ by rounding only are equal. Above, it is
    (b + 1) / (m + 1) for the b of m random signs (Phipson and Smyth, 2010); the same differences
    always give the same p.

    Args:
        differences: one finite difference for each person, at least one.
    """
    d = np.asarray(differences, np.float64)
    total, tie = d.sum(), _TIE * np.abs(d).sum()
    if total < 0:
        d, total = -d, -total
    if d.size <= MOST_EXACT:
        return _sets_that_reach(d, total, tie) / 2.0**d.size
    reached = np.abs(total - 2 * _flips(d).sums) >= total - tie
    return float((1 + np.count_nonzero(reached)) / (1 + reached.size))


def smallest_p(persons: int) -> float:
    """The smallest p that the test of so many persons can give: 2 / 2^n, or 1 / (m + 1)."""
    return 2.0 ** (1 - persons) if persons <= MOST_EXACT else 1 / (1 + RANDOM_FLIPS)


def interval(differences: Sequence[float], alpha: float = ALPHA) -> tuple[float, float] | None:
    """The means that the test of the same differences does not reject: an interval of 1 - alpha.

    A mean t below the observed one is reached by the flipped set A if the mean of A, or that of its
    complement, is at most t. So the lower limit is the k-th smallest subset mean, where k is the
    smallest number with 2 (1 + k) / 2^n > alpha, and the upper limit the k-th largest. The exact
    confidence is 1 - 2 k / 2^n if no means are equal.

    Args:
        differences: one finite difference for each person.
        alpha: 1 minus the confidence.

    Returns:
        Lower and upper limit; None if there are too few persons for finite ones.
    """
    d = np.asarray(differences, np.float64)
    if not d.size:
        return None
    flips = _flips(d)
    k = math.floor(alpha * (1 + flips.sums.size) + 1e-9)
    if k < 1:
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        ours = flips.sums / flips.sizes
        others = (d.sum() - flips.sums) / (d.size - flips.sizes)
    lowest = np.nan_to_num(np.minimum(ours, others), nan=-np.inf)
    highest = np.nan_to_num(np.maximum(ours, others), nan=np.inf)
    lower = np.partition(lowest, k - 1)[k - 1]
    upper = -np.partition(-highest, k - 1)[k - 1]
    return float(lower), float(upper)


def _sets_that_reach(d: Floats, total: float, tie: float) -> int:
    """Of all sets of persons, how many with flipped signs give a mean as far from 0.

    Flipping a set of sum s makes the total t into t - 2 s: s is at most 0 or at least t. The sums
    of both halves of the persons are counted against each other, not added to 2^n sums.
    """
    ours, theirs = _subset_sums(d[: d.size // 2]), np.sort(_subset_sums(d[d.size // 2 :]))
    low = np.searchsorted(theirs, tie / 2 - ours, "right").sum()
    below = np.searchsorted(theirs, total - tie / 2 - ours, "left").sum()
    return int(min(2**d.size, low + 2**d.size - below))


def _subset_sums(d: Floats) -> Floats:
    """The sums of all subsets, the empty one first."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums, sums + value])
    return sums


def _flips(d: Floats) -> _Flips:
    if d.size > MOST_EXACT:
        signs = np.random.default_rng(_SEED).integers(0, 2, (RANDOM_FLIPS, d.size), np.uint8)
        return _Flips(signs @ d, signs.sum(axis=1, dtype=np.float64))
    others = d[1:]  # the complements hold the first person
    return _Flips(_subset_sums(others)[1:], _subset_sums(np.ones_like(others))[1:])
