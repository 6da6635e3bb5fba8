"""Bland and Altman's plots of target and translated volumes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from deepimagetranslator.core.study.plan import DICE
from deepimagetranslator.core.study.reporting.sources import said_of
from deepimagetranslator.core.study.results import Results
from deepimagetranslator.core.study.statistics.agreement import FEWEST_PERSONS, agreement
from deepimagetranslator.ml.study.figures.style import (
    MARKERS,
    TWO_COLUMNS,
    Drawing,
    key_of,
    look_of_persons,
    names_for,
    new_figure,
)

_CLASSES_OF_A_FIGURE = 3

Pair = tuple[float, float]


def agreement_figures(results: Results) -> Iterator[Drawing]:
    """A figure for each variation and every three classes; none for images of values."""
    if results.plan.measure != DICE:
        return
    size = results.sizes[-1]
    number = 0
    for variation in (v.name for v in results.plan.variations):
        channels = list(results.volumes(variation, size))
        for start in range(0, len(channels), _CLASSES_OF_A_FIGURE):
            number += 1
            part = channels[start : start + _CLASSES_OF_A_FIGURE]
            yield _figure(results, variation, part, f"volumes-{number}")


def _figure(results: Results, variation: str, channels: Sequence[str], name: str) -> Drawing:
    size = results.sizes[-1]
    volumes = results.volumes(variation, size)
    slices = _slices(results, variation, size)
    persons = sorted({person for own in volumes.values() for person in own})
    look = look_of_persons(persons)
    people, classes = names_for(persons, "person"), names_for(channels, "class")
    figure = new_figure(TWO_COLUMNS, 92 + 4 * (len(persons) <= len(MARKERS)))
    plots = figure.subplots(2, len(channels), squeeze=False)
    limits = False
    for upper, lower, channel in zip(plots[0], plots[1], channels, strict=True):
        for person in volumes[channel]:
            colour, marker = look[person]
            _dots(upper, [volumes[channel][person]], marker, color=colour, markeredgewidth=0.6,
                  markeredgecolor="black", markersize=4.5, label=people[person])  # fmt: skip
            _dots(lower, slices[channel][person], marker, color=colour, markeredgewidth=0,
                  markersize=2, alpha=0.7)  # fmt: skip
        limits |= _limits(upper, [p - t for t, p in volumes[channel].values()])
        upper.set_title(f"{classes[channel]}, persons")
        lower.set_title(f"{classes[channel]}, images")
        for axes in (upper, lower):
            axes.axhline(0, color="#999999", linewidth=0.5)
            axes.ticklabel_format(style="sci", scilimits=(-3, 4))
            axes.margins(0.15)
            axes.set_xlabel("mean of target and translated")
    for axes in plots[:, 0]:
        axes.set_ylabel("translated - target")
    if len(persons) <= len(MARKERS):
        handles, labels = plots[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower left", ncols=6)
    cells = tuple(results.done(variation, size))
    caption = (
        f"Bland-Altman plots of {variation}: volumes in pixels, above one point a person, below "
        "each image as a dot without limits, as images of a person resemble each other. "
        f"{_words(limits, len(persons))} {key_of(people)}{key_of(classes)}{said_of(results, cells)}"
    )
    alt = f"Bland-Altman plots of {', '.join(channels)} for {variation}."
    return Drawing("agreement", name, figure, caption, alt, cells)


def _dots(axes: Any, pairs: Sequence[Pair], marker: str, **look: Any) -> None:
    x = [(target + translated) / 2 for target, translated in pairs]
    y = [translated - target for target, translated in pairs]
    axes.plot(x, y, marker, linestyle="", **look)


def _limits(axes: Any, differences: Sequence[float]) -> bool:
    found = agreement(differences)
    if found is None:
        return False
    lines = (
        (found.bias, found.of_bias, "-"),
        (found.lower, found.of_lower, "--"),
        (found.upper, found.of_upper, "--"),
    )
    for value, (low, high), style in lines:
        axes.axhline(value, color="black", linestyle=style, linewidth=0.8)
        axes.axhspan(low, high, color="#777777", alpha=0.2, linewidth=0)
    return True


def _words(limits: bool, persons: int) -> str:
    if limits:
        return (
            "Lines: bias (solid) and limits of agreement (dashed), bands: their intervals of 95 %."
        )
    return (
        f"No limits of agreement below {FEWEST_PERSONS} persons: with {persons} they are too "
        "uncertain."
    )


def _slices(results: Results, variation: str, size: int) -> dict[str, dict[str, list[Pair]]]:
    """By class and person, the pixels of target and translation in each image of each run."""
    found: dict[str, dict[str, list[Pair]]] = {}
    for cell in results.done(variation, size):
        scores = results.cells[cell]
        for image in scores.images:
            m = image.measurement
            for place, channel in enumerate(scores.channels):
                pair = float(m.target[place]), float(m.predicted[place])
                found.setdefault(channel, {}).setdefault(image.person, []).append(pair)
    return found
