"""A frame with scroll bars that appear when its content does not fit."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of


class Scrolled(ttk.Frame):
    """Shows ``body``, with scroll bars if it does not fit.

    Attributes:
        body: the frame for the content.
    """

    def __init__(self, parent: tk.Misc, padding: tuple[int, int, int, int]) -> None:
        super().__init__(parent)
        self._theme = theme_of(self)
        self._most = (self.winfo_screenwidth(), self.winfo_screenheight())
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas = tk.Canvas(self, highlightthickness=0, borderwidth=0, takefocus=False)
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self._across = ttk.Scrollbar(self, orient="horizontal", command=self.canvas.xview)
        self._down = ttk.Scrollbar(self, orient="vertical", command=self.canvas.yview)
        self.canvas.configure(xscrollcommand=self._across.set, yscrollcommand=self._down.set)
        # The canvas gives this frame its requested size. The frame's only cell is at least as large
        # as the canvas, so that the body grows with the window.
        self._inner = ttk.Frame(self.canvas)
        self.body = ttk.Frame(self._inner, padding=padding)
        self.body.grid(row=0, column=0, sticky="nsew")
        self.canvas.create_window(0, 0, window=self._inner, anchor="nw")
        self._inner.bind("<Configure>", lambda _event: self.fit())
        self.canvas.bind("<Configure>", lambda _event: self._stretch())
        self.bind("<<PaletteChanged>>", lambda _event: self._recolour(), add=True)
        self.canvas.bind("<<PaletteChanged>>", lambda _event: self._recolour(), add=True)
        self._recolour()
        window = self.winfo_toplevel()
        window.bind("<FocusIn>", self._on_focus, add=True)
        window.bind("<MouseWheel>", self._on_wheel, add=True)
        window.bind("<Button-4>", self._on_wheel, add=True)
        window.bind("<Button-5>", self._on_wheel, add=True)

    def limit(self, width: int, height: int) -> None:
        """Limit the requested size, scroll bars included, to so many pixels."""
        needs_width, needs_height = self.body.winfo_reqwidth(), self.body.winfo_reqheight()
        thick = self._down.winfo_reqwidth()
        across = needs_width > width - thick * (needs_height > height)
        down = needs_height > height - thick * across
        self._most = (width - thick * down, height - thick * across)
        self.fit()

    def to_top(self) -> None:
        """Scroll to the upper left corner."""
        if self.winfo_exists():
            self.canvas.xview_moveto(0)
            self.canvas.yview_moveto(0)

    def fit(self) -> None:
        """Request the size that the body needs, within the limits.

        Room for the bars that this leaves necessary is requested whether they are shown yet or
        not: else each bar could make the other necessary, and their appearance enlarge the frame
        until neither is, without end.
        """
        needs_width, needs_height = self.body.winfo_reqwidth(), self.body.winfo_reqheight()
        width, height = min(needs_width, self._most[0]), min(needs_height, self._most[1])
        thick = self._down.winfo_reqwidth()
        self.columnconfigure(1, minsize=thick if needs_height > height else 0)
        self.rowconfigure(1, minsize=thick if needs_width > width else 0)
        if (self.canvas.winfo_reqwidth(), self.canvas.winfo_reqheight()) != (width, height):
            self.canvas.configure(width=width, height=height)
        self._show_bars()

    def _stretch(self) -> None:
        self._inner.columnconfigure(0, weight=1, minsize=self.canvas.winfo_width())
        self._inner.rowconfigure(0, weight=1, minsize=self.canvas.winfo_height())
        self._show_bars()

    def _show_bars(self) -> None:
        width, height = self.body.winfo_reqwidth(), self.body.winfo_reqheight()
        self.canvas.configure(scrollregion=(0, 0, width, height))
        room_across, room_down = self.winfo_width(), self.winfo_height()
        shown, thick = room_across > 1, self._down.winfo_reqwidth()
        down = shown and height > room_down
        across = shown and width > room_across - thick * down
        down = shown and height > room_down - thick * across
        if down:
            self._down.grid(row=0, column=1, sticky="ns")
        else:
            self._down.grid_remove()
        if across:
            self._across.grid(row=1, column=0, sticky="ew")
        else:
            self._across.grid_remove()

    def _inside(self, widget: object) -> bool:
        return str(widget).startswith(f"{self.body}.")

    def _on_focus(self, event: tk.Event[tk.Misc]) -> None:
        """Scroll to the widget that has the focus."""
        widget, canvas, inner = event.widget, self.canvas, self._inner
        if not self._inside(widget):
            return
        # Both lie where they were until Tk is idle, while canvasy tells of the last scrolling at
        # once: a second event would otherwise scroll as far again.
        if self._down.winfo_ismapped():
            top = int(widget.winfo_rooty() - inner.winfo_rooty() - canvas.canvasy(0))
            by = self._missing(top, widget.winfo_height(), canvas.winfo_height())
            canvas.yview_moveto((canvas.canvasy(0) + by) / self.body.winfo_reqheight())
        if self._across.winfo_ismapped():
            left = int(widget.winfo_rootx() - inner.winfo_rootx() - canvas.canvasx(0))
            by = self._missing(left, widget.winfo_width(), canvas.winfo_width())
            canvas.xview_moveto((canvas.canvasx(0) + by) / self.body.winfo_reqwidth())

    def _missing(self, start: int, length: int, room: int) -> int:
        """By how many pixels to scroll until a part of the body is in sight, with a margin."""
        over, margin = start + length - room, self._theme.px(12)
        if start < 0:
            return start - margin
        return over + margin if over > 0 else 0

    def _on_wheel(self, event: tk.Event[tk.Misc]) -> None:
        if self._down.winfo_ismapped() and self._inside(event.widget):
            up = event.num == 4 or event.delta > 0
            self.canvas.yview_scroll(-2 if up else 2, "units")

    def _recolour(self) -> None:
        self.canvas.configure(background=self._theme.palette.background)
