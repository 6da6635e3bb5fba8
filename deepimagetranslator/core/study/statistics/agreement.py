"""Bland and Altman's limits of agreement between translated and target volumes, over persons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.study.statistics.distributions import t_quantile

FEWEST_PERSONS = 10
"""With fewer persons the limits of agreement are too uncertain to be given."""
_NORMAL = 1.96
_CONFIDENCE = 0.95

Interval = tuple[float, float]


@dataclass(frozen=True)
class Agreement:
    """The limits of agreement.

    Attributes:
        persons: their number.
        bias: the mean difference.
        lower, upper: bias -+ 1.96 SD.
        of_bias, of_lower, of_upper: intervals of 95 % of these three.
    """

    persons: int
    bias: float
    lower: float
    upper: float
    of_bias: Interval
    of_lower: Interval
    of_upper: Interval


def agreement(differences: Sequence[float]) -> Agreement | None:
    """The limits of agreement of differences of one measure; None below ``FEWEST_PERSONS``.

    The standard error of the bias is SD / sqrt(n), that of a limit
    SD sqrt(1/n + 1.96^2 / (2 (n - 1))), each with n - 1 degrees of freedom (Bland and Altman,
    "Measuring agreement in method comparison studies", 1999, section 2).

    Args:
        differences: translated minus target, one for each person.
    """
    n = len(differences)
    if n < FEWEST_PERSONS:
        return None
    bias, sd = float(np.mean(differences)), float(np.std(differences, ddof=1))
    lower, upper = bias - _NORMAL * sd, bias + _NORMAL * sd
    t = t_quantile(_CONFIDENCE, n - 1)
    of_bias = t * sd / math.sqrt(n)
    of_limit = t * sd * math.sqrt(1 / n + _NORMAL**2 / (2 * (n - 1)))
    return Agreement(
        n,
        bias,
        lower,
        upper,
        (bias - of_bias, bias + of_bias),
        (lower - of_limit, lower + of_limit),
        (upper - of_limit, upper + of_limit),
    )
