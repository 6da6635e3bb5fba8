"""Boxes and dots of the measures of each class and variation, the paper's figure 4."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from deepimagetranslator.core.study.reporting.medians import NAMES, channels_of, measures_of
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.scores import ALL
from deepimagetranslator.ml.study.figures.style import (
    HATCHES,
    MARKERS,
    ONE_COLUMN,
    TWO_COLUMNS,
    Drawing,
    key_of,
    lettered,
    look_of_persons,
    names_for,
    new_figure,
    of_size,
)

_CLASSES_OF_A_FIGURE = 3
_MOST_DOTS = 500
_GOLDEN = (math.sqrt(5) - 1) / 2


def measure_figures(results: Results) -> Iterator[Drawing]:
    """A figure for every three classes, with a row of plots for each measure."""
    size = results.sizes[-1]
    if not any(results.done(v.name, size) for v in results.plan.variations):
        return
    channels = channels_of(results)
    for start in range(0, len(channels), _CLASSES_OF_A_FIGURE):
        part = channels[start : start + _CLASSES_OF_A_FIGURE]
        number = start // _CLASSES_OF_A_FIGURE + 1
        yield _figure(results, part, f"measures-{number}")


def _figure(results: Results, channels: Sequence[str], name: str) -> Drawing:
    size = results.sizes[-1]
    measures = measures_of(results.plan)
    variations = [v.name for v in results.plan.variations if results.done(v.name, size)]
    persons = sorted({i.person for scores in results.cells.values() for i in scores.images})
    look = look_of_persons(persons)
    single = len(channels) == 1
    rows, columns = (2, 2) if single else (len(measures), len(channels))
    keys = len(variations) + -(-len(persons) // 4) if len(persons) <= len(MARKERS) else 1
    width = ONE_COLUMN if single and len(variations) <= 4 else TWO_COLUMNS
    figure = new_figure(width, 40 * rows + 4 * keys)
    plots = figure.subplots(rows, columns, squeeze=False, sharex=True)
    letters = lettered(variations)
    people, classes = names_for(persons, "person"), names_for(channels, "class")
    for place, measure in enumerate(measures):
        for column, channel in enumerate(channels):
            axes = plots[divmod(place, 2)] if single else plots[place][column]
            _plot(axes, results, variations, (channel, measure), look)
            axes.set_xticks(range(len(variations)), letters)
            if single or not column:
                axes.set_ylabel(NAMES[measure])
            if not place and not single:
                axes.set_title(classes[channel])
    _legend(figure, variations, letters, {people[who]: look[who] for who in persons})
    cells = tuple(cell for variation in variations for cell in results.done(variation, size))
    of = "" if channels == [ALL] or tuple(channels) == (ALL,) else f" of {', '.join(channels)}"
    caption = (
        f"{', '.join(NAMES[m] for m in measures).capitalize()}{of}, by variation. Small dots are "
        "images, large ones persons (all of a person's images as one volume), each person in a "
        "colour and with a marker; repeats are averaged. Boxes show the images: median, quartiles, "
        "and whiskers to the extremes; images of a person resemble each other, so the boxes only "
        f"describe. {key_of(people)}{key_of(classes)}{of_size(size)}{said_of(results, cells)}"
    )
    alt = f"Boxes and dots of {len(measures)} measures{of} for {len(variations)} variations."
    return Drawing("measures", name, figure, caption, alt, cells)


def _plot(
    axes: Any,
    results: Results,
    variations: Sequence[str],
    key: tuple[str, str],
    look: dict[str, tuple[str, str]],
) -> None:
    size = results.sizes[-1]
    whose = results.plan.person_of()
    for place, variation in enumerate(variations):
        found = ((n, own.get(key, math.nan)) for n, own in
                 results.of_images(variation, size).items())  # fmt: skip
        images = [(number, value) for number, value in found if math.isfinite(value)]
        if len(images) > 1:
            box = axes.boxplot(
                [[value for _, value in images]], positions=[place], widths=0.7, whis=(0, 100),
                showfliers=False, patch_artist=True, manage_ticks=False,
                medianprops={"color": "black", "linewidth": 1.2},
            )  # fmt: skip
            box["boxes"][0].set(facecolor="#f2f2f2", edgecolor="#777777")
            box["boxes"][0].set_hatch(HATCHES[place % len(HATCHES)])
        if len(images) <= _MOST_DOTS:
            _dots(axes, place, [(whose[number], value) for number, value in images], look)
        own = results.of_persons(variation, size)
        for person, measures in own.items():
            value = measures.get(key, math.nan)
            if math.isfinite(value):
                colour, marker = look[person]
                axes.plot(place, value, marker, color=colour, markersize=4.5,
                          markeredgecolor="black", markeredgewidth=0.6, zorder=5)  # fmt: skip
    axes.set_xlim(-0.6, len(variations) - 0.4)
    axes.grid(axis="y", alpha=0.3)


def _dots(
    axes: Any, place: int, images: Sequence[tuple[str, float]], look: dict[str, tuple[str, str]]
) -> None:
    """A small dot for each image, spread evenly over the width of the box."""
    by_person: dict[str, tuple[list[float], list[float]]] = {}
    for index, (person, value) in enumerate(images):
        x, y = by_person.setdefault(person, ([], []))
        x.append(place + 0.5 * ((index * _GOLDEN) % 1 - 0.5))
        y.append(value)
    for person, (x, y) in by_person.items():
        colour, marker = look[person]
        axes.plot(x, y, marker, linestyle="", color=colour, markersize=2, alpha=0.7,
                  markeredgewidth=0)  # fmt: skip


def _legend(
    figure: Any, variations: Sequence[str], letters: Sequence[str], look: dict[str, tuple[str, str]]
) -> None:
    handles: list[Any] = [
        Patch(
            facecolor="#f2f2f2", edgecolor="#777777", hatch=HATCHES[place % len(HATCHES)],
            label=f"{letter}  {name}",
        )
        for place, (letter, name) in enumerate(zip(letters, variations, strict=True))
    ]  # fmt: skip
    if len(look) <= len(MARKERS):
        handles += [
            Line2D([], [], color=colour, marker=marker, linestyle="", markeredgecolor="black",
                   markeredgewidth=0.6, label=person)
            for person, (colour, marker) in look.items()
        ]  # fmt: skip
    columns = 2 if figure.get_figwidth() > 5 else 1
    figure.legend(handles=handles, loc="outside lower left", ncols=columns)
