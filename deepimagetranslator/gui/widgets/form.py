"""A form with the fields of a spec in groups and columns, and a dialog with one form."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from tkinter import ttk
from typing import Generic, TypeVar

from deepimagetranslator.core.data.section_choices import SectionStart
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form_fields import Check, FormFields, MessageLabel, TickGrid
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics
from deepimagetranslator.gui.widgets.words import said_value, shown_value

Spec = TypeVar("Spec")
PRESET_WORDS = {"recommended": "Recommended", "2021": "As in 2021"}


@dataclass(frozen=True)
class Row:
    """Several fields side by side with one label; it and the captions above may be empty."""

    label: str
    fields: tuple[str, ...]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """Related fields under one heading.

    Attributes:
        title: the heading.
        rows: names of fields, or a ``Row`` of several.
        column: the column of the form, from 0.
    """

    title: str
    rows: tuple[str | Row, ...]
    column: int = 0


class Form(ttk.Frame, Generic[Spec]):
    """The fields of a spec; ``show`` writes a spec into them, ``read`` reads it back.

    Args:
        parent: the parent widget.
        spec_class: the dataclass; fields that are in no group keep the values of the shown spec.
        groups: the groups of fields.
        mnemonics: assigns the underlined letters.
        check, on_change, on_help: as in ``FormFields``.
    """

    def __init__(
        self,
        parent: tk.Misc,
        spec_class: type[Spec],
        groups: Sequence[Group],
        mnemonics: Mnemonics | None = None,
        check: Check | None = None,
        on_change: Callable[[], object] | None = None,
        on_help: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme_of(self)
        self._mnemonics = mnemonics
        self.fields: FormFields[Spec] = FormFields(self, spec_class, check, None, on_help)
        self.controls: dict[str, ttk.Widget] = {}
        self._columns: dict[int, ttk.Frame] = {}
        self._rows: dict[ttk.Frame, int] = {}
        for group in groups:
            self._add_group(group)
        self.fields.refresh()
        self.fields.on_change = on_change

    def show(self, spec: Spec) -> None:
        """Write the spec's values into the fields."""
        self.fields.show(spec)

    def read(self) -> Spec | None:
        """The spec as typed; None while a field is invalid."""
        return self.fields.read()

    def problems(self) -> dict[str, str]:
        """A sentence for each invalid field, by name."""
        return self.fields.problems()

    def first(self) -> ttk.Widget:
        """The first widget, which gets the focus when a dialog opens."""
        return _focusable(next(iter(self.controls.values())))

    def _column(self, number: int) -> ttk.Frame:
        if number not in self._columns:
            px = self._theme.px
            frame = ttk.Frame(self)
            frame.grid(row=0, column=number, sticky="nw", padx=(px(32) if number else 0, 0))
            # Labels, controls of one width, units, and the rest of wide rows.
            frame.columnconfigure(3, weight=1)
            self._columns[number] = frame
            frame.bind("<Configure>", self._on_column)
        return self._columns[number]

    def _on_column(self, event: tk.Event[tk.Misc]) -> None:
        """Wrap messages at the width of their column, so that they never widen it."""
        for message in event.widget.winfo_children():
            if isinstance(message, MessageLabel):
                message.words.configure(wraplength=event.width - self._theme.px(28))

    def _next_row(self, frame: ttk.Frame) -> int:
        """The next free row; Tk's ``grid_size`` would not count hidden messages."""
        self._rows[frame] = self._rows.get(frame, -1) + 1
        return self._rows[frame]

    def align_labels(self, width: int) -> int:
        """Give all label columns the same width, at least ``width`` pixels; returns the width."""
        gap = self._theme.px(14)
        for frame in self._columns.values():
            for widget in frame.grid_slaves(column=0):
                if isinstance(widget, ttk.Label) and int(widget.grid_info()["columnspan"]) == 1:
                    width = max(width, widget.winfo_reqwidth() + gap)
        for frame in self._columns.values():
            frame.columnconfigure(0, minsize=width)
        return width

    def _add_group(self, group: Group) -> None:
        px, frame = self._theme.px, self._column(group.column)
        row = self._next_row(frame)
        heading = ttk.Label(frame, text=group.title, style="Heading.TLabel")
        above = px(14) if row else 0
        heading.grid(row=row, column=0, columnspan=4, sticky="w", pady=(above, px(6)))
        for entry in group.rows:
            if isinstance(entry, Row):
                self._add_row(frame, entry)
            else:
                self._add_field(frame, entry)

    def _add_field(self, frame: ttk.Frame, name: str) -> None:
        px, info = self._theme.px, self.fields.infos[name]
        row = self._next_row(frame)
        control = self.fields.control(frame, name)
        self.controls[name] = control
        wide = info.kind in ("bool", "names", "texts")
        control.grid(
            row=row,
            column=1,
            columnspan=3 if wide else 1,
            sticky="w" if info.kind in ("bool", "names") else "ew",
            pady=px(3),
        )
        if info.kind == "bool":
            self._underline(control, info.label, name)
        else:
            label = self.fields.label(frame, name)
            top = info.kind == "names"
            label.grid(
                row=row,
                column=0,
                sticky="nw" if top else "w",
                padx=(0, px(14)),
                pady=(px(7), 0) if top else 0,
            )
            self._underline(label, info.label, name)
        if info.unit:
            self.fields.unit(frame, name).grid(row=row, column=2, sticky="w", padx=(px(6), 0))
        self._add_message(frame, name)

    def _add_row(self, frame: ttk.Frame, row: Row) -> None:
        px = self._theme.px
        at = self._next_row(frame)
        cells = ttk.Frame(frame)
        cells.grid(row=at, column=1, columnspan=3, sticky="w", pady=px(3))
        label = self.fields.label(frame, row.fields[0], row.label)
        label.grid(row=at, column=0, sticky="sw", padx=(0, px(14)), pady=(0, px(9)))
        for index, (name, caption) in enumerate(zip(row.fields, row.captions, strict=True)):
            if caption:
                above = self.fields.label(cells, name, caption)
                above.configure(style="Small.TLabel")
                above.grid(row=0, column=index, sticky="w")
            control = self.fields.control(cells, name, width=7)
            control.grid(row=1, column=index, padx=(0, px(8)))
            self.controls[name] = control
            if self.fields.infos[name].kind == "bool":
                self._underline(control, self.fields.infos[name].label, name)
            self._add_message(frame, name)
        if row.label:
            self._underline(label, row.label, row.fields[0])

    def _add_message(self, frame: ttk.Frame, name: str) -> None:
        message = self.fields.message(frame, name, self._theme.px(330))
        row = self._next_row(frame)
        message.grid(row=row, column=0, columnspan=4, sticky="w", pady=(0, self._theme.px(4)))
        message.show(None)

    def _underline(self, widget: ttk.Widget, text: str, name: str) -> None:
        if self._mnemonics is None:
            return
        control = _focusable(self.controls[name])

        def act() -> None:
            control.focus_set()
            if isinstance(control, ttk.Checkbutton) and control is widget:
                control.invoke()

        widget.configure(underline=self._mnemonics.add(text, act))  # type: ignore[call-arg]


class FormDialog(Dialog[Spec]):
    """A dialog with one form, and buttons OK, Cancel and Reset to a preset.

    Args:
        parent, name, title, ok: as in ``Dialog``.
        start: the initial spec, and the specs of the presets.
        groups: the groups of the form.
        check: as in ``FormFields``.
        on_ok: called with the spec and the names of the fields that count as chosen by the user.

    Attributes:
        chosen: the names of the chosen fields so far; a field is added when the user edits it.
    """

    def __init__(
        self,
        parent: tk.Misc,
        name: str,
        title: str,
        start: SectionStart,
        groups: Sequence[Group],
        ok: str = "OK",
        on_ok: Callable[[Spec, frozenset[str]], object] | None = None,
        check: Check | None = None,
    ) -> None:
        def accepted(spec: Spec) -> None:
            if on_ok is not None:
                on_ok(spec, self.chosen)

        super().__init__(parent, name, title, ok, accepted)
        self._start = start
        self.chosen = start.now.chosen
        self.reset_button = self._build_reset()
        self.form: Form[Spec] = Form(
            self.body,
            type(start.now.spec),
            groups,
            mnemonics=self.mnemonics,
            check=check,
            on_change=self._on_change,
            on_help=self.show_help,
        )
        self.form.fields.on_edit = self._on_edit
        self.form.fields.note_of = self._note_of
        self.form.grid(row=0, column=0, sticky="nw")
        self.form.show(self.filled(start.now.spec))

    def value(self) -> Spec | None:
        """The spec as typed; None while a field is invalid."""
        return self.form.read()

    def reset(self, name: str | None) -> None:
        """Show a preset's values; None shows the initial values."""
        choices = self._start.now if name is None else self._start.resets[name]
        self.chosen = choices.chosen
        self.form.show(self.filled(choices.spec))

    def filled(self, spec: Spec) -> Spec:
        """The spec to show for ``spec``; subclasses may override it."""
        return spec

    def changed(self) -> None:
        """Called after each change of a field; subclasses may override it."""

    def _on_edit(self, name: str) -> None:
        self.chosen |= {name}

    def _note_of(self, name: str) -> str:
        """The note below a suggested setting that says why it is suggested; else empty."""
        reason = self._start.reasons.get(name)
        if reason is None or name in self.chosen:
            return ""
        fields = self.form.fields
        suggested = getattr(self._start.resets["recommended"].spec, name)
        if suggested == "automatic":  # the field says so itself
            return ""
        words = shown_value(fields.infos[name], suggested)
        follows = fields.variables[name].get() == words
        said = said_value(fields.infos[name], suggested)
        return f"Automatic: {said}, since {reason}." if follows else ""

    def _on_change(self) -> None:
        self.ok_button.state(["disabled" if self.form.problems() else "!disabled"])
        self.changed()

    def _build_reset(self) -> ttk.Menubutton:
        button = ttk.Menubutton(self.buttons, text="Reset", direction="above")
        self.reset_menu = tk.Menu(button, tearoff=False)
        for name, words in PRESET_WORDS.items():
            self.reset_menu.add_command(label=words, command=partial(self.reset, name))
        self.reset_menu.add_separator()
        self.reset_menu.add_command(label="As it was when opened", command=lambda: self.reset(None))
        button.configure(
            menu=self.reset_menu,
            underline=self.mnemonics.add("Reset", lambda: button.event_generate("<<Invoke>>")),
        )
        self.add_to_buttons(button, left=True)
        return button


def _focusable(control: ttk.Widget) -> ttk.Widget:
    return next(iter(control.ticks.values())) if isinstance(control, TickGrid) else control
