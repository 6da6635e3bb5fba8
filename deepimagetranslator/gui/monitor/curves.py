"""Draws training curves as a picture in a thread of its own.

Importing matplotlib takes 0.5 s and a picture 50 ms, so the drawing thread imports it at the first
picture. pyplot is not used, since it keeps figures alive and may open windows. Does not import Tk:
callers request a picture and fetch it later.
"""

from __future__ import annotations

import atexit
import io
import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from PIL import Image

from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.gui.monitor.charts import Chart, Line
from deepimagetranslator.gui.theme.palette import LIGHT, Palette

PICTURE_TYPES = ("png", "svg")
_PRINT = replace(LIGHT, background="#ffffff", field="#ffffff")
ONE_AT_A_TIME = threading.Lock()
_PATIENCE = 5.0
"""Seconds that a picture has at the end of the process."""
_MARGINS = (52, 12, 28, 36)
"""Left, right, top and bottom margin of a chart in pixels at 100 per cent."""
_LOW, _LOW_MARGINS = 30, (52, 12, 22, 20)
"""Charts that would be lower than this have these margins, without the word below the axis."""
_ONE_COLUMN = 4
_LETTER, _LETTERS_OF_SIGN = 6.5, 5  # pixels at 100 per cent; a sign is as wide as 5 letters
_LEGEND_ROW = 15
"""Height of a row of the legend of classes in pixels at 100 per cent."""
_CONTRAST = 3.0  # of a curve against its background, WCAG 2.1 for graphics
INPUT_ITSELF = "input itself"
_LEGEND_ENTRIES = ("training", "validation", "best epoch", INPUT_ITSELF)
_FARTHEST = 2.0
"""The inputs' line is drawn if it lies within this multiple of the curves' range beyond them."""
_LEGEND = 16
"""Height of the legend above all charts in pixels at 100 per cent."""


@dataclass(frozen=True)
class CurvesRequest:
    """Everything that determines a picture of the curves.

    Attributes:
        charts: the charts, arranged in rows and columns.
        width, height: the size of the picture in pixels.
        scaling: size of text and lines; 1.0 is for 96 dots per inch.
        palette: the colours.
        logarithmic: whether the vertical axis is logarithmic.
        best_epoch: the epoch to mark with a dot; None marks none.
    """

    charts: tuple[Chart, ...]
    width: int
    height: int
    scaling: float
    palette: Palette
    logarithmic: bool = False
    best_epoch: int | None = None


def render(request: CurvesRequest) -> Image.Image:
    """Draw the picture (RGB); may be called from any thread."""
    with ONE_AT_A_TIME:
        return drawn(_figure(request))


def drawn(figure: Any) -> Image.Image:
    """A figure of matplotlib as a picture (RGB); hold ``ONE_AT_A_TIME`` from its making on."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def write_curves(request: CurvesRequest, path: Path) -> None:
    """Save the curves as PNG or SVG, by the file's ending, on white at 200 dots per inch.

    Raises:
        UserError: the file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    kind = kind if kind in PICTURE_TYPES else "png"
    content = io.BytesIO()
    with ONE_AT_A_TIME:
        figure = _figure(replace(request, palette=_PRINT))
        figure.savefig(content, format=kind, dpi=200)
    with atomic_write(path) as temporary:
        temporary.write_bytes(content.getvalue())


Wanted = TypeVar("Wanted")


class CurvesRenderer(Generic[Wanted]):
    """Draws the newest request in a thread; older waiting requests are dropped.

    Args:
        draw: draws a request.
    """

    def __init__(self, draw: Callable[[Wanted], Image.Image]) -> None:
        self._draw = draw
        self._changed = threading.Condition()
        self._wanted: Wanted | None = None
        self._picture: Image.Image | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, request: Wanted) -> None:
        """Request a picture; returns at once."""
        with self._changed:
            if self._closed:
                return
            self._wanted = request
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="curves", daemon=True)
                self._thread.start()
                # C++ code that draws while the interpreter ends would abort the process.
                atexit.register(self._finish)
            self._changed.notify()

    def take(self) -> Image.Image | None:
        """The newest picture that was not returned before; None if there is none."""
        with self._changed:
            picture, self._picture = self._picture, None
            return picture

    def close(self) -> None:
        """End the thread after the picture that it is drawing."""
        with self._changed:
            self._closed = True
            self._wanted = None
            self._changed.notify()

    def _finish(self) -> None:
        """Close, and wait for the picture that is being drawn."""
        self.close()
        if self._thread is not None:
            self._thread.join(_PATIENCE)

    def _work(self) -> None:
        while True:
            with self._changed:
                while self._wanted is None and not self._closed:
                    self._changed.wait()
                request, self._wanted = self._wanted, None
            if request is None:
                atexit.unregister(self._finish)
                return
            try:
                picture = self._draw(request)
            except Exception:
                logging.getLogger(__name__).exception("The curves could not be drawn.")
                continue
            with self._changed:
                self._picture = picture


def _figure(request: CurvesRequest) -> Any:
    from matplotlib.figure import Figure  # noqa: PLC0415

    dpi = 96 * request.scaling
    width, height = float(max(request.width, 160)), float(max(request.height, 120))
    figure = Figure((width / dpi, height / dpi), dpi=dpi, facecolor=request.palette.background)
    count = len(request.charts)
    if not count:
        return figure
    # Fixed margins, since matplotlib's layout engines draw everything twice to find them.
    left, right, top, bottom = (side * request.scaling for side in _MARGINS)
    legend = _LEGEND * request.scaling
    height -= legend
    columns = _columns(count, width, height, (left + right, top + bottom))
    rows = math.ceil(count / columns)
    low = height / rows - top - bottom < _LOW * request.scaling
    if low:
        left, right, top, bottom = (side * request.scaling for side in _LOW_MARGINS)
    for index, chart in enumerate(request.charts):
        row, column = divmod(index, columns)
        place = (
            (column * width / columns + left) / width,
            ((rows - 1 - row) * height / rows + bottom) / height,
            max(1.0, width / columns - left - right) / width,
            max(1.0, height / rows - top - bottom) / height,
        )
        x, y, across, up = place
        part = height / (height + legend)
        axis = figure.add_axes((x, y * part, across, up * part))
        _draw(axis, chart, request)
        if low:
            axis.set_xlabel("")
    signs: dict[str, Any] = {}
    for axis in reversed(figure.axes):
        handles, labels = axis.get_legend_handles_labels()
        signs |= zip(reversed(labels), reversed(handles), strict=True)  # of each, the first
    shown = [label for label in _LEGEND_ENTRIES if label in signs]
    figure.legend(
        [signs[label] for label in shown],
        shown,
        loc="upper right",
        ncols=len(_LEGEND_ENTRIES),
        fontsize=8.5,
        labelcolor=request.palette.text,
        frameon=False,
        borderaxespad=0.3,
        columnspacing=1.4,
    )
    return figure


def _columns(count: int, width: float, height: float, margins: tuple[float, float]) -> int:
    """The number of columns that brings charts close to 3:2 and leaves few cells empty."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        across = max(1.0, width / columns - margins[0])
        down = max(1.0, height / rows - margins[1])
        return abs(math.log(across / down / 1.5)) + 0.3 * (rows * columns - count)

    return min(range(1, count + 1), key=badness)


def _draw(axis: Any, chart: Chart, request: CurvesRequest) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator  # noqa: PLC0415

    palette = request.palette
    box = axis.get_position()
    across, down = box.width * request.width, box.height * request.height
    across, down = across / request.scaling, down / request.scaling
    axis.set_facecolor(palette.field)
    axis.set_title(chart.title, fontsize=9.5, color=palette.text, loc="left", fontweight="bold")
    for number, line in enumerate(chart.lines):
        _draw_line(axis, line, number, len(chart.lines), request)
    named = any(line.name for line in chart.lines)
    rows = math.ceil(len(chart.lines) / _legend_columns(chart))
    letters = len(chart.title) + sum(len(line.name) + _LETTERS_OF_SIGN for line in chart.lines)
    if named and letters * _LETTER < across:
        _draw_classes(axis, chart, palette, above=True)
    elif named and rows * _LEGEND_ROW < 0.7 * down:
        _draw_classes(axis, chart, palette)
    values = [point for line in chart.lines for point in (*line.training, *line.validation)]
    numbers = [value for _, value in values]
    if chart.inputs is not None:
        _draw_inputs(axis, chart.inputs, numbers, request)
    positive = all(value > 0 for value in numbers)
    if request.logarithmic and positive:
        axis.set_yscale("log")
        axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5), numticks=12))
        axis.yaxis.set_minor_locator(NullLocator())
    else:
        axis.yaxis.set_major_locator(MaxNLocator(nbins=max(2, min(6, int(down / 22)))))
    axis.yaxis.set_major_formatter(lambda value, _position: number_between(value, *axis.get_ylim()))
    all_epochs = [epoch for epoch, _ in values] or [1.0]
    room = max(0.5, 0.02 * (max(all_epochs) - min(all_epochs)))
    axis.set_xlim(min(all_epochs) - room, max(all_epochs) + room)
    axis.set_xlabel("epoch", fontsize=8.5, color=palette.muted, labelpad=1)
    axis.xaxis.set_major_locator(
        MaxNLocator(integer=True, min_n_ticks=1, nbins=max(1, min(8, int(across / 34))))
    )
    axis.tick_params(which="both", labelsize=8, labelcolor=palette.muted, color=palette.border)
    axis.grid(which="major", color=palette.border, linewidth=0.6, alpha=0.35)
    for name, spine in axis.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(palette.border)


def _draw_inputs(axis: Any, value: float, numbers: Sequence[float], request: CurvesRequest) -> None:
    """Draw the inputs' own value as a line; far from the curves as words at the edge, since the
    curves would be flat beside it."""
    low, high = min(numbers, default=value), max(numbers, default=value)
    far = _FARTHEST * ((high - low) or abs(high) or 1.0)
    colour = request.palette.text
    if request.logarithmic or low - far <= value <= high + far:
        axis.axhline(value, color=colour, linestyle=":", linewidth=1.3, label=INPUT_ITSELF)
        return
    above = value > high
    axis.text(
        0.99,
        0.97 if above else 0.03,
        f"{INPUT_ITSELF} {value:.3g} {'↑' if above else '↓'}",
        transform=axis.transAxes,
        ha="right",
        va="top" if above else "bottom",
        fontsize=8,
        color=colour,
    )


def _draw_line(axis: Any, line: Line, number: int, count: int, request: CurvesRequest) -> None:
    """Draw a quantity's training and validation curves, and a dot at the best epoch."""
    palette, both = request.palette, bool(line.validation)
    colours = _colours(line, number, count, palette)
    for values, words, colour, style in (
        (line.training, "training", colours[0], "--" if both else "-"),
        (line.validation, "validation", colours[1], "-"),
    ):
        if not values:
            continue
        epochs, numbers = zip(*values, strict=True)
        mark = "o" if len(values) == 1 else ""
        axis.plot(
            epochs, numbers, style, color=colour, label=words, marker=mark, linewidth=1.5, ms=4
        )
    marked = dict(line.validation or line.training)
    if request.best_epoch in marked:
        axis.plot(
            [request.best_epoch],
            [marked[request.best_epoch]],
            "o",
            color=colours[1 if both else 0],
            ms=6.5,
            mec=palette.text,
            mew=1.2,
            label="best epoch",
            zorder=5,
        )


def _colours(line: Line, number: int, count: int, palette: Palette) -> Sequence[str]:
    """The colours of the training and of the validation curve of one of ``count`` quantities."""
    if count == 1:
        return palette.series[:2]
    own = line.colour or palette.series[number % len(palette.series)]
    return (readable(own, palette.field, palette.text),) * 2


def _draw_classes(axis: Any, chart: Chart, palette: Palette, above: bool = False) -> None:
    """Draw a legend of the classes' names in the colours of their curves.

    Args:
        axis: the chart's axes.
        chart: the chart.
        palette: the colours.
        above: in one line beside the title, where no curve is hidden; else inside.
    """
    from matplotlib.lines import Line2D  # noqa: PLC0415

    handles = []
    for number, line in enumerate(chart.lines):
        colour = _colours(line, number, len(chart.lines), palette)[1 if line.validation else 0]
        handles.append(Line2D([], [], color=colour, linewidth=2, label=line.name))
    inside = {"loc": "best", "ncols": _legend_columns(chart), "borderpad": 0.3}
    line_above = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "ncols": len(handles)}
    line_above |= {"frameon": False, "borderpad": 0.1, "borderaxespad": 0.2, "columnspacing": 1.0}
    axis.legend(
        handles=handles,
        fontsize=8,
        labelcolor=palette.text,
        facecolor=palette.field,
        edgecolor=palette.border,
        framealpha=0.8,
        handlelength=1.2,
        labelspacing=0.25,
        **(line_above if above else inside),
    )


def _legend_columns(chart: Chart) -> int:
    return 1 if len(chart.lines) <= _ONE_COLUMN else 2


def readable(colour: str, background: str, text: str) -> str:
    """The colour, mixed with that of text as far as its contrast to the background needs.

    All are "#rrggbb". The contrast is that of WCAG 2.1.
    """
    for tenth in range(11):
        mixed = [
            round(own + (other - own) * tenth / 10)
            for own, other in zip(_rgb(colour), _rgb(text), strict=True)
        ]
        found = "#{:02x}{:02x}{:02x}".format(*mixed)
        low, high = sorted((_luminance(found), _luminance(background)))
        if (high + 0.05) / (low + 0.05) >= _CONTRAST:
            return found
    return text


def _rgb(colour: str) -> bytes:
    return bytes.fromhex(colour[1:])


def _luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.1, 0 to 1."""
    parts = [value / 255 for value in _rgb(colour)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def number_between(value: float, low: float, high: float) -> str:
    """A number with 3 significant digits, or more if ticks between the limits need them."""
    size = max(abs(low), abs(high))
    apart = math.log10(size / (high - low)) if size > 0 and high > low else 0.0
    return f"{value:.{min(10, max(3, 2 + math.ceil(apart)))}g}"
