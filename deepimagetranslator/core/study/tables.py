"""The tables of a report, as rows of cells; the same results always give the same text."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from deepimagetranslator.core.evaluation.summary import Spread
from deepimagetranslator.core.study.comparing import Compared
from deepimagetranslator.core.study.results import Results, keys_of
from deepimagetranslator.core.study.scores import undefined
from deepimagetranslator.core.study.statistics.agreement import agreement
from deepimagetranslator.core.study.statistics.learning_curve import fit
from deepimagetranslator.core.system.csv_text import csv_text

Row = Sequence[str | float | int]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: of its file, without ".csv".
        columns: names of the columns.
        rows: text and numbers; nan is an empty cell.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def csv(self) -> str:
        """The table as CSV; numbers have 6 significant digits."""
        return csv_text([self.columns, *([shown(cell) for cell in row] for row in self.rows)])


def shown(cell: str | float | int) -> str:
    """A cell as text; nan and infinity are empty."""
    if isinstance(cell, float):
        return f"{cell:.6g}" if math.isfinite(cell) else ""
    return str(cell)


def runs(results: Results) -> Table:
    """Whence everything comes: the run's folder and the weights of each cell."""
    columns = (
        *("cell", "variation", "size", "fold", "repeat", "folder", "settings"),
        *("weights", "sha256", "arrays_sha256"),
    )
    rows = [
        (
            *(cell.name, cell.variation, _size(cell.size), cell.fold, cell.repeat),
            *(f"cells/{cell.name}", f"variations/{cell.variation}.json"),
            *(scores.weights, scores.sha256, scores.arrays),
        )
        for found in (results.cells, results.optimistic)
        for cell, scores in found.items()
    ]
    return Table("runs", columns, tuple(rows))


def images(results: Results) -> Table:
    """Each tested image of each cell: the measures of each channel."""
    rows = [
        (cell.name, image.person, image.number, image.image, channel, measure, value)
        for cell, scores in results.cells.items()
        for image, measures in scores.of_images()
        for channel, own in measures.items()
        for measure, value in own.items()
    ]
    columns = ("cell", "person", "number", "image", "channel", "measure", "value")
    return Table("images", columns, tuple(rows))


def persons(results: Results) -> Table:
    """Each person, all of whose images are one volume, averaged over repeats."""
    rows = [
        (variation, _size(size), person, channel, measure, value)
        for variation, size in results.groups()
        for person, own in results.of_persons(variation, size).items()
        for (channel, measure), value in own.items()
    ]
    columns = ("variation", "size", "person", "channel", "measure", "value")
    return Table("persons", columns, tuple(rows))


def summary(results: Results) -> Table:
    """Mean, SD, median and range over persons and over images; undefined ones are counted."""
    columns = (
        *("variation", "size", "over", "persons", "images", "channel", "measure"),
        *("undefined", "mean", "sd", "median", "lowest", "highest"),
    )
    rows: list[Row] = []
    for variation, size in results.groups():
        of_images = results.of_images(variation, size)
        of_persons = results.of_persons(variation, size)
        counts = len(of_persons), len(of_images)
        sides: tuple[tuple[str, Mapping[Any, Any]], ...] = (
            ("persons", of_persons),
            ("images", of_images),
        )
        for over, values in sides:
            for key in keys_of(values):
                own = [one.get(key, math.nan) for one in values.values()]
                rows.append((variation, _size(size), over, *counts, *key, *_spread(own)))
    return Table("summary", columns, tuple(rows))


def comparisons(found: Sequence[Compared]) -> Table:
    """The plan's comparisons, over persons."""
    columns = (
        *("first", "second", "size", "persons", "mean_difference", "lower_95", "upper_95"),
        *("p", "p_holm", "why"),
    )
    rows = [
        (
            *(one.first, one.second, _size(one.size), len(one.differences), one.mean),
            *(one.interval or (math.nan, math.nan)),
            *(math.nan if p is None else p for p in (one.p, one.adjusted)),
            one.why,
        )
        for one in found
    ]
    return Table("comparisons", columns, tuple(rows))


def differences(found: Sequence[Compared]) -> Table:
    """Each person's difference in each of the plan's comparisons."""
    rows = [
        (one.first, one.second, person, value)
        for one in found
        for person, value in one.differences.items()
    ]
    return Table("differences", ("first", "second", "person", "difference"), tuple(rows))


def learning_curve(results: Results) -> Table:
    """The mean over persons at each size: of each repeat, of all, and the fit a - b n^-c."""
    columns = ("variation", "what", "size", "value", "lower_95", "upper_95")
    rows: list[Row] = []
    for variation in (v.name for v in results.plan.variations):
        means = results.means_by_size(variation)
        for size in results.plan.sizes:
            for repeat, value in results.by_repeat(variation, size).items():
                rows.append((variation, f"repeat {repeat}", size, value, math.nan, math.nan))
            if size in means:
                rows.append((variation, "mean", size, means[size], math.nan, math.nan))
        curve = fit(list(means), list(means.values()))
        if curve is not None:
            limits = (curve.lower, curve.upper)
            rows.append((variation, "fit a", "", curve.a, *limits))
            rows.append((variation, "fit b", "", curve.b, math.nan, math.nan))
            rows.append((variation, "fit c", "", curve.c, math.nan, math.nan))
    return Table("learning_curve", columns, tuple(rows))


def volumes(results: Results) -> Table:
    """Pixels of target and translation, one line a person; Bland and Altman's limits below.

    Pixels, as image files mostly state no size of a voxel.
    """
    columns = (
        *("variation", "size", "channel", "what", "target", "translated"),
        *("value", "lower_95", "upper_95"),
    )
    rows: list[Row] = []
    for variation, size in results.groups():
        for channel, own in results.volumes(variation, size).items():
            head = (variation, _size(size), channel)
            for person, (t, p) in own.items():
                rows.append((*head, person, t, p, p - t, math.nan, math.nan))
            rows += [
                (*head, name, math.nan, math.nan, value, *limits)
                for name, value, limits in _limits([p - t for t, p in own.values()])
            ]
    return Table("volumes", columns, tuple(rows))


def optimistic(results: Results) -> Table:
    """How much higher the best weights by the tested images score than the last ones."""
    columns = ("variation", "size", "persons", "last", "optimistic", "difference")
    rows: list[Row] = []
    for variation, size in results.groups() if results.optimistic else ():
        ours = results.primary_of_persons(variation, size)
        theirs = results.primary_of_persons(variation, size, optimistic=True)
        both = [person for person in ours if person in theirs]
        last = Spread.of(ours[person] for person in both).mean
        best = Spread.of(theirs[person] for person in both).mean
        rows.append((variation, _size(size), len(both), last, best, best - last))
    return Table("optimistic", columns, tuple(rows))


def _limits(values: Sequence[float]) -> Iterator[tuple[str, float, tuple[float, float]]]:
    found = agreement(values)
    if found is not None:
        yield "bias", found.bias, found.of_bias
        yield "lower limit", found.lower, found.of_lower
        yield "upper limit", found.upper, found.of_upper


def _spread(values: Sequence[float]) -> tuple[int, float, float, float, float, float]:
    known = sorted(value for value in values if math.isfinite(value))
    spread = Spread.of(known)
    if not known:
        return undefined(values), *(math.nan,) * 5
    return (undefined(values), spread.mean, spread.sd, median(known), known[0], known[-1])


def _size(size: int) -> str | int:
    return size or "all"
