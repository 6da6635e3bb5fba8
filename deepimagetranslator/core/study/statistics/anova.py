"""Two-way analysis of variance and Tukey's test, as in the 2021 paper: images as if independent.

Images of one person resemble each other, so these p are too small; they stand beside the
comparisons over persons only to be compared with the paper's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from deepimagetranslator.core.study.statistics.distributions import f_tail, range_tail

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """One line of a table of the analysis of variance.

    Attributes:
        name: a factor, or both joined by " x ".
        squares: the sum of squares.
        freedom: degrees of freedom.
        f, p: of the effect; nan for the error.
    """

    name: str
    squares: float
    freedom: int
    f: float = math.nan
    p: float = math.nan


@dataclass(frozen=True)
class Pairwise:
    """Tukey's comparison of two groups.

    Attributes:
        first, second: the groups' names.
        difference: mean of the first minus that of the second.
        p: adjusted for all pairs.
    """

    first: str
    second: str
    difference: float
    p: float


def two_way(values: Floats, names: tuple[str, str]) -> list[Effect]:
    """The analysis of variance of two crossed factors with interaction, balanced.

    Args:
        values: (levels of the first factor, levels of the second, images), 2 images or more.
        names: of the factors.

    Returns:
        Both factors, their interaction, and the error.
    """
    a, b, n = values.shape
    mean = values.mean()
    rows, columns, cells = values.mean((1, 2)), values.mean((0, 2)), values.mean(2)
    between = n * ((cells - mean) ** 2).sum()
    first, second = b * n * ((rows - mean) ** 2).sum(), a * n * ((columns - mean) ** 2).sum()
    error = Effect("error", float(((values - cells[..., None]) ** 2).sum()), a * b * (n - 1))
    effects = (
        (names[0], first, a - 1),
        (names[1], second, b - 1),
        (" x ".join(names), max(0.0, between - first - second), (a - 1) * (b - 1)),
    )
    return [*(_tested(*effect, error) for effect in effects), error]


def tukey(groups: Mapping[str, Sequence[float]]) -> list[Pairwise]:
    """Tukey's honestly significant differences of all pairs of groups (Tukey and Kramer).

    Args:
        groups: by name, the values; 2 groups or more with 2 values or more in one of them.
    """
    arrays = {name: np.asarray(values, np.float64) for name, values in groups.items()}
    freedom = sum(map(len, arrays.values())) - len(arrays)
    error = sum(float(((x - x.mean()) ** 2).sum()) for x in arrays.values()) / freedom
    found = []
    for first, second in combinations(arrays, 2):
        one, other = arrays[first], arrays[second]
        difference = float(one.mean() - other.mean())
        spread = math.sqrt(error / 2 * (1 / len(one) + 1 / len(other)))
        value = abs(difference) / spread if spread else math.inf * bool(difference) or 0.0
        p = 0.0 if math.isinf(value) else range_tail(value, len(arrays), freedom)
        found.append(Pairwise(first, second, difference, p))
    return found


def _tested(name: str, squares: float, freedom: int, error: Effect) -> Effect:
    noise = error.squares / error.freedom
    f = float(squares / freedom / noise) if noise else math.nan
    p = math.nan if math.isnan(f) else f_tail(f, freedom, error.freedom)
    return Effect(name, float(squares), freedom, f, p)
