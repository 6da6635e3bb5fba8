"""The cells of a study as a table that fills in."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Literal

from deepimagetranslator.app.study import words
from deepimagetranslator.app.study.study_state import StudyState
from deepimagetranslator.core.study.status import CellStatus, Step
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

_COLUMNS = (
    ("variation", "Variation", 230),
    ("fold", "Fold: tested", 190),
    ("repeat", "Repeat", 70),
    ("size", "Images", 70),
    ("state", "State", 100),
    ("epoch", "Epochs", 100),
    ("value", "Value", 100),
)
_AT_RIGHT = ("repeat", "size", "epoch", "value")
_ROWS = 6


class CellTable(ttk.Frame):
    """A line for each cell; Return or a double click opens one.

    Args:
        parent: the parent widget.
        on_open: called with the name of a cell to open.
        on_select: called when another cell is selected.

    Attributes:
        table: the table; its lines have the names of the cells.
    """

    def __init__(
        self,
        parent: tk.Misc,
        on_open: Callable[[str], object],
        on_select: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._on_open = on_open
        px = theme_of(self).px
        self._shown: dict[str, tuple[str, ...]] = {}
        self._seen: dict[str, CellStatus] = {}
        self._lively = ""
        names = [name for name, _, _ in _COLUMNS]
        self.table = ttk.Treeview(
            self, columns=names, show="headings", height=_ROWS, selectmode="browse"
        )
        for name, title, width in _COLUMNS:
            anchor: Literal["e", "w"] = "e" if name in _AT_RIGHT else "w"
            self.table.heading(name, text=title, anchor=anchor)
            self.table.column(name, width=px(width), minwidth=px(50), anchor=anchor)
        bar = ttk.Scrollbar(self, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<Double-Button-1>", self._on_double)
        self.table.bind("<Return>", self._on_return)
        self.table.bind("<<TreeviewSelect>>", lambda _event: on_select())
        self.table.bind(PALETTE_CHANGED, lambda _event: self._colour())
        self._colour()

    @property
    def chosen(self) -> str:
        """The name of the selected cell; empty if none is."""
        return next(iter(self.table.selection()), "")

    def show(self, state: StudyState) -> None:
        """Show how far the cells have come; only lines that changed are written."""
        if self._shown.keys() != state.cells.keys():
            self._fill(state)
        lively = {state.current, self._lively}  # their words may change without their status
        self._lively = state.current
        for name, found in state.cells.items():
            if self._seen.get(name) is found and name not in lively:
                continue
            self._seen[name] = found
            values = _values(state, found)
            if values != self._shown[name]:
                self._shown[name] = values
                tag = _TAGS.get(found.step, "")
                self.table.item(name, values=values, tags=(tag,) if tag else ())

    def _fill(self, state: StudyState) -> None:
        self.table.delete(*self.table.get_children())
        self._seen.clear()
        self._shown = dict.fromkeys(state.cells, ())
        for name in state.cells:
            self.table.insert("", "end", iid=name)
        hidden = {
            "fold": len(state.plan.folds[0]) < 2,
            "repeat": state.plan.repeats < 2,
            "size": not state.plan.sizes,
        }
        shown = [name for name, _, _ in _COLUMNS if not hidden.get(name)]
        self.table.configure(displaycolumns=shown)
        theme = theme_of(self)
        measure = theme.font("text").measure
        names = [variation.name for variation in state.plan.variations]
        wide = max(theme.px(_COLUMNS[0][2]), *(measure(name) + theme.px(16) for name in names))
        self.table.column("variation", width=wide, stretch=False)
        first = next(iter(state.cells))
        self.table.focus(first)

    def _on_double(self, event: tk.Event[tk.Misc]) -> None:
        name = self.table.identify_row(event.y)
        if name:
            self._on_open(name)

    def _on_return(self, _event: object) -> str:
        if self.chosen:
            self._on_open(self.chosen)
        return "break"

    def _colour(self) -> None:
        palette = theme_of(self).palette
        self.table.tag_configure("failed", foreground=palette.error)
        self.table.tag_configure("running", foreground=palette.accent)
        self.table.tag_configure("to do", foreground=palette.muted)


_TAGS = {Step.FAILED: "failed", Step.RUNNING: "running", Step.TO_DO: "to do"}


def _values(state: StudyState, found: CellStatus) -> tuple[str, ...]:
    cell = found.cell
    return (
        cell.variation,
        words.fold_of(state.plan, cell),
        str(cell.repeat),
        str(cell.size or ""),
        words.step_words(state, found),
        words.epoch_words(state, found),
        words.value_words(state.plan, found),
    )
