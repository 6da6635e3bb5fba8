"""The window of the data check: progress of reading, findings, and the table of pairs."""

from __future__ import annotations

import tkinter as tk
from collections import Counter
from collections.abc import Callable, Sequence
from tkinter import ttk

from deepimagetranslator.app.data_check import DataCheck, Row
from deepimagetranslator.app.events import (
    Change,
    ProjectChanged,
    ReadingEnded,
    ReadingProgressed,
)
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.training.words import time_left
from deepimagetranslator.core.checks import kinds
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.data_check.findings_view import FindingsView
from deepimagetranslator.gui.data_check.pair_table import PairTable
from deepimagetranslator.gui.data_check.target_dialog import TargetDialog
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.beside import stand_beside
from deepimagetranslator.gui.widgets.in_front import path_in_use, place_over, show_above
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics
from deepimagetranslator.gui.widgets.wrapping import wrap_at_width

Guarded = Callable[[Callable[[], object], str], Callable[[], None]]
"""(action, name) -> the action that shows its ``UserError``; see ``Boxes.guarded``."""
_WIDTH, _HEIGHT = 1080, 700


class CheckWindow(tk.Toplevel):
    """Shows a ``DataCheck`` and applies the user's repairs to it.

    Args:
        parent: a widget of the main window.
        session: reads the files and shows their pairs.
        check: the state that is shown.
        guarded: wraps an action so that its ``UserError`` is shown.
        ask_file: asks for a target file.
        repair: applies a finding's repair, or opens the dialog for it.

    Attributes:
        table: the table of pairs.
        findings: the list of findings.
    """

    def __init__(
        self,
        parent: tk.Misc,
        session: Session,
        check: DataCheck,
        guarded: Guarded,
        ask_file: Callable[[], ImageRef | None],
        repair: Callable[[Problem, Repair], object],
    ) -> None:
        self._below = path_in_use(parent)
        super().__init__(parent)
        self.withdraw()
        self.title("Check data")
        self.check = check
        self.project = session.project
        self._viewer = session.viewer
        self._bus = session.bus
        self._guarded, self._ask_file = guarded, ask_file
        self._train: Callable[[], object] | None = None
        self.theme = theme_of(self)
        self.mnemonics = Mnemonics(self)
        self.heading = tk.StringVar(self)
        self.words = tk.StringVar(self)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self._build_head()
        self._build_middle(repair)
        self._build_buttons()
        self.bind("<Escape>", lambda _event: self.destroy())
        self.bind("<Control-z>", lambda _event: self.undo())
        self._bus.subscribe(ReadingProgressed, self._on_reading)
        self._bus.subscribe(ProjectChanged, self._on_change)
        self._bus.subscribe(ReadingEnded, self._on_change)
        self.refresh()
        self._place()

    # ---- building --------------------------------------------------------------------------

    def _build_head(self) -> None:
        px = self.theme.px
        head = ttk.Frame(self, padding=(px(16), px(14), px(16), px(10)))
        head.grid(row=0, column=0, sticky="ew")
        head.columnconfigure(0, weight=1)
        for row, (text, style) in enumerate(((self.heading, "Heading"), (self.words, "Muted"))):
            label = ttk.Label(head, textvariable=text, style=f"{style}.TLabel")
            label.grid(row=row, column=0, sticky="ew", pady=(px(2) * row, 0))
            wrap_at_width(label)
        self.bar = ttk.Progressbar(head, maximum=1.0, length=px(220))
        self.bar.grid(row=0, column=1, rowspan=2, padx=px(12))
        self.cancel_button = ttk.Button(head, text="Cancel", command=self._cancel_or_read)
        self.cancel_button.grid(row=0, column=2, rowspan=2)
        underline = self.mnemonics.add("Cancel", self.cancel_button.invoke)
        self.cancel_button.configure(underline=underline)

    def _build_middle(self, repair: Callable[[Problem, Repair], object]) -> None:
        px = self.theme.px
        panes = ttk.PanedWindow(self, orient="vertical")
        panes.grid(row=1, column=0, sticky="nsew", padx=px(16))
        self.findings = FindingsView(panes, self.mnemonics, self.show_file, repair)
        below = ttk.Frame(panes, padding=(0, px(6), 0, 0))
        below.columnconfigure(0, weight=1)
        below.rowconfigure(0, weight=1)
        self.table = PairTable(
            below, self._show_row, self.change_target, self._on_drop, self.leave_out
        )
        self.table.grid(row=0, column=0, sticky="nsew")
        panes.add(self.findings, weight=2)
        panes.add(below, weight=3)

    def _build_buttons(self) -> None:
        px = self.theme.px
        row = ttk.Frame(self, padding=(px(16), px(10), px(16), px(14)))
        row.grid(row=2, column=0, sticky="ew")
        row.columnconfigure(3, weight=1)
        self.buttons: dict[str, ttk.Button] = {}
        entries: list[tuple[str, str, Callable[[], object], int, str]] = [
            ("change", "Change target...", self._change_chosen, 0, "TButton"),
            ("leave_out", "Leave out", lambda: self.leave_out(self.table.chosen), 1, "TButton"),
            ("undo", "Undo", self.undo, 2, "TButton"),
            ("train", "Train anyway", self._train_anyway, 4, "Accent.TButton"),
            ("close", "Close", self.destroy, 5, "TButton"),
        ]
        for name, text, action, column, style in entries:
            button = ttk.Button(row, text=text, command=action, style=style)
            button.configure(underline=self.mnemonics.add(text, button.invoke))
            gap = (0, px(8)) if column < 3 else (px(8), 0)
            button.grid(row=0, column=column, padx=gap, sticky="w" if column < 3 else "e")
            self.buttons[name] = button

    def _place(self) -> None:
        """Set the size, at most the screen's, and place it in the middle of the main window."""
        self.update_idletasks()
        px = self.theme.px
        width = min(px(_WIDTH), int(self.winfo_screenwidth() * 0.96))
        height = min(px(_HEIGHT), int(self.winfo_screenheight() * 0.88))
        self.geometry(f"{width}x{height}")
        # The main window shows the pair of the chosen row.
        place_over(self, self._below, width, height, px(40), aside=True)
        stand_beside(self)
        self.minsize(min(width, px(560)), min(height, px(420)))
        show_above(self, self._below)
        self.to_front()
        self.table.canvas.focus_set()

    # ---- display ---------------------------------------------------------------------------

    def to_front(self) -> None:
        """Raise the window and give it the keyboard."""
        self.deiconify()
        self.lift()
        (self.focus_lastfor() or self).focus_force()

    def before_training(self, train: Callable[[], object]) -> None:
        """Offer to start a training as soon as there is no error.

        Args:
            train: starts the training.
        """
        self._train = train
        self.refresh()

    def refresh(self) -> None:
        """Show the project's current pairs and findings."""
        self.check.refresh()
        self.heading.set(self.check.heading)
        self.table.show(self.check.rows)
        self.findings.show(self.check.findings)
        self._write_progress()
        has_rows = bool(self.check.rows)
        for name in ("change", "leave_out"):
            self.buttons[name].state(["!disabled" if has_rows else "disabled"])
        label = self.check.undo_label
        self.buttons["undo"].configure(text=f"Undo: {label}" if label else "Undo")
        self.buttons["undo"].state(["!disabled" if label else "disabled"])
        self._write_train()
        if self.project.reader.complete:
            if self._train is not None and not self.check.findings:
                self._train_anyway()
            else:
                self.check.mark_seen()

    def _write_train(self) -> None:
        button = self.buttons["train"]
        if self._train is None:
            button.grid_remove()
            return
        ready = self.project.reader.complete and not self.check.blocked
        button.state(["!disabled" if ready else "disabled"])
        button.grid()

    def _write_progress(self) -> None:
        reader = self.project.reader
        if reader.running:
            words = f"Reading {reader.done} of {reader.count} pairs"
            if not reader.count:
                words = "Reading the files..."
            left = reader.seconds_left
            self.words.set(words if left is None else f"{words}, {time_left(left)} left")
            self.bar.configure(value=reader.done / max(1, reader.count))
            self.bar.grid()
            self._show_cancel("Cancel")
            return
        self.bar.grid_remove()
        if not self.project.matched.train:
            self._show_cancel("")
            self.words.set("There are no pairs yet.")
        elif reader.complete:
            self._show_cancel("")
            self.words.set(_summary(self.check.findings))
        else:
            self._show_cancel("Read the files")
            self.words.set("Not all files have been read, so there may be more findings.")

    def _show_cancel(self, text: str) -> None:
        if text:
            self.cancel_button.configure(text=text)
            self.cancel_button.grid()
        else:
            self.cancel_button.grid_remove()

    def _on_reading(self, _change: ReadingProgressed) -> None:
        self._write_progress()

    def _on_change(self, _change: Change) -> None:
        self.refresh()

    # ---- input of the user -----------------------------------------------------------------

    def show_file(self, file: str) -> None:
        """Select the row of a file and scroll to it."""
        number = self.check.row_of(file)
        if number is not None:
            self.table.go(number)

    def change_target(self, row: Row) -> None:
        """Ask for another target for a row."""
        if row.input is None:
            self.bell()
            return
        unused = self.check.unused_targets
        used = [r.target for r in self.check.rows if r.input and r.target and r is not row]
        TargetDialog.open(
            self,
            row.input.name,
            unused,
            used,
            self._ask_file,
            on_ok=lambda image: self._change(row, image),
        )

    def leave_out(self, rows: Sequence[Row]) -> None:
        """Remove rows from the project."""
        self._guarded(lambda: self.check.leave_out(rows), "Leave out")()

    def undo(self) -> None:
        """Revert the last change."""
        self._guarded(self.check.undo, "Undo")()

    def destroy(self) -> None:
        """Unsubscribe and close."""
        self._bus.unsubscribe(self._on_reading)
        self._bus.unsubscribe(self._on_change)
        super().destroy()

    def _show_row(self, row: Row) -> None:
        """Show the row's pair in the main window."""
        place = self.check.place_of(row)
        if place is not None:
            self._viewer.show_image(*place)

    def _on_drop(self, row: Row, giver: Row) -> None:
        if row.input is None or giver.target is None:
            self.bell()
            return
        self._change(row, giver.target)

    def _change(self, row: Row, target: ImageRef) -> None:
        self._guarded(lambda: self.check.set_target(row, target), "Change target")()

    def _change_chosen(self) -> None:
        if self.table.chosen:
            self.change_target(self.table.rows[self.table.current])

    def _cancel_or_read(self) -> None:
        if self.project.reader.running:
            self.project.stop_reading()
        else:
            self.project.read_files()

    def _train_anyway(self) -> None:
        train = self._train
        self.check.mark_seen()
        self.destroy()
        if train is not None:
            self._guarded(train, "Train model")()


def _summary(findings: Sequence[Problem]) -> str:
    fatal = sum(problem.fatal for problem in findings)
    others = Counter(kinds.level(problem) for problem in findings if not problem.fatal)
    words = []
    if fatal:
        words.append(f"{fatal} error{'s' * (fatal > 1)} to correct before training")
    for level in (kinds.WARNING, kinds.NOTE):
        if others[level]:
            words.append(f"{others[level]} {level.lower()}{'s' * (others[level] > 1)}")
    return f"All files were read: {', '.join(words)}." if words else "All files were read."
