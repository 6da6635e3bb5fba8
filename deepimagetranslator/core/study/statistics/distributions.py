"""Tails of the F, t and studentized range distributions, without SciPy.

SciPy would add 100 MB to the program for these three functions; tests compare them with it.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_TINY = 1e-300
_erf = np.vectorize(math.erf, otypes=[np.float64])


def f_tail(value: float, numerator: float, denominator: float) -> float:
    """P(F > value) with these degrees of freedom (DLMF 8.17, incomplete beta function)."""
    if not value > 0:
        return 1.0
    if math.isinf(value):
        return 0.0
    x = denominator / (denominator + numerator * value)
    return _incomplete_beta(denominator / 2, numerator / 2, x)


@cache
def t_quantile(confidence: float, freedom: float) -> float:
    """The t with P(|T| < t) = confidence, by bisection."""
    low, high = 0.0, 1e8
    while high - low > 1e-12 * max(1.0, high):
        middle = (low + high) / 2
        inside = 1 - f_tail(middle**2, 1, freedom)
        low, high = (middle, high) if inside < confidence else (low, middle)
    return (low + high) / 2


def range_tail(value: float, groups: int, freedom: float) -> float:
    """P(Q > value) of the studentized range of Tukey's test.

    The range of ``groups`` standard normal values is at most w with probability
    k int phi(z) (Phi(z) - Phi(z - w))^(k-1) dz, and w is value times an independent estimate s of
    the standard deviation, s^2 chi-squared over its degrees of freedom (Miller, Simultaneous
    Statistical Inference, 1981). Gauss-Legendre quadrature.

    Args:
        value: the range over the standard error of a mean.
        groups: 2 or more.
        freedom: degrees of freedom of the error, 1 or more.
    """
    if not value > 0:
        return 1.0
    wide = 9 / math.sqrt(2 * freedom)
    s, of_s = _nodes(max(1e-9, 1 - wide), 1 + wide, 160)
    log_density = (
        math.log(2)
        + freedom / 2 * math.log(freedom / 2)
        - math.lgamma(freedom / 2)
        + (freedom - 1) * np.log(s)
        - freedom * s**2 / 2
    )
    z, of_z = _nodes(-8.0, 8.0, 160)
    below = _normal(z)[:, None] - _normal(z[:, None] - value * s[None, :])
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    inside = groups * ((density * of_z)[:, None] * below ** (groups - 1)).sum(axis=0)
    return float(min(1.0, max(0.0, 1 - (np.exp(log_density) * of_s * inside).sum())))


def _nodes(low: float, high: float, count: int) -> tuple[Floats, Floats]:
    """Places and weights of Gauss-Legendre quadrature."""
    places, weights = np.polynomial.legendre.leggauss(count)
    return low + (high - low) * (places + 1) / 2, weights * (high - low) / 2


def _normal(z: Floats) -> Floats:
    return np.asarray((1 + _erf(z / math.sqrt(2))) / 2)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularized incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - _incomplete_beta(b, a, 1 - x)
    beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - beta) / a
    return front / _fraction(a, b, x)


def _fraction(a: float, b: float, x: float) -> float:
    """1 + d1/(1 + d2/(1 + ...)), DLMF 8.17.22, by the modified method of Lentz."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, 500):
        m = step // 2
        if step % 2:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + part * d or _TINY)
        c = 1 + part / c or _TINY
        value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
