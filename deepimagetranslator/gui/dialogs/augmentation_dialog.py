"""Choose data augmentation schemes: the table of operations, and a live preview beside it."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Iterator
from tkinter import ttk

from deepimagetranslator.core.augmentation.coverage import leaves_little, share_left
from deepimagetranslator.core.config.fields import FieldInfo
from deepimagetranslator.core.config.specs import OPERATIONS, OPERATIONS_2021, AugmentationSpec
from deepimagetranslator.core.data.section_choices import SectionStart
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.gui.dialogs.augmentation_preview import AugmentationPreview, SamplePair
from deepimagetranslator.gui.widgets.form import FormDialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel

NAME = "augmentation"
TITLE = "Choose data augmentation schemes"
SIDES = {"input": "Input\nimages", "target": "Target\nimages", "validation": "Validation\ninputs"}
FLIP = "Flipping"
_FIRST_TICK = 3
_AMOUNT_WIDTH = 5
_TICK = "Tick.TCheckbutton"
_GAP = 24
_ROOMY = 960  # a screen's height from which rows stand apart
_PICTURE, _SMALLEST_PICTURE = 210, 90
_BESIDE_PICTURES, _BETWEEN_PICTURES = (60, 290), 110


class AugmentationDialog(FormDialog[AugmentationSpec]):
    """The dialog; its constructor does not wait.

    Args:
        parent: a widget of the window in front of which it appears.
        start: the initial values, and those of resets.
        sample: gives the previewed pair, called in a thread; None without training images.
        on_ok: called by "Apply" with the spec and the names of the fields that count as chosen.

    Attributes:
        controls: the widgets by field name.
        preview: the pair beside the table.
    """

    aside = True

    def __init__(
        self,
        parent: tk.Misc,
        start: SectionStart,
        sample: SamplePair | None,
        on_ok: Callable[[AugmentationSpec, frozenset[str]], object] | None = None,
    ) -> None:
        self._built, self._rows = False, 0
        super().__init__(parent, NAME, TITLE, start, (), ok="Apply", on_ok=on_ok)
        self.controls: dict[str, ttk.Widget] = {}
        self.preview = AugmentationPreview(self.body, sample, self.mnemonics)
        self._build_table()
        self.body.columnconfigure(1, weight=1)
        self.body.rowconfigure(0, weight=1)
        self.preview.grid(row=0, column=1, sticky="nsew", padx=(self.theme.px(_GAP), 0))
        self._size_preview()
        self._built = True
        self.form.show(start.now.spec)
        self.place(self.controls["ripple"])

    def changed(self) -> None:
        """Update the preview."""
        spec = self.form.read()
        if self._built and spec is not None:
            self.preview.ask(spec)
            self._amounts.configure(text=self._words_on_amounts())
            self._warn(spec)
            self._enable(spec)

    def _note_of(self, name: str) -> str:
        """No note below each amount: one sentence below the table names them all."""
        return ""

    def _words_on_amounts(self) -> str:
        """Which amounts are automatic, and why; empty if none is."""
        names = [name for name in OPERATIONS if super(AugmentationDialog, self)._note_of(name)]
        if not names:
            return ""
        infos, reason = self.form.fields.infos, self._start.reasons[names[0]]
        labels = ", ".join("Drop" if name == "drop" else infos[name].label for name in names)
        return f"Automatic amounts, since {reason}: {labels}."

    def _warn(self, spec: AugmentationSpec) -> None:
        """Say if the augmentation leaves little of an image."""
        size = self._start.size
        little = size is not None and leaves_little(spec, *size)
        share = share_left(spec, *size) if size is not None and little else 1.0
        words = f"One of ten images keeps at most {share:.0%} of its content; the rest is black."
        self._little.show(Problem("augmentation", words, fatal=False) if little else None)

    def _enable(self, spec: AugmentationSpec) -> None:
        """Grey out the operations that the chosen version does not have."""
        state = "disabled" if spec.behaviour == "2021" else "!disabled"
        for name in OPERATIONS[len(OPERATIONS_2021) :]:
            for field in (name, *(f"{name}_{side}" for side in SIDES)):
                self.controls[field].state([state])

    def _build_table(self) -> None:
        table, px = self.form, self.theme.px
        # The tick has no text, so the focus ring is drawn around the box.
        focus = ("Checkbutton.focus", {"children": [("Drawn.indicator", {"sticky": ""})]})
        padding = ("Checkbutton.padding", {"sticky": "nswe", "children": [focus]})
        self.theme.style.layout(_TICK, [padding])  # type: ignore[list-item]
        heading = ttk.Label(table, text="Apply random", style="Heading.TLabel")
        below = self._row_gap() + px(2)
        heading.grid(row=0, column=0, columnspan=3, sticky="sw", pady=(0, below))
        for column, words in enumerate(SIDES.values(), _FIRST_TICK):
            table.columnconfigure(column, uniform="ticks")
            head = ttk.Label(table, text=words, justify="center", anchor="s", style="Small.TLabel")
            head.grid(row=0, column=column, sticky="s", padx=px(4), pady=(0, below))
        for name in OPERATIONS:
            self._add_operation(name)
        row = self._next_row()
        self._add_label("behaviour", row)
        cell = ttk.Frame(table)
        cell.grid(row=row, column=1, columnspan=5, sticky="w", pady=(self._above_version(), 0))
        box = self.form.fields.control(cell, "behaviour", width=9)
        box.pack(side="left")
        self.controls["behaviour"] = box
        self._amounts = ttk.Label(cell, style="Small.TLabel", wraplength=px(330), justify="left")
        self._amounts.pack(side="left", padx=(px(14), 0))
        self._little = MessageLabel(table, px(520))
        self._little.grid(row=self._next_row(), column=0, columnspan=6, sticky="w")
        self._little.show(None)
        for label in _labels(table):
            label.configure(takefocus=False)  # else Tab stops at them, as they show help on focus
        # In the Tab order before the preview, as it is on the left of it.
        table.lower(self.preview)

    def _size_preview(self) -> None:
        """Make the pictures as large as the screen allows, up to ``_PICTURE``."""
        px = self.theme.px
        self.update_idletasks()
        across = self.winfo_screenwidth() - self.form.winfo_reqwidth() - px(_BESIDE_PICTURES[0])
        down = (self.winfo_screenheight() - px(_BESIDE_PICTURES[1] + _BETWEEN_PICTURES)) // 2
        width, height = (
            max(px(_SMALLEST_PICTURE), min(px(_PICTURE), room))
            for room in (across - px(_GAP), down)
        )
        self.preview.set_sides(width, height)

    def _add_operation(self, name: str) -> None:
        table, row = self.form, self._next_row()
        if name == "flip":
            self._add_flip_label(row)
        else:
            amount = "drop_count" if name == "drop" else name
            self._add_amount(table, amount, row)
            if name == "drop":
                self._add_second_amount(row)
            else:
                unit = self.form.fields.unit(table, name)
                unit.grid(row=row, column=2, sticky="w", padx=(self.theme.px(6), 0))
        for column, side in enumerate(SIDES, _FIRST_TICK):
            field = f"{name}_{side}"
            tick = self.form.fields.control(table, field)
            assert isinstance(tick, ttk.Checkbutton)
            tick.configure(text="", style=_TICK)
            tick.grid(row=row, column=column)
            self.controls[field] = tick
        for field in _fields_of_row(name, self.form.fields.infos):
            self._add_message(field)

    def _add_amount(self, table: tk.Misc, name: str, row: int) -> None:
        self._add_label(name, row)
        entry = self.form.fields.control(table, name, width=_AMOUNT_WIDTH)
        entry.grid(row=row, column=1, sticky="w", pady=self._row_gap())
        self.controls[name] = entry

    def _add_second_amount(self, row: int) -> None:
        """ "rectangles of [20] pixels" behind the count."""
        px, fields = self.theme.px, self.form.fields
        cell = ttk.Frame(self.form)
        cell.grid(row=row, column=2, sticky="w", padx=(px(6), px(10)))
        words = f"{fields.infos['drop_count'].unit} {fields.infos['drop'].label}"
        label = fields.label(cell, "drop", words)
        label.configure(style="Muted.TLabel")
        label.pack(side="left")
        entry = fields.control(cell, "drop", width=_AMOUNT_WIDTH)
        entry.pack(side="left", padx=px(6))
        fields.unit(cell, "drop").pack(side="left")
        self.controls["drop"] = entry

    def _add_label(self, name: str, row: int) -> None:
        label = self.form.fields.label(self.form, name)
        above = self._above_version() if name == "behaviour" else 0
        label.grid(row=row, column=0, sticky="w", padx=(0, self.theme.px(14)), pady=(above, 0))
        underline = self.mnemonics.add(label.cget("text"), lambda: self._focus(name))
        label.configure(underline=underline)

    def _add_flip_label(self, row: int) -> None:
        # Flipping has no amount; its row is as high as the others.
        height = self.controls["ripple"].winfo_reqheight() + 2 * self._row_gap()
        self.form.rowconfigure(row, minsize=height)
        label = self.form.fields.label(self.form, "flip_input", FLIP)
        label.grid(row=row, column=0, sticky="w")
        label.configure(underline=self.mnemonics.add(FLIP, lambda: self._focus("flip_input")))

    def _add_message(self, name: str) -> None:
        message = self.form.fields.message(self.form, name, self.theme.px(480))
        message.grid(row=self._next_row(), column=0, columnspan=6, sticky="w")
        message.show(None)

    def _focus(self, name: str) -> None:
        control = self.controls[name]
        control.focus_set()
        if isinstance(control, ttk.Entry):
            control.selection_range(0, "end")

    def _row_gap(self) -> int:
        px = self.theme.px
        return px(4) if self.winfo_screenheight() >= px(_ROOMY) else 0

    def _above_version(self) -> int:
        return self._row_gap() + self.theme.px(4)

    def _next_row(self) -> int:
        self._rows += 1
        return self._rows


def _labels(parent: tk.Misc) -> Iterator[ttk.Label]:
    for child in parent.winfo_children():
        if isinstance(child, ttk.Label):
            yield child
        yield from _labels(child)


def _fields_of_row(name: str, infos: dict[str, FieldInfo]) -> list[str]:
    """The fields of an operation's row that can be invalid."""
    return [field for field in (f"{name}_count", name, f"{name}_validation") if field in infos]
