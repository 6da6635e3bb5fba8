"""The figure of the simulation: Dice and pixels to correct over the number of labelled images."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plan import ALL, STRATEGIES, SimulatedSet
from rows import Row
from summary import SHARE, dice_at_once, goal, rounds_of

from deepimagetranslator.ml.study.figures.style import (
    COLOURS,
    LINES,
    MARKERS,
    TWO_COLUMNS,
    journal,
    new_figure,
)

NAMES = {"ct": "CT, three tissues", "em": "electron microscopy, two classes"}
HEIGHT = 110.0  # millimetres


def draw(results: Mapping[SimulatedSet, Sequence[Row]], file: Path) -> None:
    """Write the figure as PNG: mean and SD over seeds; strategies differ in line and marker too."""
    with journal():
        figure = new_figure(TWO_COLUMNS, HEIGHT)
        panels = figure.subplots(2, len(results), squeeze=False, sharex="col")
        for column, (about, rows) in enumerate(results.items()):
            _dice(panels[0][column], about, rows)
            _pixels(panels[1][column], about, rows)
        handles, labels = panels[0][0].get_legend_handles_labels()
        if handles:
            figure.legend(handles, labels, loc="outside lower center", ncols=len(handles))
        figure.savefig(file, dpi=150, metadata={"Software": None})


def _dice(panel: Any, about: SimulatedSet, rows: Sequence[Row]) -> None:
    for place, strategy in enumerate(STRATEGIES):
        found = rounds_of(about, rows, strategy)
        if found:
            _line(panel, place, [(one.labelled, one.dice) for one in found], strategy)
    everything, wanted = list(dice_at_once(rows, "", ALL).values()), goal(rows)
    if wanted is not None:
        panel.axhline(statistics.mean(everything), color="black", lw=0.8, label="all labelled")
        panel.axhline(wanted, color="black", lw=0.8, ls=":", label=f"{SHARE:.0%} of it")
    panel.set_title(NAMES[about.name])
    panel.set_ylabel("mean Dice, test images")
    panel.grid(axis="y", color="#DDDDDD")


def _pixels(panel: Any, about: SimulatedSet, rows: Sequence[Row]) -> None:
    for place, strategy in enumerate(STRATEGIES):
        found = [one for one in rounds_of(about, rows, strategy) if one.labelled > 1]
        if found:
            points = [(one.labelled, [100 * p / 256**2 for p in one.pixels]) for one in found]
            _line(panel, place, points, strategy)
    panel.set_xlabel("labelled images")
    panel.set_ylabel("to correct in a new image (%)")
    panel.set_xticks(about.counts)
    panel.set_ylim(bottom=0)
    panel.grid(axis="y", color="#DDDDDD")


def _line(panel: Any, place: int, points: Sequence[tuple[int, Sequence[float]]], name: str) -> None:
    """Means with their SD; the strategies stand a little beside one another."""
    panel.errorbar(
        [count + 0.15 * (place - 1) for count, _ in points],
        [statistics.mean(values) for _, values in points],
        [statistics.stdev(values) if len(values) > 1 else 0.0 for _, values in points],
        color=COLOURS[place],
        ls=LINES[place],
        marker=MARKERS[place],
        capsize=2,
        elinewidth=0.6,
        label=name,
    )
