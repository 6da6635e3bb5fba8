"""The learning curve: the score by the number of training images, the paper's figure 7."""

from __future__ import annotations

import numpy as np

from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.reporting.words import measure_of
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.statistics.learning_curve import fit
from deepimagetranslator.ml.study.figures.style import (
    COLOURS,
    LINES,
    MARKERS,
    ONE_COLUMN,
    Drawing,
    new_figure,
)


def learning_curve(results: Results) -> Drawing | None:
    """Each repeat's points, their means, and the fit where its interval is finite."""
    plan = results.plan
    if not any(results.means_by_size(v.name) for v in plan.variations):
        return None
    figure = new_figure(ONE_COLUMN, 66 + 4 * len(plan.variations))
    axes = figure.subplots()
    fitted = 0
    for place, variation in enumerate(v.name for v in plan.variations):
        means = results.means_by_size(variation)
        if not means:
            continue
        colour = COLOURS[place % len(COLOURS)]
        line, marker = LINES[place % len(LINES)], MARKERS[place % len(MARKERS)]
        points = [
            (size, value)
            for size in plan.sizes
            for value in results.by_repeat(variation, size).values()
        ]
        axes.plot(*zip(*points, strict=True), marker, color=colour, markersize=3,
                  markerfacecolor="none", markeredgewidth=0.6)  # fmt: skip
        curve = fit(list(means), list(means.values()))
        if curve is not None:
            fitted += 1
            sizes = np.geomspace(min(means), max(means), 100)
            axes.plot(sizes, curve.a - curve.b * sizes**-curve.c, linestyle=line, color=colour)
        style = "" if curve is not None else line
        axes.plot(list(means), list(means.values()), linestyle=style, marker=marker, color=colour,
                  label=variation)  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(plan.sizes, [str(size) for size in plan.sizes])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("training images")
    axes.set_ylabel(measure_of(plan))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower left")
    fits = (
        f"Smooth curves are fits a - b n^-c ({fitted} of {len(plan.variations)}; only where the "
        "interval of a is finite). "
        if fitted
        else "No fit is drawn, as no interval is finite or there are too few sizes. "
    )
    caption = (
        f"{measure_of(plan)} by the number of training images: open points are repeats (means over "
        f"their persons), filled ones the means over persons. {fits}"
        f"{said_of(results, results.cells)}"
    )
    alt = f"Learning curves of {len(plan.variations)} variations at {len(plan.sizes)} sizes."
    return Drawing("learning", "learning-curve", figure, caption, alt, tuple(results.cells))
