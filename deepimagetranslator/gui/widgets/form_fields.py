"""A spec's fields as text variables, and the widgets that edit them, without a layout.

``FormFields`` holds the typed text, so that an invalid text such as "3x" can be shown with its
error. ``Form`` arranges the widgets in columns; dialogs with their own layout use them directly.
"""

from __future__ import annotations

import dataclasses
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any, Generic, TypeVar

from deepimagetranslator.core.config import validation
from deepimagetranslator.core.config.fields import FieldInfo, fields_of
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.words import (
    full_help,
    parsed,
    shown_choice,
    shown_value,
    shown_word,
)

Spec = TypeVar("Spec")
NUMBER_WIDTH, TEXT_WIDTH = 10, 40
MODIFIERS = ("Control", "Alt", "Meta", "Command")
Check = Callable[[Any], list[Problem]]


class FormFields(Generic[Spec]):
    """The typed texts of one spec's fields.

    Args:
        master: any widget of the window.
        spec_class: the dataclass.
        check: finds problems of a whole spec, in addition to ``core.config.validation.problems``.
        on_change: called after each change by the user or by ``show``.
        on_help: called with a field's help when the pointer or the focus enters it.

    Attributes:
        infos: the descriptions of the fields by name.
        variables: the typed texts by name.
        on_edit: called with a field's name when the user edits it.
        note_of: returns a note to show below a valid field; empty for none.
    """

    def __init__(
        self,
        master: tk.Misc,
        spec_class: type[Spec],
        check: Check | None = None,
        on_change: Callable[[], object] | None = None,
        on_help: Callable[[str], object] | None = None,
    ) -> None:
        self.infos: dict[str, FieldInfo] = {info.name: info for info in fields_of(spec_class)}
        self.variables = {name: tk.StringVar(master) for name in self.infos}
        self._base: Spec = spec_class()
        self._check = check
        self.on_change = on_change
        self.on_help = on_help
        self.on_edit: Callable[[str], object] | None = None
        self.note_of: Callable[[str], str] = lambda _name: ""
        self._controls: dict[str, ttk.Widget] = {}
        self._messages: dict[str, MessageLabel] = {}
        self._found: list[Problem] = []
        self._value: Spec | None = None
        self._focused = ""
        self._quiet = False
        for name, variable in self.variables.items():
            variable.trace_add("write", lambda *_, name=name: self._on_write(name))
            variable.set(shown_value(self.infos[name], getattr(self._base, name)))

    def show(self, spec: Spec) -> None:
        """Write the spec's values into the fields."""
        self._quiet = True
        self._base = spec
        for name, variable in self.variables.items():
            variable.set(shown_value(self.infos[name], getattr(spec, name)))
        self._quiet = False
        self.refresh()

    def read(self) -> Spec | None:
        """The spec as typed; None while a field is invalid."""
        return self._value

    def problems(self) -> dict[str, str]:
        """A sentence for each invalid field, by name."""
        return {found.subject: found.message for found in reversed(self._found) if found.fatal}

    def control(self, parent: tk.Misc, name: str, width: int | None = None) -> ttk.Widget:
        """The widget that edits the field; ``width`` in characters."""
        info, variable = self.infos[name], self.variables[name]
        control = build_control(parent, info, variable, width)
        self._controls[name] = control
        self._explain(control, name)
        return control

    def label(self, parent: tk.Misc, name: str, text: str | None = None) -> ttk.Label:
        """The label in front of the field."""
        label = ttk.Label(parent, text=self.infos[name].label if text is None else text)
        self._explain(label, name)
        return label

    def unit(self, parent: tk.Misc, name: str) -> ttk.Label:
        """The unit behind the field."""
        label = ttk.Label(parent, text=self.infos[name].unit, style="Muted.TLabel")
        self._explain(label, name)
        return label

    def message(self, parent: tk.Misc, name: str, wraplength: int) -> MessageLabel:
        """The label for the field's problem; grid it, and it is visible only if there is one."""
        self._messages[name] = MessageLabel(parent, wraplength)
        return self._messages[name]

    def refresh(self) -> None:
        """Validate the typed texts, show the problems and call ``on_change``."""
        self._found, self._value = self._validate()
        by_name = {found.subject: found for found in reversed(self._found)}
        for name, control in self._controls.items():
            wrong = name in by_name and by_name[name].fatal
            control.state(["invalid" if wrong else "!invalid"])
        for name, message in self._messages.items():
            message.show(by_name.get(name), self.note_of(name))
        if self.on_change is not None:
            self.on_change()

    def _validate(self) -> tuple[list[Problem], Spec | None]:
        values: dict[str, Any] = {}
        found: list[Problem] = []
        for name, variable in self.variables.items():
            try:
                values[name] = parsed(self.infos[name], variable.get())
            except UserError as error:
                found.append(Problem(name, str(error)))
        if found:
            return found, None
        spec = dataclasses.replace(self._base, **values)  # type: ignore[type-var]
        found = validation.problems(spec)
        if not found and self._check is not None:
            found = self._check(spec)
        return found, None if any(problem.fatal for problem in found) else spec

    def _on_write(self, name: str) -> None:
        if self._quiet:
            return
        if self.on_edit is not None:
            self.on_edit(name)
        self.refresh()

    def _explain(self, widget: tk.Misc, name: str) -> None:
        """Show the field's help while the pointer or the focus is there."""

        def show_help(which: str) -> None:
            if self.on_help is not None:
                self.on_help(full_help(self.infos[which]) if which else "")

        def focus(_event: object) -> None:
            self._focused = name
            show_help(name)

        widget.bind("<Enter>", lambda _event: show_help(name), add=True)
        widget.bind("<Leave>", lambda _event: show_help(self._focused), add=True)
        # Not on labels: the Tab key would stop at every widget with such a binding.
        stops: list[tk.Misc] = (
            list(widget.ticks.values()) if isinstance(widget, TickGrid) else [widget]
        )
        for stop in stops:
            if not isinstance(stop, ttk.Label):
                stop.bind("<FocusIn>", focus, add=True)


class MessageLabel(ttk.Frame):
    """A problem, with a sign, or a note under its field; takes no room while there is neither.

    Grid it, then ``show`` a problem or None. ``words`` is the label with the sentence.
    """

    def __init__(self, parent: tk.Misc, wraplength: int) -> None:
        super().__init__(parent)
        self._theme = theme_of(self)
        gap = (0, self._theme.px(6))
        self._sign = ttk.Label(self)
        self._sign.grid(row=0, column=0, sticky="n", padx=gap, pady=(self._theme.px(2), 0))
        self.words = ttk.Label(self, wraplength=wraplength, justify="left")
        self.words.grid(row=0, column=1, sticky="w")

    def text(self) -> str:
        """The shown text."""
        return str(self.words.cget("text"))

    def show(self, problem: Problem | None, note: str = "") -> None:
        """Write the problem, else the note, or nothing."""
        if problem is not None:
            kind = "error" if problem.fatal else "warning"
            self._sign.configure(image=self._theme.icon(kind, 14))
            self._sign.grid()
            self.words.configure(text=problem.message, style=f"{kind.capitalize()}.TLabel")
            self.grid()
            return
        self._sign.grid_remove()
        self.words.configure(text=note, style="Muted.TLabel")
        if note:
            self.grid()
        elif self.winfo_manager():
            self.grid_remove()


class TickGrid(ttk.Frame):
    """A check box for each choice, in columns; chosen words keep their order."""

    def __init__(
        self, parent: tk.Misc, choices: Sequence[str], variable: tk.StringVar, columns: int = 2
    ) -> None:
        super().__init__(parent)
        self._variable = variable
        self._ticked = {word: tk.StringVar(self) for word in choices}
        self.ticks: dict[str, ttk.Checkbutton] = {}
        rows = -(-len(choices) // columns)
        gap = theme_of(self).px(16)
        for index, word in enumerate(choices):
            tick = ttk.Checkbutton(
                self,
                text=shown_word(word),
                variable=self._ticked[word],
                onvalue="true",
                offvalue="false",
                command=self._on_tick,
            )
            tick.grid(row=index % rows, column=index // rows, sticky="w", padx=(0, gap))
            self.ticks[word] = tick
        self._trace = variable.trace_add("write", lambda *_names: self._follow())
        self.bind("<Destroy>", self._on_destroy)
        self._follow()

    def _words(self) -> list[str]:
        return [word.strip() for word in self._variable.get().split(",") if word.strip()]

    def _follow(self) -> None:
        words = self._words()
        for word, ticked in self._ticked.items():
            ticked.set("true" if word in words else "false")

    def _on_tick(self) -> None:
        ticked = [word for word, variable in self._ticked.items() if variable.get() == "true"]
        before = self._words()
        kept = [word for word in before if word in ticked]
        self._variable.set(", ".join(kept + [word for word in ticked if word not in kept]))

    def _on_destroy(self, event: tk.Event[tk.Misc]) -> None:
        if event.widget is self:
            self._variable.trace_remove("write", self._trace)


def build_control(
    parent: tk.Misc, info: FieldInfo, variable: tk.StringVar, width: int | None = None
) -> ttk.Widget:
    """The widget for a field's kind, bound to its text variable.

    Args:
        parent: the parent widget.
        info: the field.
        variable: the field's text.
        width: in characters; None takes the default.
    """
    if info.kind == "bool":
        return ttk.Checkbutton(
            parent, text=info.label, variable=variable, onvalue="true", offvalue="false"
        )
    if info.kind == "names":
        return TickGrid(parent, info.choices, variable)
    if info.kind == "choice":
        words = [shown_choice(info, word) for word in info.choices]
        longest = max(NUMBER_WIDTH, *map(len, words))
        box = ttk.Combobox(
            parent, textvariable=variable, values=words, state="readonly", width=width or longest
        )
        box.bind("<Key>", lambda event: _jump(box, event.char))
        for modifier in MODIFIERS:  # a letter with one of these is a command of the window
            box.bind(f"<{modifier}-Key>", lambda _event: None)
        box.bind("<<ComboboxSelected>>", lambda _event: box.selection_clear())
        return box
    usual = TEXT_WIDTH if info.kind == "texts" else NUMBER_WIDTH
    return ttk.Entry(parent, textvariable=variable, width=width or usual)


def _jump(box: ttk.Combobox, letter: str) -> None:
    """Choose the next word that begins with the letter, as other lists do."""
    words: tuple[str, ...] = box.cget("values")
    now = box.current()
    for step in range(1, len(words) + 1):
        word = words[(now + step) % len(words)]
        if letter and word.lower().startswith(letter.lower()):
            box.set(word)
            return
