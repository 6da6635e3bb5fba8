"""Several comparisons of one plan: when a p may be given, and its correction."""

from __future__ import annotations

from collections.abc import Sequence

from deepimagetranslator.core.study.statistics.sign_flips import ALPHA, smallest_p


def holm(values: Sequence[float]) -> list[float]:
    """Holm's adjusted p of each comparison of a family.

    The i-th smallest of m is multiplied by m - i + 1, at most 1, and is no lower than the one
    before (Holm, "A simple sequentially rejective multiple test procedure", 1979).
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted = [0.0] * len(values)
    highest = 0.0
    for place, number in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - place) * values[number]))
        adjusted[number] = highest
    return adjusted


def may_test(persons: int, comparisons: int) -> bool:
    """Whether the smallest possible p, times the number of comparisons, is at most .05.

    One comparison needs 6 persons, three need 7, six need 8.
    """
    return smallest_p(persons) * comparisons <= ALPHA


def fewest_persons(comparisons: int) -> int:
    """The number of persons from which ``may_test`` allows a p."""
    return next(n for n in range(1, 64) if may_test(n, comparisons))


def why_no_p(persons: int, comparisons: int) -> str:
    """The sentence in the place of a p that few persons cannot give."""
    some = f"{comparisons} comparisons" if comparisons > 1 else "one comparison"
    return (
        f"No p: with {persons} person{'s' * (persons != 1)} and {some} the smallest possible one "
        f"is {min(1.0, smallest_p(persons) * comparisons):.2g}, so none could be at most .05; "
        f"{fewest_persons(comparisons)} persons are needed."
    )
