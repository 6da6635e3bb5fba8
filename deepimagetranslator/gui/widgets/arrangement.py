"""Arranges views side by side, or as tabs in a small window."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of

ROOM_WIDTH, ROOM_HEIGHT = 860, 400


class Arrangement(ttk.Frame):
    """Two views side by side and a third below, with sashes; three tabs in a small window.

    Create the views as its children, then call ``hold``.

    Attributes:
        compact: whether the views are tabs; None before the first layout.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self.compact: bool | None = None
        self._views: list[tuple[str, ttk.Frame]] = []
        self._rows = ttk.Panedwindow(self, orient="vertical")
        self._columns = ttk.Panedwindow(self, orient="horizontal")
        self._tabs = ttk.Notebook(self)
        self._tabs.enable_traversal()
        # The window's size determines the views' sizes, not the other way round.
        self.pack_propagate(False)

    def hold(self, left: ttk.Frame, right: ttk.Frame, below: ttk.Frame, names: list[str]) -> None:
        """Set the three views and the names of their tabs, in the order left, right, below."""
        self._views = list(zip(names, (left, right, below), strict=True))
        self.bind("<Configure>", self._on_size)

    def _on_size(self, event: tk.Event[tk.Misc]) -> None:
        px = theme_of(self).px
        compact = event.width < px(ROOM_WIDTH) or event.height < px(ROOM_HEIGHT)
        if compact != self.compact:
            self.compact = compact
            self._arrange()

    def _arrange(self) -> None:
        for holder in (self._rows, self._columns, self._tabs):
            for child in holder.winfo_toplevel().tk.splitlist(
                holder.tk.call(str(holder), "tabs" if holder is self._tabs else "panes")
            ):
                holder.forget(child)
            holder.pack_forget()
        if self.compact:
            for name, view in self._views:
                self._tabs.add(view, text=name, padding=theme_of(self).px(8))
            self._tabs.pack(fill="both", expand=True)
            return
        (_, left), (_, right), (_, below) = self._views
        self._columns.add(left, weight=1)
        self._columns.add(right, weight=1)
        self._rows.add(self._columns, weight=1)
        self._rows.add(below, weight=0)
        self._rows.pack(fill="both", expand=True)
