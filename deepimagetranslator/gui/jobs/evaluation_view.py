"""The result of an evaluation: a table that can be sorted and copied, and a figure."""

from __future__ import annotations

import math
import tkinter as tk
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from tkinter import ttk
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.evaluation.measures import LIKENESS, MEASURES, OVERLAP
from deepimagetranslator.core.evaluation.summary import Spread, Summarized
from deepimagetranslator.core.evaluation.table import POOLED
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.words import shown_word
from deepimagetranslator.gui.widgets.wrapping import wrap_at_width

_AT_ONCE = 200  # rows that are inserted before other events are handled
_FIGURE = (900, 230)
_FEWEST, _MOST = 4, 14  # rows of the table
_REST = 525  # height of the window without these rows
_AROUND = 60
_WIDEST = "0.0215 ± 0.0019"
HINT = (
    "Click a heading to sort, double-click an image to see it. In the figure, boxes are quartiles, "
    "dots are images, and dotted lines are the whole volume."
)
_HINT_OF_INPUT = "Circles are the inputs themselves."

Key = tuple[bool, Any]


class EvaluationView(ttk.Frame):
    """Whole volume, mean and standard deviation, then every image.

    Args:
        parent: the parent widget.
        result: the result with its summary.
        background: draws the figure.
        show_image: called with an image on double click or Return; None if none can be shown.
        drawn: called when the figure is there, or with a sentence that says why there is none.

    Attributes:
        table: the table; the rows of the summary stay at its top.
        figure: the figure; None until it has been drawn.
        sorted_by: the column that the images are sorted by; empty for their own order.
        falling: whether the highest value comes first.
    """

    def __init__(
        self,
        parent: tk.Misc,
        result: Summarized,
        background: Background,
        show_image: Callable[[ImageRef], object] | None = None,
        drawn: Callable[[str], object] = lambda _problem: None,
    ) -> None:
        super().__init__(parent)
        self.evaluation = evaluation = result.evaluation
        self.figure: Image.Image | None = None
        self.sorted_by, self.falling = "", False
        self._show_image, self._drawn = show_image, drawn
        self._background = background
        self._photo: ImageTk.PhotoImage | None = None
        self._filling = ""
        self._persons, self._summaries = result.persons, result.summaries
        self._measures = _shown(evaluation.measures)
        self._images = [row for row in evaluation.rows if row["image"] != POOLED]
        self._places = _places(self._images)
        self._order = list(range(len(self._images)))
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._build()
        self._draw_figure()

    def destroy(self) -> None:
        """Close; ends the filling of the table."""
        if self._filling:
            self.after_cancel(self._filling)
        self._photo = None
        super().destroy()

    def sort(self, column: str) -> None:
        """Sort the images by a column; the same column again turns the order round."""
        self.falling = not self.falling if column == self.sorted_by else False
        self.sorted_by = column
        keys = self._keys(column)
        defined = [index for index, key in enumerate(keys) if key is not None]
        undefined = [index for index, key in enumerate(keys) if key is None]
        defined.sort(key=lambda index: keys[index], reverse=self.falling)
        self._order = defined + undefined
        self._write_headings()
        self._fill()

    def copy(self) -> None:
        """Copy the selected rows, or the whole table, as text for a spreadsheet."""
        chosen = self.table.selection()
        if len(chosen) > 1:
            rows = [tuple(map(str, self.table.item(item, "values"))) for item in chosen]
        else:
            rows = [*self._summary_rows(), *(self._cells(i) for i in self._order)]
        lines = [self._columns(), *rows]
        self.clipboard_clear()
        self.clipboard_append("\n".join("\t".join(cells) for cells in lines))

    # ---- the table -------------------------------------------------------------------------

    def _build(self) -> None:
        px = theme_of(self).px
        line = theme_of(self).font().metrics("linespace") + px(8)
        summary = len(self._summary_rows())
        least = summary + min(len(self._images), _FEWEST)
        # Below the rows of the summary some images must be seen.
        small = (self.winfo_screenheight() - px(_REST)) // line < least
        upper, lower = self._pages() if small else (self, self)
        holder = ttk.Frame(upper)
        holder.columnconfigure(0, weight=1)
        holder.rowconfigure(0, weight=1)
        holder.grid(row=0, column=0, sticky="nsew")
        rest = px(_REST - _FIGURE[1]) if small else px(_REST)
        rows = min(_MOST, max(_FEWEST, (self.winfo_screenheight() - rest) // line))
        self.table = ttk.Treeview(holder, show="headings", height=rows, selectmode="extended")
        down = ttk.Scrollbar(holder, command=self.table.yview)
        across = ttk.Scrollbar(holder, orient="horizontal", command=self.table.xview)
        self.table.configure(yscrollcommand=down.set, xscrollcommand=across.set)
        self.table.grid(row=0, column=0, sticky="nsew")
        down.grid(row=0, column=1, sticky="ns")
        of_input = len(self._measures) > len(MEASURES)
        hint_text = f"{HINT} {_HINT_OF_INPUT}" if of_input else HINT
        hint = ttk.Label(upper, text=hint_text, style="Small.TLabel")
        hint.grid(row=1, column=0, sticky="ew", pady=(px(4), px(6)))
        wrap_at_width(hint)
        self._picture = ttk.Label(lower)
        self._picture.grid(row=2, column=0)
        self.table.configure(columns=self._columns())
        bold, text = theme_of(self).font("bold"), theme_of(self).font()
        total = 0
        for number, column in enumerate(self._columns()):
            words = column in ("Image", "Person", "Channel")
            least = px(170) if number == 0 else text.measure("Channel" if words else _WIDEST)
            wide = max(least, bold.measure(column)) + px(18)
            total += wide
            anchor: Any = "w" if words else "e"
            self.table.column(column, width=wide, minwidth=wide, stretch=False, anchor=anchor)
        bar = down.winfo_reqwidth()
        self.room = min(total + bar, self.winfo_screenwidth() - px(_AROUND))
        if self.room < total + bar:
            across.grid(row=1, column=0, sticky="ew")
        # Otherwise the table would request the width of all its columns, even beyond the screen.
        holder.configure(width=self.room, height=self.table.winfo_reqheight() + bar)
        holder.grid_propagate(False)
        self.table.tag_configure("summary", background=theme_of(self).palette.background)
        self._write_headings()
        self._fill()
        for key in ("<Double-Button-1>", "<Return>", "<KP_Enter>"):
            self.table.bind(key, self._on_open)
        for key in ("<Control-c>", "<Control-C>", "<Command-c>"):
            if "Command" not in key or self.tk.call("tk", "windowingsystem") == "aqua":
                self.table.bind(key, lambda _event: self.copy())

    def _pages(self) -> tuple[ttk.Frame, ttk.Frame]:
        """Two tabs for table and figure, for a screen that has no room for both."""
        tabs = ttk.Notebook(self)
        tabs.enable_traversal()
        tabs.grid(row=0, column=0, sticky="nsew")
        pages = ttk.Frame(tabs), ttk.Frame(tabs)
        for page, text in zip(pages, ("Table", "Figure"), strict=True):
            page.columnconfigure(0, weight=1)
            page.rowconfigure(0, weight=1)
            tabs.add(page, text=text)
        return pages

    def _columns(self) -> tuple[str, ...]:
        person = ("Person",) if self._persons else ()
        return ("Image", *person, "Channel", *map(shown_word, self._measures))

    def _write_headings(self) -> None:
        for column in self._columns():
            sign = {True: " ▾", False: " ▴"}[self.falling] if column == self.sorted_by else ""
            self.table.heading(column, text=column + sign, command=lambda c=column: self.sort(c))  # type: ignore[misc]

    def _fill(self) -> None:
        """Fill the table, some rows at a time."""
        if self._filling:
            self.after_cancel(self._filling)
        self.table.delete(*self.table.get_children())
        for cells in self._summary_rows():
            self.table.insert("", "end", values=cells, tags=("summary",))
        self._go_on(iter(tuple(self._order)))

    def _go_on(self, left: Iterator[int]) -> None:
        self._filling = ""
        some = list(islice(left, _AT_ONCE))
        for index in some:
            self.table.insert("", "end", iid=f"image {index}", values=self._cells(index))
        if len(some) == _AT_ONCE:
            self._filling = self.after(1, self._go_on, left)

    def _summary_rows(self) -> list[tuple[str, ...]]:
        person = ("",) if self._persons else ()
        pooled = [row for row in self.evaluation.rows if row["image"] == POOLED]
        measures = self._measures
        rows = [("Whole volume", *person, *_values_of(row, measures)) for row in pooled]
        for one in self._summaries:
            cells = (_spread_text(one.spreads[m]) if m in one.spreads else "" for m in measures)
            title = f"{one.count} {one.over}, mean ± SD"
            rows.append((title, *person, one.channel, *cells))
        return rows

    def _cells(self, index: int) -> tuple[str, ...]:
        row = self._images[index]
        person = (self._persons[self._places[index]],) if self._persons else ()
        return (str(row["image"]), *person, *_values_of(row, self._measures))

    def _keys(self, column: str) -> list[Any]:
        """The sort key of each image's row; None where the measure is undefined."""
        measure = next((name for name in self._measures if shown_word(name) == column), None)
        if measure is not None:
            values = [float(row.get(measure, math.nan)) for row in self._images]
            return [None if math.isnan(value) else value for value in values]
        if column == "Person":
            return [self._persons[place] for place in self._places]
        return [str(row[column.lower()]) for row in self._images]

    def _on_open(self, event: tk.Event[tk.Misc]) -> str | None:
        on_heading = self.table.identify_region(event.x, event.y) == "heading"
        item = next(iter(self.table.selection()), "")
        if self._show_image is None or not item.startswith("image ") or on_heading:
            return None
        place = self._places[int(item.removeprefix("image "))]
        if place < len(self.evaluation.files):
            self._show_image(self.evaluation.files[place])
        return "break"

    # ---- the figure ------------------------------------------------------------------------

    def _draw_figure(self) -> None:
        theme, result = theme_of(self), self.evaluation
        height = min(theme.px(_FIGURE[1]), self.winfo_screenheight() // 4)
        size, palette = (min(theme.px(_FIGURE[0]), self.room), height), theme.palette

        def show(picture: Image.Image) -> None:
            if self.winfo_exists():
                self.figure = picture
                self._photo = ImageTk.PhotoImage(picture, master=self)
                self._picture.configure(image=self._photo)
                self._drawn("")

        def draw() -> Image.Image:
            from deepimagetranslator.gui.jobs.measures_figure import draw_measures  # noqa: PLC0415

            return draw_measures(result.rows, size, palette, theme.scaling, result.labels)

        def report(error: Exception) -> None:
            self._drawn(f"The figure could not be drawn ({error}).")

        self._background.run("measures figure", draw, show, report)


def _places(rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """The number of each row's image: an image's channels follow one another."""
    places, seen = list[int](), set[str]()
    number = 0
    for row in rows:
        if row["channel"] in seen:
            number, seen = number + 1, set()
        seen.add(row["channel"])
        places.append(number)
    return places


def _shown(measures: Sequence[str]) -> tuple[str, ...]:
    """The measures in the order of the columns: those of the input itself beside the network's."""
    if len(measures) == len(MEASURES):
        return tuple(measures)
    beside = [each for name in LIKENESS[::-1] for each in (name, f"input_{name}")]
    return (*beside, *OVERLAP)


def _values_of(row: Mapping[str, Any], measures: Sequence[str]) -> tuple[str, ...]:
    """The channel and the measures as text."""
    numbers = (_number_text(float(row[name])) if name in row else "" for name in measures)
    return (str(row["channel"]), *numbers)


def _number_text(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"


def _spread_text(spread: Spread) -> str:
    if math.isnan(spread.sd):
        return _number_text(spread.mean)
    return f"{spread.mean:.3g} ± {spread.sd:.2g}"
