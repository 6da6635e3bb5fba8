"""The dialog "Clean-up": rules for label maps after the network, shown in the prediction pane."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from tkinter import ttk

from PIL import Image, ImageDraw, ImageTk

from deepimagetranslator.app.clean_up_table import (
    CleanUpRow,
    clean_up_rows,
    clean_up_texts,
    suggested_rows,
)
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

NAME, TITLE = "clean-up", "Clean-up"
STAYS = "stays"
INTRODUCTION = (
    "Rules for predicted label maps, in each image or slice on its own. What is removed becomes "
    "what surrounds it most. The prediction in the main window shows the result."
)
COLUMNS = {
    "islands": ("Islands", "under, pixels"),
    "holes": ("Holes", "under, pixels"),
    "largest": ("Largest", "only"),
    "other": ("Not connected", "to the outside"),
    "gap": ("Gap up to,", "pixels"),
    "beside": ("Becomes, if", "bordered by it"),
    "share": ("Over,", "per cent"),
}
HELP = {
    "islands": "Regions of this class with fewer pixels are removed; touching corners connect. "
    "Empty: all stay.",
    "holes": "Holes in this class with fewer pixels are filled; 'all' fills each that does not "
    "touch the image's edge.",
    "largest": "Only the largest region of this class stays.",
    "other": "Inner regions become another class, as islands of subcutaneous fat do. The outside "
    "is the image's edge with its background.",
    "gap": "A region this close to the outside is connected to it, so that skin does not separate "
    "the two.",
    "beside": "Regions beside the chosen class become it: visceral fat is not beside subcutaneous "
    "fat, as muscle separates the two.",
    "share": "The share of the pixels around a region that must be of the chosen class.",
    "suggest": "Removes specks of every class: islands under 20 pixels of a 512 x 512 image.",
    "clear": "Removes all rules.",
}
_CHOICES = {"other": "gap", "beside": "share"}
"""The columns in which a class is chosen, each with that of its amount."""
_BOX, _CHOICE_WIDTH = 14, 9
_WIDTH = 620


@dataclass(frozen=True)
class _Line:
    """The variables and controls of one row."""

    row: CleanUpRow
    texts: dict[str, tk.StringVar]
    largest: tk.BooleanVar
    controls: dict[str, ttk.Widget]

    def typed(self) -> CleanUpRow:
        values = {name: text.get() for name, text in self.texts.items()}
        values |= {name: "" for name in _CHOICES if values[name] == STAYS}
        return CleanUpRow(self.row.word, self.row.colour, largest=self.largest.get(), **values)


class CleanUpDialog(Dialog[tuple[str, ...]]):
    """The dialog; its constructor does not wait.

    Args:
        parent: a widget of the window in front of which the dialog appears.
        rules: the current ``TranslationSpec.clean_up``.
        palette: the label colours.
        pixels: the number of pixels of the image in view, for the suggestion; None if none is.
        on_try: called with the rules after each change, and with None when the dialog closes.
        on_ok: called with the new rules.
    """

    aside = True

    def __init__(
        self,
        parent: tk.Misc,
        rules: Sequence[str],
        palette: Palette,
        pixels: int | None,
        on_try: Callable[[tuple[str, ...] | None], object],
        on_ok: Callable[[tuple[str, ...]], object] | None = None,
    ) -> None:
        super().__init__(parent, NAME, TITLE, on_ok=on_ok)
        self._pixels, self._on_try = pixels, on_try
        self._quiet = True
        self._swatches: list[ImageTk.PhotoImage] = []
        px, body = self.theme.px, self.body
        words = ttk.Label(body, text=INTRODUCTION, wraplength=px(_WIDTH), justify="left")
        words.grid(row=0, column=0, sticky="w", pady=(0, px(12)))
        self._table = ttk.Frame(body)
        self._table.grid(row=1, column=0, sticky="w")
        self._build_heads()
        rows = clean_up_rows(rules, palette)
        self.lines = [self._build_line(number, row, rows) for number, row in enumerate(rows, 2)]
        self.message = MessageLabel(body, px(_WIDTH - 30))
        self.message.grid(row=2, column=0, sticky="w", pady=(px(8), 0))
        self.message.show(None)
        self.suggest_button = self._left_button("Suggest", self.suggest)
        self.clear_button = self._left_button("Clear", self.clear)
        self._quiet = False
        self._on_change()
        self.place(self.lines[0].controls["islands"])

    def value(self) -> tuple[str, ...] | None:
        """The rules; None while they are invalid."""
        try:
            return clean_up_texts([line.typed() for line in self.lines])
        except UserError:
            return None

    def show(self, rows: Sequence[CleanUpRow]) -> None:
        """Show other values in the rows of the same classes."""
        self._quiet = True
        for line, row in zip(self.lines, rows, strict=True):
            for name, text in line.texts.items():
                text.set(getattr(row, name) or (STAYS if name in _CHOICES else ""))
            line.largest.set(row.largest)
        self._quiet = False
        self._on_change()

    def suggest(self) -> None:
        """Fill in the suggestion."""
        self.show(suggested_rows([line.typed() for line in self.lines], self._pixels))

    def clear(self) -> None:
        """Remove all rules."""
        self.show([CleanUpRow(line.row.word, line.row.colour) for line in self.lines])

    def destroy(self) -> None:
        """Close; the main window then shows the prediction with the project's rules."""
        self._on_try(None)
        super().destroy()

    # ---- building --------------------------------------------------------------------------

    def _left_button(self, text: str, command: Callable[[], object]) -> ttk.Button:
        if not hasattr(self, "_left"):
            self._left = ttk.Frame(self.buttons)
            self.add_to_buttons(self._left, left=True)
        button = ttk.Button(self._left, text=text, command=command)
        button.configure(underline=self.mnemonics.add(text, button.invoke))
        button.pack(side="left", padx=(0, self.theme.px(8)))
        self._explain(button, text.lower())
        return button

    def _build_heads(self) -> None:
        px = self.theme.px
        for column, lines in enumerate((("Class",), *COLUMNS.values())):
            head = ttk.Label(
                self._table, text="\n".join(lines), style="Small.TLabel", justify="center"
            )
            side = "sw" if column == 0 else "s"
            head.grid(row=0, column=column, sticky=side, padx=(0, px(12)), pady=(0, px(6)))

    def _build_line(self, at: int, row: CleanUpRow, rows: Sequence[CleanUpRow]) -> _Line:
        px, table = self.theme.px, self._table
        swatch = ImageTk.PhotoImage(self._drawn(row.colour), master=self)
        self._swatches.append(swatch)
        name = ttk.Label(table, text=f" {row.word}", image=swatch, compound="left")
        name.grid(row=at, column=0, sticky="w", padx=(0, px(16)), pady=px(3))
        texts = {
            key: tk.StringVar(self, getattr(row, key) or (STAYS if key in _CHOICES else ""))
            for key in COLUMNS
            if key != "largest"
        }
        largest = tk.BooleanVar(self, row.largest)
        others = [STAYS, *(other.word for other in rows if other.word != row.word)]
        controls: dict[str, ttk.Widget] = {}
        for column, key in enumerate(COLUMNS, 1):
            control = controls[key] = (
                ttk.Checkbutton(table, variable=largest)
                if key == "largest"
                else self._choice(texts[key], others)
                if key in _CHOICES
                else ttk.Entry(table, textvariable=texts[key], width=6)
            )
            control.grid(row=at, column=column, padx=(0, px(12)), pady=px(3))
            self._explain(control, key)
        for variable in (*texts.values(), largest):
            variable.trace_add("write", lambda *_: self._on_change())
        return _Line(row, texts, largest, controls)

    def _choice(self, text: tk.StringVar, words: list[str]) -> ttk.Combobox:
        box = ttk.Combobox(
            self._table, textvariable=text, values=words, state="readonly", width=_CHOICE_WIDTH
        )
        box.bind("<<ComboboxSelected>>", lambda _event: box.selection_clear())
        return box

    def _drawn(self, colour: str) -> Image.Image:
        side = self.theme.px(_BOX)
        picture = Image.new("RGB", (side, side), colour)
        border = self.theme.palette.border
        ImageDraw.Draw(picture).rectangle((0, 0, side - 1, side - 1), outline=border)
        return picture

    def _explain(self, widget: tk.Misc, key: str) -> None:
        for event in ("<Enter>", "<FocusIn>"):
            widget.bind(event, lambda _event: self.show_help(HELP[key]), add=True)

    # ---- changes ---------------------------------------------------------------------------

    def _on_change(self) -> None:
        if self._quiet:
            return
        for line in self.lines:
            for key, amount in _CHOICES.items():
                used = line.texts[key].get() != STAYS
                line.controls[amount].state(["!disabled" if used else "disabled"])
        rules, wrong = None, ""
        try:
            rules = clean_up_texts([line.typed() for line in self.lines])
        except UserError as error:
            wrong = str(error)
        self.message.show(Problem("clean_up", wrong) if wrong else None)
        self.ok_button.state(["disabled" if rules is None else "!disabled"])
        if rules is not None:
            self._on_try(rules)
