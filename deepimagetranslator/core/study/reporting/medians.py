"""The paper's tables 2 and 3: median and range of each measure, by class and variation."""

from __future__ import annotations

import math
from collections.abc import Iterator

from deepimagetranslator.core.study import tables
from deepimagetranslator.core.study.plan import DICE, Plan
from deepimagetranslator.core.study.reporting.blocks import Block, Grid, Heading
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.scores import ALL

NAMES = {
    "dice": "Dice",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "area_difference": "area difference",
    "mae": "MAE",
    "mse": "MSE",
    "psnr": "PSNR in dB",
    "ssim": "SSIM",
}
_OVERLAP = ("dice", "sensitivity", "specificity", "area_difference")
_LIKENESS = ("mae", "mse", "psnr", "ssim")


def measures_of(plan: Plan) -> tuple[str, ...]:
    """The measures that suit the primary one: of overlap for Dice, of likeness for PSNR."""
    return _OVERLAP if plan.measure == DICE else _LIKENESS


def channels_of(results: Results) -> tuple[str, ...]:
    """The classes whose overlap is measured; all channels together for likeness."""
    if results.plan.measure != DICE:
        return (ALL,)
    found = (channel for scores in results.cells.values() for channel in scores.channels)
    return tuple(dict.fromkeys(found))


def section(results: Results) -> Iterator[Block]:
    """The section: a table over persons and one over images."""
    yield Heading("Median and range of each measure")
    measures = measures_of(results.plan)
    source = said_of(results, results.cells)
    for over, words in (
        ("persons", "Over persons, each of whose images count as one volume"),
        ("images", "Over images, of which those of a person resemble each other"),
    ):
        rows = tuple(_rows(results, over, measures))
        if rows:
            columns = ("variation", "training images", "class", "n")
            names = tuple(NAMES[measure] for measure in measures)
            yield Grid(f"{words}: median (lowest to highest). {source}", (*columns, *names), rows)


def _rows(results: Results, over: str, measures: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    cells: dict[tuple[str, str, str], dict[str, str]] = {}
    counts: dict[tuple[str, str, str], str] = {}
    for row in tables.summary(results).rows:
        variation, size, found_over, persons, images, channel, measure, undefined = row[:8]
        key = str(variation), str(size), str(channel)
        if found_over == over and channel in channels_of(results) and measure in measures:
            counts[key] = str(persons if over == "persons" else images)
            middle, low, high = (_shown(float(n)) for n in row[10:])
            out = f", {undefined} undefined" if undefined else ""
            text = "-" if middle == "-" else f"{middle} ({low} to {high})"
            cells.setdefault(key, {})[str(measure)] = text + out
    for key, own in cells.items():
        yield (*key, counts[key], *(own.get(measure, "-") for measure in measures))


def _shown(value: float) -> str:
    """Three digits after the point, or three significant ones of small numbers."""
    if math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) >= 0.0995 or not value else f"{value:.3g}"
