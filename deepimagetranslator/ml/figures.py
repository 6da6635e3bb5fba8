"""Figures of a run as PNG files: loss curves, and input, target and prediction side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepimagetranslator.core.runs.history_columns import BY_CLASS, measure_of
from deepimagetranslator.core.system.atomic_write import atomic_write

_COLUMNS = ("Original image", "Original target", "Predicted target")


def loss_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Training and validation curves of the loss and of each metric; those of classes in one plot.

    Args:
        history: the rows of history.csv.
        path: the PNG file to write.
    """
    names = [
        name
        for name in history[0]
        if not name.startswith("val_") and name not in ("epoch", "learning_rate", "seconds")
    ]
    measures = list(dict.fromkeys(map(measure_of, names)))
    figure = Figure(figsize=(4.6 * len(measures), 3.6), layout="constrained")
    plots = figure.subplots(1, len(measures), squeeze=False)[0]
    for axes, measure in zip(plots, measures, strict=True):
        for number, name in enumerate(n for n in names if measure_of(n) == measure):
            _plot(axes, history, name, number, name.removeprefix(BY_CLASS.get(measure, name)))
        axes.set_title(measure.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    _save(figure, path)


def _plot(
    axes: Any, history: Sequence[Mapping[str, float]], name: str, number: int, channel: str
) -> None:
    """Plot a column and its "val_" column; those of one channel share a colour."""
    epochs = [row["epoch"] for row in history]
    for column, words, style in ((name, "training", "--"), (f"val_{name}", "validation", "-")):
        if column in history[0]:
            look = {"color": f"C{number}"} if channel else {}
            label = f"{channel}, {words}" if channel else words
            values = [row[column] for row in history]
            axes.plot(epochs, values, style if channel else "-", label=label, marker=".", **look)


def side_by_side(
    rows: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], titles: Sequence[str], path: Path
) -> None:
    """One row per image: input, target and translated image.

    Args:
        rows: three images each, (height, width, 1 or 3) uint8.
        titles: a name for each row.
        path: the PNG file to write.
    """
    figure = Figure(figsize=(8.4, 2.9 * len(rows)), layout="constrained")
    grid = figure.subplots(len(rows), len(_COLUMNS), squeeze=False)
    for line, images, title in zip(grid, rows, titles, strict=True):
        for axes, image, column in zip(line, images, _COLUMNS, strict=True):
            axes.imshow(image.squeeze(), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            if axes in grid[0]:
                axes.set_title(column)
        line[0].set_ylabel(title)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    with atomic_write(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
