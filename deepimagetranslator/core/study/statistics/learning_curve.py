"""The learning curve: a score that grows with the number of training images as a - b n^-c."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepimagetranslator.core.study.statistics.distributions import t_quantile

FEWEST_SIZES = 4
"""Three parameters and one degree of freedom for the error."""
_EXPONENTS = np.geomspace(0.02, 8.0, 600)
_CONFIDENCE = 0.95


@dataclass(frozen=True)
class Curve:
    """A fitted learning curve.

    Attributes:
        a, b, c: of a - b n^-c; ``a`` is the score of endlessly many images.
        lower, upper: the interval of 95 % of ``a``.
    """

    a: float
    b: float
    c: float
    lower: float
    upper: float

    def at(self, size: float) -> float:
        """The score with so many training images."""
        return float(self.a - self.b * size**-self.c)


def fit(sizes: Sequence[int], scores: Sequence[float]) -> Curve | None:
    """The least-squares fit of a - b n^-c; None where the interval of ``a`` is not finite.

    For each exponent a and b are a linear fit; the exponent is searched on a grid. The interval is
    that of the profile: all a for which some b and c give squares of at most
    S (1 + F / (m - 3)), with the smallest squares S of m sizes and F = t^2 for m - 3 degrees of
    freedom (Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1). It is not finite if
    it holds an exponent at an end of the grid, as then the scores do not tell a curve from a line.

    Args:
        sizes: numbers of training images, ascending, each once.
        scores: the mean over persons at each size.
    """
    if len(sizes) < FEWEST_SIZES:
        return None
    n, y = np.asarray(sizes, np.float64), np.asarray(scores, np.float64)
    freedom = len(sizes) - 3
    powers = n[None, :] ** -_EXPONENTS[:, None]
    centred = powers - powers.mean(1, keepdims=True)
    spread = (centred**2).sum(1)
    b = -(centred @ (y - y.mean())) / spread
    a = y.mean() + b * powers.mean(1)
    squares = ((y - (a[:, None] - b[:, None] * powers)) ** 2).sum(1)
    best = int(squares.argmin())
    most = squares[best] * (1 + t_quantile(_CONFIDENCE, freedom) ** 2 / freedom)
    inside = squares <= most
    if inside[0] or inside[-1] or b[best] <= 0:
        return None
    variance = 1 / len(sizes) + powers.mean(1) ** 2 / spread
    half = np.sqrt(np.maximum(0, most - squares) * variance)
    lower, upper = (a - half)[inside].min(), (a + half)[inside].max()
    found = (a[best], b[best], _EXPONENTS[best], lower, upper)
    return Curve(*map(float, found)) if all(map(math.isfinite, found)) else None
