"""The amounts of the tools: small number fields, and the range of values in a histogram."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from tkinter import ttk
from typing import Any

from deepimagetranslator.app.labelling.mode import Labelling
from deepimagetranslator.core.labelling.strokes import LARGEST
from deepimagetranslator.core.labelling.values import Range
from deepimagetranslator.gui.labelling.range_histogram import RangeHistogram
from deepimagetranslator.gui.theme.theme import theme_of

_MOST = 1e9


class Amount(ttk.Frame):
    """A label and a number, taken when it is typed or stepped, if it lies within its bounds.

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


class AmountFields(ttk.Frame):
    """The amounts of all tools, in two columns.

    Args:
        parent: the parent widget.
        labelling: has the amounts.
        to_image: gives the keys back to the image.

    Attributes:
        fields: by the words before them.
        histogram: the values of the image in view, with the range that is painted.
    """

    def __init__(
        self, parent: tk.Misc, labelling: Labelling, to_image: Callable[[], object]
    ) -> None:
        super().__init__(parent)
        self._labelling, px = labelling, theme_of(self).px
        choice = labelling.choice
        self.fields: dict[str, Amount] = {}
        self.histogram = RangeHistogram(self, labelling, to_image)

        def whole(name: str) -> Callable[[], float]:
            return lambda: float(getattr(choice, name))

        def low() -> float | None:
            return None if choice.chosen is None else choice.chosen.low

        def high() -> float | None:
            return None if choice.chosen is None else choice.chosen.high

        def add(row: int, label: str, *amount: Any, whole: bool = True) -> None:
            field = Amount(self, label, *amount, whole=whole)
            column = len(self.grid_slaves(row))
            field.grid(row=row, column=column, sticky="ew", padx=(0, px(4)), pady=px(1))
            for key in ("<Return>", "<KP_Enter>"):
                field.field.bind(key, lambda _event: to_image(), add=True)
            self.fields[label] = field

        for column in (0, 1):
            self.columnconfigure(column, weight=1, uniform="halves")
        add(0, "Size [ ]", whole("size"), self._setter("size"), 1, LARGEST)
        tolerance = whole("tolerance"), self._setter("tolerance"), 0, _MOST
        add(0, "Bucket ±", *tolerance, whole=False)
        add(1, "Border by", whole("reach"), self._setter("reach"), 1, 100)
        add(1, "Specks under", whole("specks"), self._setter("specks"), 2, 10**6)
        ends = -_MOST, _MOST
        add(2, "Values (W)", low, lambda end: self._set_range(low=end), *ends, whole=False)
        add(2, "to", high, lambda end: self._set_range(high=end), *ends, whole=False)
        self.histogram.grid(row=3, column=0, columnspan=2, sticky="ew", padx=(0, px(4)))

    def write(self) -> None:
        """Show the amounts as they are."""
        for field in self.fields.values():
            field.show()
        self.histogram.write()

    def _setter(self, name: str) -> Callable[[float], None]:
        def take(value: float) -> None:
            setattr(self._labelling.choice, name, value)
            self._labelling.changed_choice()

        return take

    def _set_range(self, **end: float) -> None:
        choice = self._labelling.choice
        choice.chosen = replace(choice.chosen or Range(*(2 * list(end.values()))), **end)
        self._labelling.changed_choice()
