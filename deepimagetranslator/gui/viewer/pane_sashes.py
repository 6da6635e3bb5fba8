"""The panes side by side, or one below the other in a narrow place, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable
from tkinter import ttk


class PaneSashes(ttk.Frame):
    """Panes with movable sashes. Create the panes as its children, then call ``hold``.

    Attributes:
        stacked: whether the panes lie one below the other.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self.stacked = False
        self._panes: list[ttk.Frame] = []
        self._row = ttk.Panedwindow(self, orient="horizontal")
        self._column = ttk.Panedwindow(self, orient="vertical")

    def hold(self, panes: Iterable[ttk.Frame]) -> None:
        """Set the panes, from left to right."""
        self._panes = list(panes)
        self._arrange(self._row)

    def stack(self, on: bool) -> None:
        """Arrange the panes one below the other, or side by side again."""
        if on == self.stacked:
            return
        self.stacked = on
        for pane in self._panes:
            (self._row if on else self._column).forget(pane)
        self._arrange(self._column if on else self._row)

    def _arrange(self, holder: ttk.Panedwindow) -> None:
        for other in (self._row, self._column):
            other.pack_forget()
        for pane in self._panes:
            holder.add(pane, weight=1)
        holder.pack(fill="both", expand=True)
