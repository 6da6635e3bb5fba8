"""The dialog for choosing one of several DICOM series."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Literal

from deepimagetranslator.core.imaging.series import ALL, Series
from deepimagetranslator.gui.widgets.dialog import Dialog

NAME = "series"
_MOST_ROWS = 12
_COLUMNS = (
    ("number", "Number", 80),
    ("description", "Description", 280),
    ("modality", "Modality", 90),
    ("patient", "Patient", 180),
    ("slices", "Slices", 80),
)


class SeriesDialog(Dialog[str]):
    """A table of the series; OK gives the chosen one's uid, or ``ALL``.

    Args:
        parent: a widget of the main window.
        series: to choose from.
        on_ok: called with the uid or ``ALL``.
    """

    def __init__(
        self, parent: tk.Misc, series: Sequence[Series], on_ok: Callable[[str], object]
    ) -> None:
        super().__init__(parent, NAME, "Choose a series", "Load", on_ok)
        px = self.theme.px
        self.body.columnconfigure(0, weight=1)
        self.body.rowconfigure(1, weight=1)
        words = ttk.Label(self.body, text=f"There are {len(series)} series of images here.")
        words.grid(row=0, column=0, sticky="w", pady=(0, px(8)))
        box = ttk.Frame(self.body)
        box.grid(row=1, column=0, sticky="nsew")
        self.table = ttk.Treeview(
            box,
            columns=[name for name, _, _ in _COLUMNS],
            show="headings",
            height=min(_MOST_ROWS, len(series) + 1),
            selectmode="browse",
        )
        for name, title, wide in _COLUMNS:
            anchor: Literal["e", "w"] = "e" if name == "slices" else "w"
            self.table.heading(name, text=title, anchor=anchor)
            stretch = name in ("description", "patient")
            self.table.column(name, width=px(wide), anchor=anchor, stretch=stretch)
        if len(series) >= _MOST_ROWS:
            bar = ttk.Scrollbar(box, command=self.table.yview)
            self.table.configure(yscrollcommand=bar.set)
            bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        for one in series:
            values = (
                "" if one.number is None else one.number,
                one.description or "(no description)",
                one.modality,
                one.patient,
                len(one.files),
            )
            self.table.insert("", "end", one.uid, values=values)
        count = sum(len(one.files) for one in series)
        everything = ("", "All of them, one after another", "", "", count)
        self.table.insert("", "end", ALL, values=everything)
        self.table.selection_set(series[0].uid)
        self.table.focus(series[0].uid)
        self.table.bind("<Double-1>", lambda _event: self.accept())
        self.show_help(
            "The slices of the chosen series are loaded in the order of their positions."
        )
        self.place(self.table)

    def value(self) -> str | None:
        """The uid of the chosen series."""
        chosen = self.table.selection()
        return chosen[0] if chosen else None
