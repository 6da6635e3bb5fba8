"""Draws the loss of all cells of a study: colour by variation, line style by fold.

Called in the thread of ``CurvesRenderer``; imports matplotlib there, as ``monitor.curves`` does.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from deepimagetranslator.app.study.study_state import StudyState
from deepimagetranslator.app.training.state import Series
from deepimagetranslator.gui.monitor.curves import ONE_AT_A_TIME, drawn, number_between, readable
from deepimagetranslator.gui.theme.palette import Palette

STYLES: tuple[Any, ...] = (
    "-",
    "--",
    ":",
    "-.",
    (0, (6, 1, 1, 1, 1, 1)),
    (0, (8, 3)),
    (0, (3, 1)),
    (0, (1, 4)),
)
TITLES = {"loss": "Training loss", "val_loss": "Validation loss"}
_MARGINS = (52, 14, 26, 36)
"""Left, right, top and bottom margin of a chart in pixels at 100 per cent."""
_LEGEND_ROW, _LETTER, _SIGN = 18, 6.5, 46
_THIN, _THICK = 0.9, 1.8
"""Widths of the lines of the smallest and of the largest training set."""


@dataclass(frozen=True)
class CellLine:
    """The loss of one cell.

    Attributes:
        variation, fold: numbers from 0, which give colour and style.
        weight: 0 for the smallest training set to 1 for the largest.
        values: training and validation loss by column of history.csv.
    """

    variation: int
    fold: int
    weight: float
    values: tuple[tuple[str, Series], ...]


@dataclass(frozen=True)
class StudyPlot:
    """Everything that determines the picture.

    Attributes:
        lines: the cells that have complete epochs.
        variations: their names.
        folds: their number.
        width, height: the size in pixels.
        scaling: size of text and lines; 1.0 is for 96 dots per inch.
        palette: the colours.
        logarithmic: whether the vertical axis is logarithmic.
        corner: pixels to keep free at the right of the legend.
    """

    lines: tuple[CellLine, ...]
    variations: tuple[str, ...]
    folds: int
    width: int
    height: int
    scaling: float
    palette: Palette
    logarithmic: bool = False
    corner: int = 0


Known = dict[str, tuple[Mapping[str, float], CellLine]]
"""By cell, its last epoch and its line until then."""


def lines_of(state: StudyState, known: Known) -> tuple[CellLine, ...]:
    """The loss of all cells that have complete epochs.

    Args:
        state: the study.
        known: the lines of before, of which those that have not changed are taken; updated.
    """
    names = [variation.name for variation in state.plan.variations]
    sizes = state.plan.sizes
    found = []
    for name, rows in state.histories.items():
        if not rows:
            continue
        if name in known and known[name][0] is rows[-1]:
            found.append(known[name][1])
            continue
        cell = state.cells[name].cell
        rank = sizes.index(cell.size) if sizes else 0
        weight = rank / (len(sizes) - 1) if len(sizes) > 1 else 1.0
        values = tuple((column, _series(rows, column)) for column in TITLES)
        line = CellLine(names.index(cell.variation), cell.fold - 1, weight, values)
        known[name] = rows[-1], line
        found.append(line)
    return tuple(found)


def render_study(plot: StudyPlot) -> Image.Image:
    """Draw the picture (RGB); may be called from any thread."""
    with ONE_AT_A_TIME:
        return drawn(_figure(plot))


def _series(rows: Sequence[Mapping[str, float]], column: str) -> Series:
    pairs = ((row["epoch"], row.get(column, math.nan)) for row in rows)
    return tuple((epoch, value) for epoch, value in pairs if math.isfinite(value))


def _figure(plot: StudyPlot) -> Any:
    from matplotlib.figure import Figure  # noqa: PLC0415

    dpi = 96 * plot.scaling
    width, height = float(max(plot.width, 200)), float(max(plot.height, 120))
    figure = Figure((width / dpi, height / dpi), dpi=dpi, facecolor=plot.palette.background)
    legend = _draw_legend(figure, plot, width, height)
    left, right, top, bottom = (side * plot.scaling for side in _MARGINS)
    for place, (column, title) in enumerate(TITLES.items()):
        across = width / len(TITLES)
        axis = figure.add_axes(
            (
                (place * across + left) / width,
                bottom / height,
                max(1.0, across - left - right) / width,
                max(1.0, height - legend - top - bottom) / height,
            )
        )
        _draw(axis, plot, column, title)
    return figure


def _draw(axis: Any, plot: StudyPlot, column: str, title: str) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415

    palette = plot.palette
    axis.set_facecolor(palette.field)
    axis.set_title(title, fontsize=9.5, color=palette.text, loc="left", fontweight="bold")
    for line in plot.lines:
        values = dict(line.values)[column]
        if values:
            axis.plot(
                *zip(*values, strict=True),
                linestyle=STYLES[line.fold % len(STYLES)],
                color=_colour(line.variation, palette),
                linewidth=_THIN + (_THICK - _THIN) * line.weight,
                marker="o" if len(values) == 1 else "",
                ms=4,
            )
    numbers = [v for line in plot.lines for _, v in dict(line.values)[column]]
    if plot.logarithmic and numbers and min(numbers) > 0:
        axis.set_yscale("log")
    axis.yaxis.set_major_formatter(lambda value, _place: number_between(value, *axis.get_ylim()))
    axis.set_xlabel("epoch", fontsize=8.5, color=palette.muted, labelpad=1)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1, nbins=8))
    axis.tick_params(which="both", labelsize=8, labelcolor=palette.muted, color=palette.border)
    axis.grid(which="major", color=palette.border, linewidth=0.6, alpha=0.35)
    for name, spine in axis.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(palette.border)


def _draw_legend(figure: Any, plot: StudyPlot, width: float, height: float) -> float:
    """Draw the variations by colour and the folds by line style; returns the height in pixels."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    entries = [
        Line2D([], [], color=_colour(number, plot.palette), linewidth=2, label=name)
        for number, name in enumerate(plot.variations)
    ]
    if plot.folds > 1:
        entries += [
            Line2D([], [], color=plot.palette.text, linestyle=style, label=f"fold {number}")
            for number, style in enumerate(STYLES[: plot.folds], 1)
        ]
    longest = max(len(str(entry.get_label())) for entry in entries)
    wide = (longest * _LETTER + _SIGN) * plot.scaling
    columns = max(1, min(len(entries), int((width - plot.corner) / wide)))
    rows = -(-len(entries) // columns)
    most = max(1, int(height / 3 / (_LEGEND_ROW * plot.scaling)))
    if rows > most:
        entries, rows = entries[: most * columns], most
    figure.legend(
        handles=entries,
        loc="upper left",
        ncols=columns,
        fontsize=8.5,
        labelcolor=plot.palette.text,
        frameon=False,
        borderaxespad=0.3,
        columnspacing=1.4,
        handlelength=2.6,
    )
    return (rows * _LEGEND_ROW + 4) * plot.scaling


def _colour(variation: int, palette: Palette) -> str:
    own = palette.series[variation % len(palette.series)]
    return readable(own, palette.field, palette.text)
