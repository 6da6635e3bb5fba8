"""Loss curves of training and validation, the paper's figure 3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepimagetranslator.core.study.plan import INNER, Cell, Plan
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.study_folder import StudyFolder
from deepimagetranslator.core.study.variations import PRESET
from deepimagetranslator.ml.study.figures.style import (
    COLOURS,
    ONE_COLUMN,
    TWO_COLUMNS,
    Drawing,
    in_lines,
    new_figure,
    of_size,
)

_MOST_COLUMNS = 3
_SERIES = (("loss", "training", "--", COLOURS[1]), ("val_loss", "validation", "-", COLOURS[0]))


def loss_curves(results: Results, folder: StudyFolder) -> Drawing | None:
    """A plot for each variation: mean and range over its runs; None without any history."""
    plan, size = results.plan, results.sizes[-1]
    groups = {
        v.name: {cell: _history(folder, cell) for cell in results.done(v.name, size)}
        for v in plan.variations
    }
    groups = {name: {c: h for c, h in own.items() if h} for name, own in groups.items()}
    groups = {name: own for name, own in groups.items() if own}
    if not groups:
        return None
    columns = min(_MOST_COLUMNS if len(groups) != 4 else 2, len(groups))
    rows = -(-len(groups) // columns)
    width = ONE_COLUMN if columns == 1 else TWO_COLUMNS
    figure = new_figure(width, 8 + 54 * rows)
    shared = not any(name in (PRESET, "training.loss") for v in plan.variations
                     for name, _ in v.settings)  # fmt: skip
    plots = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=shared).ravel()
    for place, (axes, (name, own)) in enumerate(zip(plots, groups.items(), strict=False)):
        for column, words, line, colour in _SERIES:
            _draw(axes, list(own.values()), column, words, line, colour)
        axes.set_title(in_lines(name))
        if place + columns >= len(groups):
            axes.set_xlabel("epoch")
            axes.tick_params(labelbottom=True)
        if not shared or place % columns == 0:
            axes.set_ylabel("loss")
        axes.grid(alpha=0.3)
    for axes in plots[len(groups) :]:
        axes.set_axis_off()
    plots[0].legend()
    cells = tuple(cell for own in groups.values() for cell in own)
    caption = (
        f"Loss by epoch of training (dashed) and validation (solid): mean over runs, and their "
        f"range as a band (hatched for training). {_watched(plan)} {of_size(size)}"
        f"{said_of(results, cells)}"
    )
    alt = f"Loss curves of training and validation of {len(groups)} variations."
    return Drawing("losses", "losses", figure, caption, alt, cells)


def _draw(
    axes: Any,
    histories: Sequence[dict[str, dict[int, float]]],
    column: str,
    words: str,
    line: str,
    colour: str,
) -> None:
    values: dict[int, list[float]] = {}
    for history in histories:
        for epoch, value in history.get(column, {}).items():
            values.setdefault(epoch, []).append(value)
    epochs = sorted(values)
    if not epochs:
        return
    means = [float(np.mean(values[epoch])) for epoch in epochs]
    marker = "." if len(epochs) == 1 else ""
    axes.plot(epochs, means, line, color=colour, label=words, marker=marker)
    low, high = ([of(values[epoch]) for epoch in epochs] for of in (min, max))
    hatch = "//////" if line == "--" else None
    axes.fill_between(
        epochs, low, high, facecolor=colour, alpha=0.2, linewidth=0, hatch=hatch, edgecolor=colour
    )


def _history(folder: StudyFolder, cell: Cell) -> dict[str, dict[int, float]]:
    """By column and epoch, the finite values of a run's history."""
    found: dict[str, dict[int, float]] = {}
    for row in folder.cell(cell).run.read_history():
        for column, *_ in _SERIES:
            if np.isfinite(row.get(column, np.nan)):
                found.setdefault(column, {})[int(row["epoch"])] = row[column]
    return found


def _watched(plan: Plan) -> str:
    if plan.weights == INNER:
        return "Validation images are those of the inner persons, who choose the weights."
    return "Validation images are the tested ones, which chose nothing."
