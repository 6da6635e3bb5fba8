"""The charts of a training: which quantities each of them shows."""

from __future__ import annotations

from dataclasses import dataclass

from deepimagetranslator.app.training.state import MonitorState, Series
from deepimagetranslator.core.runs.history_columns import BY_CLASS, measure_of
from deepimagetranslator.gui.widgets.words import shown_word

_TITLES = {"dice_score": "Dice", "iou": "IoU"}


@dataclass(frozen=True)
class Line:
    """One quantity: its training and validation values by epoch.

    Attributes:
        training, validation: the values; either may be empty.
        name: of the class that it belongs to; empty if the chart has one quantity.
        colour: "#rrggbb" for both; empty for the palette's colours of training and validation.
    """

    training: Series
    validation: Series = ()
    name: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Chart:
    """One chart: one quantity, or one of each class.

    Attributes:
        title: the title.
        lines: the quantities.
        inputs: the value of the validation inputs themselves; None if it is unknown.
    """

    title: str
    lines: tuple[Line, ...]
    inputs: float | None = None


def chart_names(state: MonitorState) -> list[str]:
    """The charts' names: loss, Dice and IoU of all classes, other metrics, learning rate."""
    names = list(dict.fromkeys(measure_of(name) for name in state.curve_names()))
    order = ["loss", *BY_CLASS]
    return sorted(names, key=lambda name: order.index(name) if name in order else len(order))


def charts_of(state: MonitorState, name: str | None = None) -> tuple[Chart, ...]:
    """The chart of that name, or by default all charts except the learning rate."""
    names = chart_names(state)
    chosen = [name] if name else [each for each in names if each != "learning_rate"]
    return tuple(_chart(state, each) for each in chosen if each in names)


def _chart(state: MonitorState, name: str) -> Chart:
    curves = [curve for curve in state.curve_names() if measure_of(curve) == name]
    if name not in BY_CLASS:
        curve = Line(state.series(name), state.series(f"val_{name}"))
        return Chart(shown_word(name), (curve,), state.inputs.get(name))
    lines = []
    for curve_name in curves:
        channel = curve_name.removeprefix(BY_CLASS[name])
        if state.classes and channel not in state.classes:
            continue  # the background
        one = state.classes.get(channel)
        values = state.series(curve_name), state.series(f"val_{curve_name}")
        lines.append(Line(*values, one.name if one else channel, one.colour if one else ""))
    return Chart(_TITLES[name], tuple(lines))
