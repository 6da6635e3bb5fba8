"""Figures of a run as PNG files: loss curves, and input, target and prediction side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from deepimagetranslator.core.system.atomic_write import atomic_write

_COLUMNS = ("Original image", "Original target", "Predicted target")


def loss_curves(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Training and validation curves of the loss and of each metric.

    Args:
        history: the rows of history.csv.
        path: the PNG file to write.
    """
    names = [
        name
        for name in history[0]
        if not name.startswith("val_") and name not in ("epoch", "learning_rate", "seconds")
    ]
    figure = Figure(figsize=(4.6 * len(names), 3.6), layout="constrained")
    epochs = [row["epoch"] for row in history]
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        axes.plot(epochs, [row[name] for row in history], label="training", marker=".")
        if f"val_{name}" in history[0]:
            axes.plot(
                epochs, [row[f"val_{name}"] for row in history], label="validation", marker="."
            )
        axes.set_title(name.replace("_", " "))
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
    _save(figure, path)


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
