"""The table of label classes: colour, name, colours in the files, fraction of the pixels."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from PIL import Image, ImageDraw, ImageTk

from deepimagetranslator.core.config.classes import Colour, LabelClass, colour_of
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, Theme, theme_of

_ROWS = 8
_BOX, _HEIGHT, _ARROW = 24, 16, 16
_STYLE = "Classes.Treeview"


class ClassTable(ttk.Frame):
    """A list of classes; the user can select one or several.

    Args:
        parent: the parent widget.
        on_select: called when the selection has changed.
    """

    def __init__(self, parent: tk.Misc, on_select: Callable[[], object]) -> None:
        super().__init__(parent)
        self._theme, self._on_select = theme_of(self), on_select
        px = self._theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self._classes: tuple[LabelClass, ...] = ()
        self._swatches: list[ImageTk.PhotoImage] = []
        ttk.Style(self).configure(_STYLE, indent=0)
        # Aligns the cells with their headings.
        ttk.Style(self).configure(f"{_STYLE}.Cell", padding=(px(6), 0))
        columns = ("name", "colours", "share")
        self.tree = ttk.Treeview(
            self, columns=columns, height=_ROWS, style=_STYLE, selectmode="extended"
        )
        self.tree.heading("#0", text="Colour", anchor="w")
        self.tree.heading("name", text="Name", anchor="w")
        self.tree.heading("colours", text="In the files", anchor="w")
        self.tree.heading("share", text="Pixels", anchor="e")
        self.tree.column("#0", width=px(2 * _BOX + _ARROW + 32), stretch=False)
        self.tree.column("name", width=px(150))
        self.tree.column("colours", width=px(130), stretch=False)
        self.tree.column("share", width=px(70), anchor="e", stretch=False)
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self, orient="vertical", command=self.tree.yview)
        bar.grid(row=0, column=1, sticky="ns")
        self.tree.configure(yscrollcommand=bar.set)
        self.tree.bind("<<TreeviewSelect>>", lambda _event: self._on_select())
        self.bind(PALETTE_CHANGED, lambda _event: self._draw_swatches(), add=True)

    def show(
        self, classes: Sequence[LabelClass], colours: Sequence[str], shares: Sequence[str]
    ) -> None:
        """Show classes with their colours and shares of pixels as text; the selection stays."""
        self._classes = tuple(classes)
        rows = self.tree.get_children()
        if len(rows) != len(classes):
            chosen = self.selection
            self.tree.delete(*rows)
            rows = tuple(self.tree.insert("", "end", iid=str(i)) for i in range(len(classes)))
            self.select([number for number in chosen if number < len(classes)])
        for row, one, *words in zip(rows, classes, colours, shares, strict=True):
            self.tree.item(row, values=(one.name, *words))
        self._draw_swatches()

    @property
    def selection(self) -> list[int]:
        """The indices of the selected classes, in order."""
        return sorted(int(row) for row in self.tree.selection())

    def select(self, numbers: Sequence[int]) -> None:
        """Select classes by index, and scroll to the first."""
        rows = [str(number) for number in numbers]
        self.tree.selection_set(rows)
        if rows:
            self.tree.focus(rows[0])
            self.tree.see(rows[0])

    def enable(self, on: bool) -> None:
        """Enable or disable the table."""
        self.tree.state(["!disabled" if on else "disabled"])

    def _draw_swatches(self) -> None:
        brightest = max((max(one.learnt) for one in self._classes), default=255)
        pictures = [draw_swatch(one, brightest, self._theme) for one in self._classes]
        self._swatches = [ImageTk.PhotoImage(picture, master=self) for picture in pictures]
        for row, swatch in zip(self.tree.get_children(), self._swatches, strict=True):
            self.tree.item(row, image=swatch)


def draw_swatch(one: LabelClass, brightest: int, theme: Theme) -> Image.Image:
    """A box in the class's colour; if another colour is written, an arrow and a second box.

    Args:
        one: the class.
        brightest: the largest value of all classes; if it is below 64, values are class numbers
            and are stretched to visible greys.
        theme: provides sizes and colours.
    """
    px = theme.px
    picture = Image.new("RGBA", (px(2 * _BOX + _ARROW), px(_HEIGHT)))
    draw = ImageDraw.Draw(picture)
    boxes = [(0, None if one.rest else one.learnt)]
    if one.written is not None:
        boxes.append((px(_BOX + _ARROW), one.written))
        middle, left, right = px(_HEIGHT) // 2, px(_BOX + 4), px(_BOX + _ARROW - 4)
        for line in (
            (left, middle, right, middle),
            (right - px(3), middle - px(3), right, middle),
            (right - px(3), middle + px(3), right, middle),
        ):
            draw.line(line, fill=theme.palette.muted, width=px(1))
    for left, colour in boxes:
        corners = (left, 0, left + px(_BOX) - 1, px(_HEIGHT) - 1)
        fill = theme.palette.background if colour is None else _shown(colour, brightest)
        draw.rectangle(corners, fill=fill, outline=theme.palette.border, width=px(1))
        if colour is None:  # the class of all other colours
            draw.line(
                (left, px(_HEIGHT) - 1, corners[2], 0), fill=theme.palette.border, width=px(1)
            )
    return picture


def _shown(colour: Colour, brightest: int) -> tuple[int, ...]:
    top = 255
    if len(colour) == 1 and 0 < brightest < 64:
        top = brightest
    elif max(brightest, *colour) > top:
        top = max(brightest, *colour)
    return colour_of(tuple(min(255, value * 255 // top) for value in colour), 3)
