"""The panes side by side, or one below the other in a narrow place, with sashes between them."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterable, Sequence
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
        self._hidden: list[ttk.Frame] = []
        self._held: dict[ttk.Frame, ttk.Panedwindow] = {}
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
        self._arrange(self._column if on else self._row)

    def hide(self, panes: Sequence[ttk.Frame]) -> None:
        """Leave these panes out, and show all others."""
        if list(panes) != self._hidden:
            self._hidden = list(panes)
            self._arrange(self._column if self.stacked else self._row)

    def _arrange(self, holder: ttk.Panedwindow) -> None:
        for other in (self._row, self._column):
            other.pack_forget()
        for pane in self._panes:
            if pane in self._held:
                self._held.pop(pane).forget(pane)
            if pane not in self._hidden:
                holder.add(pane, weight=1)
                self._held[pane] = holder
        holder.pack(fill="both", expand=True)
