"""The comparisons of a new study: all pairs of variations, with a mark at those that matter."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from itertools import combinations
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of

Pair = tuple[str, str]
_ROWS, _MOST = 5, 500


class ComparisonList(ttk.Frame):
    """A table of pairs; a click or the space bar marks one.

    Args:
        parent: the parent widget.
        on_change: called when the user has marked another pair.

    Attributes:
        chosen: the marked pairs; None while each variation is compared with the first.
        table: the table.
        pairs: the pairs by their lines of the table.
    """

    def __init__(self, parent: tk.Misc, on_change: Callable[[], object]) -> None:
        super().__init__(parent)
        px = theme_of(self).px
        self._on_change = on_change
        self._names: tuple[str, ...] = ()
        self.chosen: tuple[Pair, ...] | None = None
        self.pairs: dict[str, Pair] = {}
        self.table = ttk.Treeview(
            self, columns=("pair",), height=_ROWS, selectmode="browse", show=("tree", "headings")
        )
        self.table.heading("#0", text="Matters")
        self.table.heading("pair", text="Difference", anchor="w")
        self.table.column("#0", width=px(80), stretch=False, anchor="center")
        self.table.column("pair", width=px(360))
        self.columnconfigure(0, weight=1)
        self.table.grid(row=0, column=0, sticky="nsew")
        down = ttk.Scrollbar(self, command=self.table.yview)
        down.grid(row=0, column=1, sticky="ns")
        across = ttk.Scrollbar(self, orient="horizontal", command=self.table.xview)
        across.grid(row=1, column=0, sticky="ew")
        self.table.configure(yscrollcommand=down.set, xscrollcommand=across.set)
        self.table.bind("<ButtonRelease-1>", lambda e: self.toggle(self.table.identify_row(e.y)))
        self.table.bind("<space>", lambda _event: self.toggle(self.table.focus()))

    def show(self, names: Sequence[str]) -> None:
        """Show the pairs of these variations; other names than before unmark what was chosen."""
        if tuple(names) == self._names:
            return
        self._names, self.chosen = tuple(names), None
        self.pairs.clear()
        self.table.delete(*self.table.get_children())
        every = ((later, earlier) for earlier, later in combinations(names, 2))
        for pair, _ in zip(every, range(_MOST), strict=False):
            self.pairs[self.table.insert("", "end")] = pair
        self._write()

    def toggle(self, line: str) -> None:
        """Mark the pair of a line, or unmark it."""
        if line not in self.pairs:
            return
        now = set(self._marked()) ^ {self.pairs[line]}
        self.chosen = tuple(pair for pair in self.pairs.values() if pair in now)
        self._write()
        self._on_change()

    def _marked(self) -> tuple[Pair, ...]:
        if self.chosen is not None:
            return self.chosen
        return tuple((name, self._names[0]) for name in self._names[1:])

    def _write(self) -> None:
        marked = set(self._marked())
        theme, widest = theme_of(self), 0
        for line, (first, second) in self.pairs.items():
            sign, words = "✓" if (first, second) in marked else "", f"{first} minus {second}"
            self.table.item(line, text=sign, values=(words,))
            widest = max(widest, theme.font().measure(words))
        self.table.column("pair", minwidth=widest + theme.px(16))
