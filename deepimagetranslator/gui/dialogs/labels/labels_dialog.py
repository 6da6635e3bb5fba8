"""The dialog "Label colours": the targets' classes, their names and the colours to write."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable
from dataclasses import replace
from tkinter import ttk

from deepimagetranslator.app.label_editor import LabelTable, colours_text
from deepimagetranslator.core.config.classes import colour_of, colour_text
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.data.labels.colours import ColourCount
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.gui.dialogs.labels.before_after import BeforeAfterView, ReadTarget
from deepimagetranslator.gui.dialogs.labels.class_table import ClassTable
from deepimagetranslator.gui.widgets.background import WidgetBackground
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

NAME, TITLE = "labels", "Label colours"
KINDS = {"automatic": "Automatic", "labels": "Label maps", "values": "Values"}
FIELDS = ("name", "colours", "written")
READING = "Reading the targets..."
HELP = {
    "kind": "Label maps contain a few exact colours, one for each class; values are any other "
    "image. Automatic decides by the files.",
    "table": "The classes and their shares of the training targets' pixels. Click or use the arrow "
    "keys with Ctrl or Shift to select several.",
    "name": "The class's name in tables of results and in curves.",
    "colours": "The colours in the files: one value or three; join several colours of a class with "
    "+; 'rest' means all colours of no other class.",
    "written": "The colour in translated images; empty uses the colour of the files.",
    "snap": "Replaces each pixel's colour by the nearest label colour, for label maps that were "
    "blurred by smoothing or JPEG. The files are not changed.",
    "exclusive": "In translated images each pixel gets the likeliest class, and black counts as "
    "one. Otherwise a pixel is black wherever no channel is over 0.5, also between two classes. "
    "For colours with at most one channel on, such as red, green, blue and black; training stores "
    "the choice with the weights.",
}
_WIDTH = 470
_log = logging.getLogger(__name__)

CountColours = Callable[[Callable[[], bool]], ColourCount]
"""Counts the targets' colours; stops early if the given function returns True. For a thread."""
PickColour = Callable[[str, str], str | None]
"""(title, initial colour "#rrggbb") -> the chosen colour; None if cancelled."""


def with_labels(data: DataSpec, chosen: DataSpec) -> DataSpec:
    """``data`` with the settings of this dialog taken from ``chosen``."""
    return replace(
        data,
        target_kind=chosen.target_kind,
        labels=chosen.labels,
        snap_labels=chosen.snap_labels,
        exclusive_classes=chosen.exclusive_classes,
    )


class LabelsDialog(Dialog[DataSpec]):
    """The dialog; its constructor does not wait.

    Args:
        parent: a widget of the window in front of which the dialog appears.
        spec: the current data spec.
        count: counts the colours of the training targets.
        read_target: returns the target to show.
        pick_colour: asks for a colour.
        on_ok: called with the new data spec.

    Attributes:
        table: the classes with the changes so far; None until the targets have been read.
        texts: the typed texts of the fields "name", "colours", "written".
        entries: the entries of these fields.
        actions: the buttons below the table, by their texts.
    """

    aside = True

    def __init__(
        self,
        parent: tk.Misc,
        spec: DataSpec,
        count: CountColours,
        read_target: ReadTarget,
        pick_colour: PickColour,
        on_ok: Callable[[DataSpec], object] | None = None,
    ) -> None:
        super().__init__(parent, NAME, TITLE, on_ok=on_ok)
        self._spec, self._pick_colour = spec, pick_colour
        self.table: LabelTable | None = None
        self._wrong: dict[str, str] = {}
        self._quiet, self._closed = False, False
        self._background = WidgetBackground(self)
        self.texts = {name: tk.StringVar(self) for name in FIELDS}
        self.snap, self.exclusive = tk.BooleanVar(self), tk.BooleanVar(self)
        self.entries: dict[str, ttk.Entry] = {}
        self.actions: dict[str, ttk.Button] = {}
        self._build(read_target)
        for name, text in self.texts.items():
            text.trace_add("write", lambda *_, name=name: self._on_typed(name))
        self.reset_button = self.add_button("Reset", self.reset, left=True)
        self._show()
        self._background.run(
            "count", lambda: count(lambda: self._closed), self._on_counted, self._on_failure
        )
        self.place(self.kind)

    def value(self) -> DataSpec | None:
        """The new data spec; None while it is invalid or the targets are being read."""
        if self.table is None or self._problem():
            return None
        return self.table.chosen(self._spec)

    def reset(self) -> None:
        """Return to the classes that are found in the targets."""
        if self.table is not None:
            self.table.reset()
            self._show_all()

    def destroy(self) -> None:
        """Close, and end the thread."""
        self._closed = True
        self._background.close()
        super().destroy()

    # ---- building --------------------------------------------------------------------------

    def _build(self, read_target: ReadTarget) -> None:
        px, body = self.theme.px, self.body
        body.columnconfigure(0, weight=1)
        body.rowconfigure(2, weight=1)
        head = ttk.Frame(body)
        head.grid(row=0, column=0, sticky="ew")
        self.kind = ttk.Combobox(head, values=list(KINDS.values()), state="readonly", width=12)
        self._label(head, "Treat targets as", self.kind).pack(side="left", padx=(0, px(8)))
        self.kind.pack(side="left")
        self.kind.bind("<<ComboboxSelected>>", self._on_kind)
        self.found = ttk.Label(body, wraplength=px(_WIDTH), justify="left", style="Muted.TLabel")
        self.found.grid(row=1, column=0, sticky="w", pady=px(10))
        self.classes = ClassTable(body, self._show_fields)
        self.classes.grid(row=2, column=0, sticky="nsew")
        self.classes.tree.bind("<Delete>", lambda _event: self._remove())
        self._build_buttons().grid(row=3, column=0, sticky="w", pady=(px(8), px(12)))
        self._build_fields().grid(row=4, column=0, sticky="ew")
        ticks = self._build_ticks()
        ticks.grid(row=5, column=0, sticky="w", pady=(px(12), 0))
        self.message = MessageLabel(body, px(_WIDTH - 30))
        self.message.grid(row=6, column=0, sticky="nw", pady=(px(8), 0))
        body.rowconfigure(6, minsize=2 * self.theme.font().metrics("linespace") + px(10))
        self.preview = BeforeAfterView(body, read_target)
        self.preview.grid(row=0, column=1, rowspan=7, sticky="nsew", padx=(px(22), 0))
        for widget, name in (
            (self.kind, "kind"),
            (self.classes.tree, "table"),
            (self.snap_tick, "snap"),
            (self.exclusive_tick, "exclusive"),
            *((entry, name) for name, entry in self.entries.items()),
        ):
            for event in ("<Enter>", "<FocusIn>"):
                widget.bind(event, lambda _, name=name: self.show_help(HELP[name]), add=True)

    def _build_buttons(self) -> ttk.Frame:
        row = ttk.Frame(self.body)
        for text, action in (
            ("Add a class", self._add),
            ("Merge", self._merge),
            ("Remove", self._remove),
        ):
            button = ttk.Button(row, text=text, command=action)
            button.configure(underline=self.mnemonics.add(text, button.invoke))
            button.pack(side="left", padx=(0, self.theme.px(8)))
            self.actions[text] = button
        return row

    def _build_ticks(self) -> ttk.Frame:
        row = ttk.Frame(self.body)

        def tick(text: str, value: tk.BooleanVar, action: Callable[[], None]) -> ttk.Checkbutton:
            made = ttk.Checkbutton(row, text=text, variable=value, command=action)
            made.configure(underline=self.mnemonics.add(text, made.invoke))
            made.pack(side="left", padx=(0, self.theme.px(16)))
            return made

        self.snap_tick = tick("Nearest label colour", self.snap, self._on_snap)
        self.exclusive_tick = tick("Exclusive classes", self.exclusive, self._on_exclusive)
        return row

    def _build_fields(self) -> ttk.Frame:
        px, frame = self.theme.px, ttk.Frame(self.body)
        frame.columnconfigure(1, weight=1)
        labels = ("Name", "Colours in the files", "Colour to write")
        for row, (name, text) in enumerate(zip(FIELDS, labels, strict=True)):
            entry = self.entries[name] = ttk.Entry(frame, textvariable=self.texts[name])
            label = self._label(frame, text, entry)
            label.grid(row=row, column=0, sticky="w", padx=(0, px(12)), pady=px(3))
            entry.grid(
                row=row, column=1, sticky="ew", columnspan=1 if name == "written" else 2, pady=px(3)
            )
        self.pick_button = ttk.Button(frame, text="Choose...", command=self._pick)
        self.pick_button.configure(underline=self.mnemonics.add("Choose", self.pick_button.invoke))
        self.pick_button.grid(row=2, column=2, padx=(px(8), 0))
        return frame

    def _label(self, parent: ttk.Frame, text: str, control: ttk.Entry) -> ttk.Label:
        def focus() -> None:
            control.focus_set()
            control.selection_range(0, "end")

        label = ttk.Label(parent, text=text)
        label.configure(underline=self.mnemonics.add(text, focus))
        return label

    # ---- reading in a thread ---------------------------------------------------------------

    def _on_counted(self, count: ColourCount) -> None:
        self.table = LabelTable(self._spec, count)
        self._show_all()

    def _on_failure(self, error: Exception) -> None:
        _log.error("The label colours could not be counted.", exc_info=error)
        self.found.configure(text=str(error))

    # ---- input of the user -----------------------------------------------------------------

    def _on_kind(self, _event: object) -> None:
        self.kind.selection_clear()
        if self.table is not None:
            self.table.kind = list(KINDS)[self.kind.current()]
            self._show()

    def _on_snap(self) -> None:
        if self.table is not None:
            self.table.snap = self.snap.get()
            self._show()

    def _on_exclusive(self) -> None:
        if self.table is not None:
            self.table.exclusive = self.exclusive.get()

    def _on_typed(self, name: str) -> None:
        chosen = self.classes.selection
        if self._quiet or self.table is None or not chosen:
            return
        change = {
            "name": self.table.rename,
            "colours": self.table.set_colours,
            "written": self.table.recolour,
        }[name]
        self._wrong.pop(name, None)
        try:
            change(chosen[0], self.texts[name].get())
        except UserError as error:
            self._wrong[name] = str(error)
        self._show()

    def _add(self) -> None:
        if self.table is not None:
            try:
                number = self.table.add()
            except UserError as error:
                self.message.show(Problem("labels", str(error)))
                return
            self._changed_rows([number])
            self.entries["colours"].focus_set()
            self.entries["colours"].selection_range(0, "end")

    def _merge(self) -> None:
        if self.table is not None and len(self.classes.selection) > 1:
            self._changed_rows([self.table.merge(self.classes.selection)])

    def _remove(self) -> None:
        chosen = self.classes.selection
        if self.table is not None and chosen:
            self.table.remove(chosen)
            self._changed_rows([min(chosen[0], len(self.table.classes) - 1)])

    def _pick(self) -> None:
        chosen = self.classes.selection
        if self.table is None or not chosen:
            return
        one = self.table.classes[chosen[0]]
        red, green, blue = (min(255, v) for v in colour_of(one.written or one.learnt, 3))
        picked = self._pick_colour("Colour to write", f"#{red:02x}{green:02x}{blue:02x}")
        if picked is not None and self.winfo_exists():
            self.texts["written"].set(colour_text(tuple(bytes.fromhex(picked.lstrip("#")))))

    # ---- showing ---------------------------------------------------------------------------

    def _problem(self) -> str:
        if self.table is None:
            return ""
        wrong = next(iter(self._wrong.values()), "")
        return "" if self.table.kind == "values" else wrong or self.table.problem

    def _changed_rows(self, chosen: list[int]) -> None:
        self._show()
        self.classes.select([number for number in chosen if number >= 0])
        self._show_fields()

    def _show_all(self) -> None:
        self._changed_rows([0] if self.table is not None and self.table.classes else [])

    def _show(self) -> None:
        """Update everything except the fields that the user types in."""
        table = self.table
        self.found.configure(text=READING if table is None else table.found)
        self.kind.current(
            list(KINDS).index(self._spec.target_kind if table is None else table.kind)
        )
        self.snap.set(table is not None and table.snap)
        self.exclusive.set(table is not None and table.exclusive)
        if table is not None:
            colours = [colours_text(one) for one in table.classes]
            self.classes.show(table.classes, colours, table.shares())
            self.preview.ask(table.palette)
        problem = self._problem()
        self.message.show(Problem("labels", problem) if problem else None)
        for name, entry in self.entries.items():
            entry.state(["invalid" if name in self._wrong else "!invalid"])
        self.ok_button.state(["disabled" if problem or table is None else "!disabled"])
        self._enable()

    def _show_fields(self) -> None:
        """Write the selected class into the fields; invalid text in them is discarded."""
        chosen = self.classes.selection
        one = None if self.table is None or not chosen else self.table.classes[chosen[0]]
        self._wrong.clear()
        self._quiet = True
        self.texts["name"].set(one.name if one else "")
        self.texts["colours"].set(colours_text(one) if one else "")
        self.texts["written"].set(colour_text(one.written) if one and one.written else "")
        self._quiet = False
        self._show()

    def _enable(self) -> None:
        usable = self.table is not None and self.table.kind != "values"
        chosen = len(self.classes.selection)
        self.classes.enable(usable)
        on = {"Add a class": True, "Merge": chosen > 1, "Remove": chosen > 0}
        for text, button in self.actions.items():
            button.state(["!disabled" if usable and on[text] else "disabled"])
        for widget in (*self.entries.values(), self.pick_button):
            widget.state(["!disabled" if usable and chosen == 1 else "disabled"])
        self.snap_tick.state(["!disabled" if usable else "disabled"])
        may_exclude = self.table is not None and self.table.can_be_exclusive
        self.exclusive_tick.state(["!disabled" if may_exclude else "disabled"])
