"""The settings that a study varies: quick ticks for the usual ones, and a row for each."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from tkinter import ttk

from deepimagetranslator.app.study.axes import (
    DEEP_SUPERVISION,
    LOSS,
    Axis,
    help_of,
    labels,
    usual,
    words_of,
)
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.study.variations import AUGMENTATION, PRESET
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.form_fields import MessageLabel, TickGrid
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics

QUICK = {
    AUGMENTATION: "Augmentation on, off",
    DEEP_SUPERVISION: "Deep supervision on, off",
    PRESET: "Preset",
    LOSS: "Loss",
}
_FEW_COLUMNS, _COLUMNS, _WRAP = 2, 3, 430


class AxisRows(ttk.Frame):
    """Edits the axes of a new study.

    Args:
        parent: the parent widget.
        specs: the project's, whose values are suggested.
        on_change: called after each change.
        on_help: called with the help of a setting that is being edited.
        mnemonics: assigns the underlined letters of the window.

    Attributes:
        quick: the quick ticks by what they vary.
        rows: the rows in their order.
        add_button: adds a row.
    """

    def __init__(
        self,
        parent: tk.Misc,
        specs: Specs,
        on_change: Callable[[], object],
        on_help: Callable[[str], object],
        mnemonics: Mnemonics,
    ) -> None:
        super().__init__(parent)
        self._specs, self._on_change, self._on_help = specs, on_change, on_help
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.rows: list[AxisRow] = []
        self.quick: dict[str, ttk.Checkbutton] = {}
        self._ticked = {name: tk.BooleanVar(self, False) for name in QUICK}
        ticks = ttk.Frame(self)
        ticks.grid(row=0, column=0, sticky="w")
        for place, (name, words) in enumerate(QUICK.items()):
            tick = ttk.Checkbutton(
                ticks, text=words, variable=self._ticked[name], command=partial(self._on_tick, name)
            )
            tick.configure(underline=mnemonics.add(words, tick.invoke))
            tick.grid(row=place // 2, column=place % 2, sticky="w", padx=(0, px(18)))
            self.quick[name] = tick
        self._box = ttk.Frame(self)
        self._box.columnconfigure(0, weight=1)
        self._box.grid(row=1, column=0, sticky="ew", pady=(px(4), 0))
        self.add_button = ttk.Button(self, text="Vary another setting", command=self._on_add)
        self.add_button.configure(
            underline=mnemonics.add("Vary another setting", self.add_button.invoke)
        )
        self.add_button.grid(row=2, column=0, sticky="w", pady=(px(6), 0))

    def axes(self) -> tuple[Axis, ...]:
        """What is varied, as typed."""
        return tuple(row.axis() for row in self.rows)

    def add(self, axis: Axis) -> AxisRow:
        """Add a row."""
        row = AxisRow(self._box, axis, self._specs, self._changed, self.remove, self._on_help)
        self.rows.append(row)
        self._arrange()
        return row

    def remove(self, row: AxisRow) -> None:
        """Remove a row."""
        self.rows.remove(row)
        row.destroy()
        self._arrange()
        (self.rows[-1].choice if self.rows else self.add_button).focus_set()

    def show_problems(self, problems: Mapping[str, Sequence[Problem]]) -> None:
        """Write the problems of "axis 0" and so on under their rows."""
        for number, row in enumerate(self.rows):
            row.show_problems(problems.get(f"axis {number}", ()))

    def _on_tick(self, name: str) -> None:
        if self._ticked[name].get():
            self.add(usual(name, self._specs))
        else:
            for row in [row for row in self.rows if row.name == name]:
                self.rows.remove(row)
                row.destroy()
            self._arrange()

    def _on_add(self) -> None:
        taken = {row.name for row in self.rows}
        free = next(name for name in ("training.learning_rate", *labels()) if name not in taken)
        self.add(usual(free, self._specs)).choice.focus_set()

    def _arrange(self) -> None:
        for place, row in enumerate(self.rows):
            row.grid(row=place, column=0, sticky="ew", pady=(theme_of(self).px(4), 0))
        if not self.rows:
            self._box.configure(height=1)  # an empty frame would keep its room
        self._changed()

    def _changed(self) -> None:
        varied = {row.name for row in self.rows}
        for name, ticked in self._ticked.items():
            ticked.set(name in varied)
        self._on_change()


class AxisRow(ttk.Frame):
    """One setting with its values.

    Args:
        parent: the parent widget.
        axis: what is varied first.
        specs: the project's.
        on_change: called after each change.
        on_remove: called with this row to remove it.
        on_help: called with the help of the setting.

    Attributes:
        name: what is varied, as in ``Axis``.
        choice: the box with the labels of all settings.
        values: the values as text, which are typed or ticked.
        editor: the entry or the ticks.
        message: the problem.
    """

    def __init__(
        self,
        parent: tk.Misc,
        axis: Axis,
        specs: Specs,
        on_change: Callable[[], object],
        on_remove: Callable[[AxisRow], object],
        on_help: Callable[[str], object],
    ) -> None:
        super().__init__(parent)
        self._specs, self._on_change, self._on_help = specs, on_change, on_help
        self._labels = labels()
        self.name = axis.name
        px = theme_of(self).px
        self.columnconfigure(0, weight=1)
        self.choice = ttk.Combobox(
            self, values=list(self._labels.values()), state="readonly", width=38
        )
        self.choice.set(self._labels[axis.name])
        self.choice.grid(row=0, column=0, sticky="ew")
        self.choice.bind("<<ComboboxSelected>>", self._on_choose)
        self.remove_button = ttk.Button(self, text="Remove", command=lambda: on_remove(self))
        self.remove_button.grid(row=0, column=1, padx=(px(6), 0))
        self.values = tk.StringVar(self, axis.values)
        self.values.trace_add("write", lambda *_: self._on_change())
        self.editor: ttk.Widget = self._build_editor()
        self.message = MessageLabel(self, px(_WRAP))
        self.message.grid(row=2, column=0, columnspan=2, sticky="w")
        self.message.show(None)
        self.bind("<FocusIn>", lambda _event: self._help())

    def axis(self) -> Axis:
        """As typed."""
        return Axis(self.name, self.values.get())

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Write problems under the row."""
        text = remedies.all_sentences(problems)
        self.message.show(Problem("", text) if text else None)
        if isinstance(self.editor, ttk.Entry):
            self.editor.state(["invalid" if text else "!invalid"])

    def _build_editor(self) -> ttk.Widget:
        words = words_of(self.name)
        columns = _FEW_COLUMNS if len(words) <= _FEW_COLUMNS else _COLUMNS
        if words:
            grid = TickGrid(self, words, self.values, columns)
            stops: list[ttk.Widget] = list(grid.ticks.values())
            editor: ttk.Widget = grid
        else:
            editor = ttk.Entry(self, textvariable=self.values)
            stops = [editor]
        for stop in (self.choice, *stops):
            stop.bind("<FocusIn>", lambda _event: self._help(), add=True)
        above = (theme_of(self).px(2), 0)
        editor.grid(row=1, column=0, columnspan=2, sticky="w" if words else "ew", pady=above)
        return editor

    def _help(self) -> None:
        self._on_help(help_of(self.name))

    def _on_choose(self, _event: object) -> None:
        self.choice.selection_clear()
        chosen = list(self._labels)[self.choice.current()]
        if chosen == self.name:
            return
        self.name = chosen
        self.editor.destroy()
        self.values.set(usual(chosen, self._specs).values)
        self.editor = self._build_editor()
        self._help()
        self._on_change()
