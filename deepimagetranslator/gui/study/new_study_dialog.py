"""The dialog of a new study: who is tested, what is varied, and what that amounts to."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from tkinter import ttk

from deepimagetranslator.app.study.draft import Draft, FieldError, variations_of
from deepimagetranslator.app.study.outlook import (
    PLAN,
    Outlook,
    fold_words,
    outlook_of,
    test_words,
    trainings,
)
from deepimagetranslator.app.study.words import MEASURES, WEIGHTS
from deepimagetranslator.core.config.project import Project
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.study.new_study import FIXED, FOLDS, LEAVE_ONE_OUT
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.study.axis_rows import AxisRows
from deepimagetranslator.gui.study.comparison_list import ComparisonList
from deepimagetranslator.gui.widgets.background import WidgetBackground
from deepimagetranslator.gui.widgets.dialog import Dialog
from deepimagetranslator.gui.widgets.form_fields import MessageLabel
from deepimagetranslator.gui.widgets.wrapping import wrap_at_width

NAME = "new study"
AUTOMATIC = "Automatic"
_DELAY_MS = 200
_MOST_FOLDS, _WRAP = 6, 400
_KINDS = {
    LEAVE_ONE_OUT: "Each person, left out in turn",
    FOLDS: "Persons in folds; their number:",
    FIXED: "The project's validation images",
}
_HELP = {
    "folds": "Whole persons are left out, trained without and tested; no person is in both.",
    "group": "A regular expression; its match in the file name, or its part in parentheses, is the "
    "person. Empty: by folder, DICOM patient or file name.",
    "sizes": "For a learning curve: numbers of training images, such as 5,10,20. A smaller set is "
    "part of a larger one. Set the steps per epoch too, so that all are trained equally long.",
    "repeats": "Everything is repeated with so many seeds: other folds, sets and first weights.",
    "epochs": "Of each training. Empty: as in the project, or in a preset that is varied.",
    "steps": "Steps of an epoch. Empty: as in the project, mostly each image once.",
    "measure": "The one measure that the comparisons are about. Automatic: Dice for label maps, "
    "PSNR for other targets.",
    "weights": "Which weights are scored. Automatic: from 6 persons on the best by some training "
    "persons, else the last ones after a fixed length; no tested image chooses anything.",
    "optimistic": "Scores also the best weights by the tested images, as in 2021, and reports the "
    "difference.",
    "comparisons": "A p is corrected for the number of comparisons that matter; all others are "
    "only described. Click a line, or press Space, to mark it.",
    "output": "A new folder for the plan, the trainings and the report.",
}


class NewStudyDialog(Dialog[Outlook]):
    """The dialog; OK is enabled when a study can be made of what is typed.

    Args:
        parent: a widget of the main window.
        project: the project of the window.
        output: the suggested folder.
        ask_folder: asks for a folder in which the study's folder is made.
        on_ok: called with the outlook, whose ``study`` is there.

    Attributes:
        outlook: what follows from what is typed; None while that is being found out.
        texts: the typed texts by field of ``Draft``.
        entries, messages: the fields and their problems, by field.
        axes: what is varied.
        comparisons: those that matter.
    """

    def __init__(
        self,
        parent: tk.Misc,
        project: Project,
        output: Path,
        ask_folder: Callable[[], Path | None],
        on_ok: Callable[[Outlook], object] | None = None,
    ) -> None:
        super().__init__(parent, NAME, "New study", "Make the study", on_ok)
        self._project, self._ask_folder = project, ask_folder
        self._background = WidgetBackground(self)
        self._waiting = ""
        self.outlook: Outlook | None = None
        start = Draft(output=str(output))
        names = ("kind", "folds", "group", "sizes", "repeats", "epochs", "steps", "output")
        self.texts = {name: tk.StringVar(self, getattr(start, name)) for name in names}
        self.texts["kind"].set(_KINDS[start.kind])
        self.texts |= {name: tk.StringVar(self, AUTOMATIC) for name in ("measure", "weights")}
        self.optimistic = tk.BooleanVar(self, start.optimistic)
        self.entries: dict[str, ttk.Entry] = {}
        self.messages: dict[str, MessageLabel] = {}
        px = self.theme.px
        self.body.columnconfigure((0, 1), weight=1)
        left, right = ttk.Frame(self.body), ttk.Frame(self.body)
        left.grid(row=0, column=0, sticky="new", padx=(0, px(28)))
        right.grid(row=0, column=1, sticky="new")
        left.columnconfigure(1, weight=1)
        right.columnconfigure(0, weight=1)
        self._build_persons(left)
        self._build_trainings(left)
        self._build_variations(right)
        self._build_outlook()
        for variable in self.texts.values():
            variable.trace_add("write", lambda *_: self._changed())
        self._changed()
        self.place(self.kind_box)

    # ---- building --------------------------------------------------------------------------

    def _build_persons(self, frame: ttk.Frame) -> None:
        px = self.theme.px
        self._heading(frame, "Persons", 0)
        line = ttk.Frame(frame)
        self.kind_box = self._box(line, "kind", list(_KINDS.values()))
        self.kind_box.pack(side="left")
        self._place_field(frame, "folds", "Test", 1, line, self.kind_box)
        self.entries["folds"] = ttk.Entry(line, textvariable=self.texts["folds"], width=4)
        self.entries["folds"].pack(side="left", padx=px(8))
        self._explain(self.entries["folds"], "folds")
        self._message(frame, "folds", 4)
        self._field(frame, "group", "Pattern", 5, 24)
        self._message(frame, "group", 6)
        self.persons = ttk.Label(frame, style="Muted.TLabel", justify="left", anchor="nw")
        self.persons.grid(row=7, column=0, columnspan=2, sticky="ew", pady=(px(4), 0))
        wrap_at_width(self.persons)

    def _build_trainings(self, frame: ttk.Frame) -> None:
        training = self._project.specs.training
        self._heading(frame, "Trainings", 10)
        fields = (
            ("sizes", "Sizes of the training set", "", 14),
            ("repeats", "Repeats", "", 6),
            ("epochs", "Epochs", f"in the project: {training.epochs}", 6),
            ("steps", "Steps per epoch", f"in the project: {training.steps_per_epoch or 'all'}", 6),
        )
        row = 11
        for name, label, unit, width in fields:
            self._field(frame, name, label, row, width, unit)
            self._message(frame, name, row + 1)
            row += 2
        for name, label, choices in (
            ("measure", "Primary measure", MEASURES),
            ("weights", "Scored", WEIGHTS),
        ):
            box = self._box(frame, name, [AUTOMATIC, *choices.values()])
            self._place_field(frame, name, label, row, box)
            self._message(frame, name, row + 1)
            row += 2
        words = "Also the best weights by the tested images (optimistic)"
        tick = ttk.Checkbutton(frame, text=words, variable=self.optimistic, command=self._changed)
        tick.configure(underline=self.mnemonics.add(words, tick.invoke))
        tick.grid(row=row, column=0, columnspan=2, sticky="w", pady=self.theme.px(3))
        self._explain(tick, "optimistic")

    def _build_variations(self, frame: ttk.Frame) -> None:
        px = self.theme.px
        self._heading(frame, "Variations", 0)
        self.axes = AxisRows(
            frame, self._project.specs, self._changed, self.show_help, self.mnemonics
        )
        self.axes.grid(row=1, column=0, sticky="ew")
        self._heading(frame, "Comparisons", 2)
        self.comparisons = ComparisonList(frame, self._changed)
        self.comparisons.grid(row=3, column=0, sticky="ew")
        self._explain(self.comparisons.table, "comparisons")
        self._message(frame, PLAN, 4, px(_WRAP))

    def _build_outlook(self) -> None:
        px, body = self.theme.px, self.body
        line = ttk.Frame(body)
        line.grid(row=1, column=0, columnspan=2, sticky="ew", pady=(px(12), 0))
        line.columnconfigure(1, weight=1)
        self._field(line, "output", "Folder of the study", 0, 40)
        self.entries["output"].grid(sticky="ew")
        browse = ttk.Button(line, text="Browse...", command=self._browse)
        browse.configure(underline=self.mnemonics.add("Browse...", browse.invoke))
        browse.grid(row=0, column=3, padx=(px(8), 0))
        self._message(line, "output", 1)
        room = ttk.Frame(body, height=3 * self.theme.font().metrics("linespace") + px(8))
        room.grid(row=2, column=0, columnspan=2, sticky="ew", pady=(px(10), 0))
        room.pack_propagate(False)  # of one height, so that the layout is stable
        self.count = ttk.Label(room, style="Bold.TLabel", anchor="w")
        self.count.pack(fill="x")
        self.test = ttk.Label(room, anchor="nw", justify="left")
        self.test.pack(fill="both", expand=True, pady=(px(2), 0))
        wrap_at_width(self.test)

    def _box(self, parent: ttk.Frame, name: str, choices: list[str]) -> ttk.Combobox:
        width = max(map(len, choices))
        box = ttk.Combobox(
            parent, textvariable=self.texts[name], values=choices, state="readonly", width=width
        )
        box.bind("<<ComboboxSelected>>", lambda _event: box.selection_clear())
        return box

    def _heading(self, frame: ttk.Frame, text: str, row: int) -> None:
        px = self.theme.px
        label = ttk.Label(frame, text=text, style="Heading.TLabel")
        above = px(14) if row else 0
        label.grid(row=row, column=0, columnspan=3, sticky="w", pady=(above, px(6)))

    def _field(
        self, frame: ttk.Frame, name: str, label: str, row: int, width: int, unit: str = ""
    ) -> None:
        line = ttk.Frame(frame)
        line.columnconfigure(0, weight=1)
        entry = ttk.Entry(line if unit else frame, textvariable=self.texts[name], width=width)
        self.entries[name] = entry
        if unit:
            entry.pack(side="left")
            ttk.Label(line, text=unit, style="Muted.TLabel").pack(
                side="left", padx=self.theme.px(8)
            )
        self._place_field(frame, name, label, row, line if unit else entry, entry)

    def _place_field(
        self,
        frame: ttk.Frame,
        name: str,
        text: str,
        row: int,
        widget: ttk.Widget,
        focus: ttk.Widget | None = None,
    ) -> None:
        px, stop = self.theme.px, focus or widget
        label = ttk.Label(frame, text=text)
        label.configure(underline=self.mnemonics.add(text, stop.focus_set))
        label.grid(row=row, column=0, sticky="w", padx=(0, px(12)), pady=px(3))
        widget.grid(row=row, column=1, sticky="w", pady=px(3))
        self._explain(stop, name)

    def _message(self, frame: ttk.Frame, name: str, row: int, wrap: int = 0) -> None:
        message = MessageLabel(frame, wrap or self.theme.px(_WRAP))
        message.grid(row=row, column=0, columnspan=3, sticky="w")
        message.show(None)
        self.messages[name] = message

    def _explain(self, widget: tk.Misc, name: str) -> None:
        for event in ("<Enter>", "<FocusIn>"):
            widget.bind(event, lambda _event: self.show_help(_HELP[name]), add=True)

    # ---- what is typed ---------------------------------------------------------------------

    def value(self) -> Outlook | None:
        """The outlook; None unless a study can be made of what is typed."""
        found = self.outlook
        return (
            found if found is not None and found.study is not None and not found.problems else None
        )

    def draft(self) -> Draft:
        """What is typed."""
        plain = {
            name: variable.get()
            for name, variable in self.texts.items()
            if name not in ("kind", "measure", "weights")
        }
        return Draft(
            _key(_KINDS, self.texts["kind"].get()),
            **plain,
            axes=self.axes.axes(),
            measure=_key(MEASURES, self.texts["measure"].get()),
            weights=_key(WEIGHTS, self.texts["weights"].get()),
            optimistic=self.optimistic.get(),
            comparisons=self.comparisons.chosen,
        )

    def _browse(self) -> None:
        folder = self._ask_folder()
        if folder is not None:
            self.texts["output"].set(str(folder / Path(self.texts["output"].get()).name))

    def _changed(self) -> None:
        """Find out what follows once typing pauses."""
        self.outlook = None
        self.ok_button.state(["disabled"])
        folds = self.texts["kind"].get() == _KINDS[FOLDS]
        self.entries["folds"].state(["!disabled" if folds else "disabled"])
        with suppress(FieldError):  # the row itself will tell
            self.comparisons.show([v.name for v in variations_of(self.axes.axes())])
        if self._waiting:
            self.after_cancel(self._waiting)
        self._waiting = self.after(_DELAY_MS, self._ask)

    def _ask(self) -> None:
        self._waiting = ""
        work = partial(outlook_of, self._project, self.draft())
        self._background.run("outlook", work, self._show, self._broke)

    def _broke(self, error: Exception) -> None:
        raise error

    def _show(self, outlook: Outlook) -> None:
        if self._waiting:
            return  # something was typed since
        self.outlook = outlook
        for name, message in self.messages.items():
            text = remedies.all_sentences(outlook.problems.get(name, ()))
            message.show(Problem("", text) if text else None)
            if name in self.entries:
                self.entries[name].state(["invalid" if text else "!invalid"])
        self.axes.show_problems(outlook.problems)
        self.ok_button.state(["!disabled" if self.value() is not None else "disabled"])
        if outlook.study is None:
            for label in (self.count, self.test):
                label.configure(text="")
            if {"folds", "group"} & outlook.problems.keys():
                self.persons.configure(text="")
            return
        plan = outlook.study.plan
        folds = fold_words(plan)
        few = folds[:_MOST_FOLDS]
        if len(folds) > len(few):
            few.append(f"and {len(folds) - len(few)} more folds")
        self.persons.configure(text="\n".join((outlook.recognized, *few)))
        self.count.configure(text=trainings(plan))
        self.test.configure(text=test_words(plan))

    def destroy(self) -> None:
        """End the thread too."""
        if self._waiting:
            self.after_cancel(self._waiting)
            self._waiting = ""
        self._background.close()
        super().destroy()


def _key(words: dict[str, str], text: str) -> str:
    return next((key for key, value in words.items() if value == text), "")
