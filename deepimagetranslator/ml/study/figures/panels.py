"""Input, target and translation of each person's best, median and worst image (figures 5, 6, 9)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepimagetranslator.core.evaluation.summary import Spread
from deepimagetranslator.core.study.plan import DICE, Cell
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.reporting.words import number as formatted
from deepimagetranslator.core.study.results import PRIMARY, Results
from deepimagetranslator.core.study.scores import primary
from deepimagetranslator.ml.study.figures.style import (
    ONE_COLUMN,
    TWO_COLUMNS,
    Drawing,
    in_lines,
    new_figure,
)
from deepimagetranslator.ml.study.translations import Translated, Translations

_MOST_VARIATIONS = 4
_MOST_PIXELS = 768
_RANKS = ("best", "median", "worst")


def persons_shown(results: Results) -> list[tuple[str, list[Cell]]]:
    """The persons in the order of their folds, each with the cells that show them.

    Of each variation with all its training images: that of the first repeat.
    """
    size = results.sizes[-1]
    cells: dict[str, dict[str, Cell]] = {}
    for cell, scores in results.cells.items():
        if cell.size == size:
            for person in dict.fromkeys(image.person for image in scores.images):
                cells.setdefault(person, {}).setdefault(cell.variation, cell)
    return [(person, list(own.values())) for person, own in cells.items()]


def in_parts(cells: Sequence[Cell]) -> list[list[Cell]]:
    """The cells in groups of as many as a figure shows."""
    return [
        list(cells[start : start + _MOST_VARIATIONS])
        for start in range(0, len(cells), _MOST_VARIATIONS)
    ]


def panels(
    results: Results, person: str, cells: Sequence[Cell], translations: Translations, name: str
) -> Drawing:
    """A row for each of the images, a column for each variation.

    Raises:
        UserError: an image cannot be translated again.
        Cancelled: the caller cancelled.
    """
    chosen = _chosen(results, person)
    columns = 2 + len(cells)
    width = ONE_COLUMN if columns <= 3 else TWO_COLUMNS
    side = (width - 6) / columns
    found = [[translations.of(cell, number) for cell in cells] for number in chosen.values()]
    height, breadth = found[0][0].target.shape[:2]
    figure = new_figure(width, 8 + len(found) * (min(side * height / breadth, 120.0) + 9))
    grid = figure.subplots(len(found), columns, squeeze=False)
    labels = results.plan.measure == DICE
    for line, (rank, number), row in zip(grid, chosen.items(), found, strict=True):
        first = row[0]
        _show(line[0], first.input)
        _show(line[1], first.target)
        line[0].set_ylabel(rank)
        for axes, cell, one in zip(line[2:], cells, row, strict=True):
            _show(axes, one.translated)
            _outline(axes, one)
            axes.set_xlabel(_value(results, cell, number))
    titles = ["input", "target", *(in_lines(cell.variation) for cell in cells)]
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title)
    images = {n: i.image for c in cells for i in results.cells[c].images for n in [i.number]}
    which = ", ".join(f"{rank} {images[number]}" for rank, number in chosen.items())
    where = "the class differs" if labels else "values differ by over a tenth of the range"
    caption = (
        f"{person}: input, target and translation by each variation, with outlines where {where} "
        f"from the target. Images by their mean {'Dice' if labels else 'PSNR'} over all "
        f"variations: {which}; figures are those of each image. Translated again with the scored "
        f"weights. {said_of(results, cells)}"
    )
    alt = f"Images of {person}: input, target and translations; {', '.join(chosen)}."
    return Drawing("panels", name, figure, caption, alt, tuple(cells), raster=True)


def _chosen(results: Results, person: str) -> dict[str, int]:
    """The numbers of a person's best, median and worst image; fewer if there are fewer.

    Images without a defined measure come only if there is no other.
    """
    size, key = results.sizes[-1], (PRIMARY, results.plan.measure)
    values: dict[int, list[float]] = {}
    for variation in (v.name for v in results.plan.variations):
        for number, own in results.of_images(variation, size).items():
            values.setdefault(number, []).append(own.get(key, math.nan))
    numbers = [n for n in results.plan.persons[person] if n in values]
    means = {number: Spread.of(values[number]).mean for number in numbers}
    ranked = sorted((n for n in numbers if math.isfinite(means[n])), key=lambda n: (-means[n], n))
    if not ranked:
        return {"image": numbers[0]}
    if len(ranked) < len(_RANKS):
        return dict(zip((_RANKS[0], _RANKS[2]) if len(ranked) > 1 else ("image",), ranked,
                        strict=True))  # fmt: skip
    return dict(zip(_RANKS, (ranked[0], ranked[len(ranked) // 2], ranked[-1]), strict=True))


def _show(axes: Any, image: Any) -> None:
    axes.imshow(
        _thinned(image).squeeze(), cmap="gray", vmin=0, vmax=1, interpolation="nearest",
        extent=(0, image.shape[1], image.shape[0], 0),
    )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _thinned(image: Any) -> Any:
    """The image with only some rows and columns if it has more than a page can show."""
    step = -(-max(image.shape[:2]) // _MOST_PIXELS)
    return image[::step, ::step]


def _outline(axes: Any, one: Translated) -> None:
    if not one.differs.any():
        return
    differs = np.pad(_thinned(one.differs).astype(np.float32), 1)
    step = -(-max(one.differs.shape) // _MOST_PIXELS)
    x = (np.arange(differs.shape[1]) - 0.5) * step
    y = (np.arange(differs.shape[0]) - 0.5) * step
    for colour, breadth in (("black", 0.9), ("white", 0.4)):
        axes.contour(x, y, differs, levels=[0.5], colors=colour, linewidths=breadth)


def _value(results: Results, cell: Cell, number: int) -> str:
    plan = results.plan
    name = "Dice" if plan.measure == DICE else "PSNR"
    for image, measures in results.cells[cell].of_images():
        if image.number == number:
            value = primary(measures, plan.measure)
            return f"{name} {formatted(value, plan)}"
    return ""
