"""The list of classes: key, colour, name, seen, locked, and the area in the label map in view."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk
from typing import Any

from PIL import Image, ImageTk

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.gui.theme.theme import theme_of

_SEEN, _LOCKED, _AREA = "seen", "locked", "area"
_SWATCH, _WITH_KEYS = 12, 9
_FEWEST, _MOST = 3, 6  # rows that are shown at a time
_YES, _NO = "✓", "–"


class ClassListView(ttk.Frame):
    """A row for each class; a click in the columns "Seen" and "Lock" changes them.

    Args:
        parent: the parent widget.
        labelling: the state.
        after_click: called after a click, to give the keys back to the image.

    Attributes:
        tree: the table.
        name: the name of the chosen class, as it is typed.
    """

    def __init__(
        self, parent: tk.Misc, labelling: Labelling, after_click: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._labelling, self._after_click = labelling, after_click
        theme = theme_of(self)
        px = theme.px
        self._swatches: dict[str, ImageTk.PhotoImage] = {}
        self.tree = ttk.Treeview(
            self, columns=(_SEEN, _LOCKED, _AREA), height=_FEWEST, selectmode="browse"
        )
        for column, text, width in (
            ("#0", "Class", 106),
            (_SEEN, "Seen", 54),
            (_LOCKED, "Lock", 54),
            (_AREA, "Pixels", 72),
        ):
            self.tree.heading(column, text=text)
            self.tree.column(
                column, width=px(width), minwidth=px(width), stretch=column == "#0", anchor="center"
            )
        self.tree.column("#0", anchor="w")
        self.tree.column(_AREA, anchor="e")
        bar = ttk.Scrollbar(self, orient="vertical", command=self.tree.yview)
        self.tree.configure(yscrollcommand=bar.set)
        self.columnconfigure(0, weight=1)
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar.grid(row=0, column=1, sticky="ns")
        self.name = tk.StringVar(self)
        row = ttk.Frame(self)
        ttk.Label(row, text="Name", style="Small.TLabel").pack(side="left", padx=(0, px(4)))
        self.entry = ttk.Entry(row, textvariable=self.name)
        self.entry.pack(side="left", fill="x", expand=True)
        row.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(px(4), 0))
        self.area = ttk.Label(self, style="Small.TLabel")
        self.area.grid(row=2, column=0, columnspan=2, sticky="w")
        self.tree.bind("<<TreeviewSelect>>", self._on_select)
        self.tree.bind("<ButtonRelease-1>", self._on_click)

    def write(self) -> None:
        """Show the classes as they are."""
        labelling = self._labelling
        table, choice = labelling.classes.table, labelling.choice
        rows = [str(number) for number in table.numbers]
        if list(self.tree.get_children()) != rows:
            self.tree.delete(*self.tree.get_children())
            self.tree.configure(height=min(max(len(rows), _FEWEST), _MOST))
            for row in rows:
                self.tree.insert("", "end", iid=row)
        for place, number in enumerate(table.numbers):
            key = f"{place} " if 1 <= place <= _WITH_KEYS else ""
            seen = _NO if number in choice.unseen else _YES
            locked = _YES if number in choice.locked else _NO
            self.tree.item(
                str(number),
                text=f" {key}{table.name(number)}",
                image=self._swatch(table.shown_colour(number) if number else (0, 0, 0)),
                values=(seen, locked, self._pixels(number)),
            )
        if self.tree.selection() != (str(choice.number),):
            self.tree.selection_set(str(choice.number))
            self.tree.see(str(choice.number))
        if self.focus_get() is not self.entry:
            self.name.set(table.name(choice.number))
        self.write_area()

    def write_area(self) -> None:
        """Show the area of the chosen class."""
        labelling = self._labelling
        painter, number = labelling.sheet.painter, labelling.choice.number
        if painter is None:
            self.area.configure(text="")
            return
        pixels = int(painter.label_map.counts[number])
        text = f"{pixels:,} pixels"
        spacing = labelling.sheet.spacing
        if spacing is not None:
            text += f", {pixels * spacing[0] * spacing[1] / 100:,.2f} cm²"
        self.area.configure(text=text)
        if self.tree.exists(str(number)):
            self.tree.set(str(number), _AREA, f"{pixels:,}")

    def take_name(self) -> None:
        """Rename the chosen class as it was typed.

        Raises:
            UserError: another class has the name.
        """
        labelling = self._labelling
        number, name = labelling.choice.number, self.name.get().strip()
        if name and name != labelling.classes.table.name(number):
            labelling.classes.rename(number, name)
            self.write()

    def _pixels(self, number: int) -> str:
        painter = self._labelling.sheet.painter
        return "" if painter is None else f"{int(painter.label_map.counts[number]):,}"

    def _swatch(self, colour: tuple[int, ...]) -> ImageTk.PhotoImage:
        key = "{:02x}{:02x}{:02x}".format(*colour)
        if key not in self._swatches:
            side = theme_of(self).px(_SWATCH)
            picture = Image.new("RGB", (side, side), f"#{key}")
            self._swatches[key] = ImageTk.PhotoImage(picture, master=self)
        return self._swatches[key]

    def _on_select(self, _event: object) -> None:
        chosen = self.tree.selection()
        if chosen and int(chosen[0]) != self._labelling.choice.number:
            self._labelling.choose_class(int(chosen[0]))

    def _on_click(self, event: tk.Event[Any]) -> None:
        row, column = self.tree.identify_row(event.y), self.tree.identify_column(event.x)
        if row and column in ("#1", "#2"):
            choice, number = self._labelling.choice, int(row)
            classes = choice.unseen if column == "#1" else choice.locked
            classes.symmetric_difference_update({number})
            self._labelling.changed_choice()
        self._after_click()
