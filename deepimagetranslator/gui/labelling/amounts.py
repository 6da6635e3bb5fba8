"""Small number fields of the tools: an amount is taken when it is typed or stepped."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of


class Amount(ttk.Frame):
    """A label and a number; what is no number within its bounds is not taken.

    Args:
        parent: the parent widget.
        label: the text before the number.
        read: returns the present value.
        write: takes another value.
        low, high: the bounds.
        whole: whether it is a whole number.
    """

    def __init__(
        self,
        parent: tk.Misc,
        label: str,
        read: Callable[[], float | None],
        write: Callable[[float], object],
        low: float,
        high: float,
        *,
        whole: bool = True,
    ) -> None:
        super().__init__(parent)
        self._read, self._write, self._whole = read, write, whole
        self._low, self._high = low, high
        self.text = tk.StringVar(self)
        self.columnconfigure(0, weight=1)
        ttk.Label(self, text=label, style="Small.TLabel").grid(row=0, column=0, sticky="w")
        self.field = ttk.Spinbox(
            self, from_=low, to=high, width=5, textvariable=self.text, command=self.take
        )
        self.field.grid(row=0, column=1, padx=(theme_of(self).px(4), 0))
        for event in ("<Return>", "<FocusOut>", "<KP_Enter>"):
            self.field.bind(event, lambda _event: self.take())
        self.show()

    def show(self) -> None:
        """Show the present value."""
        value = self._read()
        self.text.set("" if value is None else f"{value:g}")

    def take(self) -> None:
        """Take what was typed; if it is no such number, the present value comes back."""
        try:
            value = float(self.text.get())
        except ValueError:
            value = float("nan")
        if self._low <= value <= self._high and value != self._read():
            self._write(round(value) if self._whole else value)
        self.show()
