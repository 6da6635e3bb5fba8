"""The statistics of the 2021 paper, for comparison with it: images as if they were independent."""

from __future__ import annotations

import math

import numpy as np

from deepimagetranslator.core.study.results import PRIMARY, Results
from deepimagetranslator.core.study.statistics.anova import tukey, two_way
from deepimagetranslator.core.study.tables import Row, Table
from deepimagetranslator.core.study.variations import Variation

_FEWEST_IMAGES = 2


def as_in_paper(results: Results) -> Table:
    """Two-way analysis of variance of two crossed settings, and Tukey's test of sizes.

    Of the primary measure of each image; images where it is undefined in one of the groups are
    left out of the analysis of variance, which thus is balanced.
    """
    columns = ("test", "what", "images", "difference", "freedom", "f", "p")
    return Table("as_in_paper", columns, (*_anova(results), *_tukey(results)))


def _anova(results: Results) -> list[Row]:
    axes = crossed_axes(results.plan.variations)
    if axes is None:
        return []
    (first, ours), (second, theirs) = axes
    by_setting = {v.settings: v.name for v in results.plan.variations}
    groups = [
        [_values(results, by_setting[(first, a), (second, b)], results.sizes[-1]) for b in theirs]
        for a in ours
    ]
    everywhere = set.intersection(*(set(own) for row in groups for own in row))
    if len(everywhere) < _FEWEST_IMAGES:
        return []
    numbers = sorted(everywhere)
    values = np.array([[[own[number] for number in numbers] for own in row] for row in groups])
    return [
        ("two-way ANOVA", e.name, values.size, math.nan, e.freedom, e.f, e.p)
        for e in two_way(values, (first, second))
    ]


def _tukey(results: Results) -> list[Row]:
    rows: list[Row] = []
    for variation in (v.name for v in results.plan.variations):
        groups = {
            str(size): list(_values(results, variation, size).values())
            for size in results.plan.sizes
        }
        groups = {size: values for size, values in groups.items() if values}
        count = sum(map(len, groups.values()))
        if len(groups) < 2 or count <= len(groups):
            continue
        rows += [
            ("Tukey", f"{variation}: {one.first} - {one.second} images", count, one.difference,
             count - len(groups), math.nan, one.p)
            for one in tukey(groups)
        ]  # fmt: skip
    return rows


def crossed_axes(
    variations: tuple[Variation, ...],
) -> tuple[tuple[str, list[str]], tuple[str, list[str]]] | None:
    """The two settings that are crossed, with their values; None if it is another design."""
    names = [name for name, _ in variations[0].settings]
    if len(names) != 2 or any([n for n, _ in v.settings] != names for v in variations):
        return None
    first, second = (list(dict.fromkeys(v.settings[i][1] for v in variations)) for i in (0, 1))
    if min(len(first), len(second)) < 2 or len(first) * len(second) != len(variations):
        return None
    return (names[0], first), (names[1], second)


def _values(results: Results, variation: str, size: int) -> dict[int, float]:
    """The primary measure of each image for which it is defined."""
    key = PRIMARY, results.plan.measure
    found = {number: own[key] for number, own in results.of_images(variation, size).items()}
    return {number: value for number, value in found.items() if math.isfinite(value)}
