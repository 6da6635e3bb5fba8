"""The findings of the data check: a list, and details of the selected finding."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tkinter import ttk

from deepimagetranslator.core.checks import kinds
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_pane import elided
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics

_MOST_FILES = 500


class FindingsView(ttk.Frame):
    """A list of findings on the left; text, files and repair of the selected one on the right.

    Args:
        parent: the parent widget.
        mnemonics: assigns the underlined letters.
        on_file: called with a file that the user selects.
        on_repair: called with a finding and the repair whose button is pressed.

    Attributes:
        findings: the findings in the list.
    """

    def __init__(
        self,
        parent: tk.Misc,
        mnemonics: Mnemonics,
        on_file: Callable[[str], object],
        on_repair: Callable[[Problem, Repair], object],
    ) -> None:
        super().__init__(parent)
        self.findings: Sequence[Problem] = ()
        self._on_file, self._on_repair = on_file, on_repair
        self._theme = theme_of(self)
        px = self._theme.px
        self.columnconfigure(0, weight=1, uniform="halves")
        self.columnconfigure(1, weight=1, uniform="halves")
        self.rowconfigure(0, weight=1)
        left = ttk.Frame(self)
        left.grid(row=0, column=0, sticky="nsew")
        self.table = ttk.Treeview(
            left, columns=("finding",), height=6, selectmode="browse", takefocus=True
        )
        self.table.heading("#0", text="", anchor="w")
        self.table.heading("finding", text="Finding", anchor="w")
        wide = max(self._theme.font("bold").measure(text) for text in kinds.LEVELS)
        self.table.column("#0", width=wide + px(30), stretch=False)
        self.table.column("finding", width=px(240))
        bar = ttk.Scrollbar(left, command=self.table.yview)
        self.table.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.table.pack(side="left", fill="both", expand=True)
        self.table.bind("<Configure>", lambda _event: self.after_idle(self._write_lines))
        self.table.bind("<<TreeviewSelect>>", lambda _event: self._show_chosen())
        self._build_right(mnemonics)
        self.bind("<<PaletteChanged>>", lambda _event: self._colour())
        self._colour()

    def _build_right(self, mnemonics: Mnemonics) -> None:
        px = self._theme.px
        right = ttk.Frame(self, padding=(px(14), 0, 0, 0))
        right.grid(row=0, column=1, sticky="nsew")
        right.columnconfigure(0, weight=1)
        right.rowconfigure(2, weight=1)
        self.title = ttk.Label(right, style="Bold.TLabel")
        self.title.grid(row=0, column=0, sticky="ew")
        self.sentence = ttk.Label(right, justify="left", anchor="nw")
        self.sentence.grid(row=1, column=0, sticky="ew", pady=(px(2), px(8)))
        right.bind("<Configure>", lambda e: self.sentence.configure(wraplength=e.width - px(20)))
        self._box = ttk.Frame(right)
        self._box.grid(row=2, column=0, sticky="nsew")
        self.files = tk.Listbox(self._box, height=3, exportselection=False)
        bar = ttk.Scrollbar(self._box, command=self.files.yview)
        self.files.configure(yscrollcommand=bar.set)
        bar.pack(side="right", fill="y")
        self.files.pack(side="left", fill="both", expand=True)
        self.files.bind("<<ListboxSelect>>", lambda _event: self._show_file())
        self.repair_button = ttk.Button(right, command=self._repair, text="Repair")
        self._underline = mnemonics.add("Repair", self._repair)
        self.repair_button.grid(row=3, column=0, sticky="w", pady=(px(8), 0))
        self.other_repairs = ttk.Frame(right)
        self.other_repairs.grid(row=4, column=0, sticky="w")

    def show(self, findings: Sequence[Problem]) -> None:
        """Show other findings; the selected one stays selected if it is still in the list."""
        chosen = self.chosen
        self.findings = findings
        self.table.delete(*self.table.get_children())
        for number, problem in enumerate(findings):
            level = kinds.level(problem)
            self.table.insert("", "end", str(number), text=level, tags=(level,))
        if findings:
            place = findings.index(chosen) if chosen in findings else 0
            self.table.selection_set(str(place))
            self.table.focus(str(place))
            self.table.see(str(place))
        self._write_lines()
        self._show_chosen()

    def _write_lines(self) -> None:
        """Write the findings' names, shortened to the width of the list."""
        room = self.table.column("finding", "width") - self._theme.px(12)
        for number, problem in enumerate(self.findings):
            line = elided(_line(problem), self._theme.font(), room)
            self.table.set(str(number), "finding", line)

    @property
    def chosen(self) -> Problem | None:
        """The selected finding; None if there is none."""
        chosen = self.table.selection()
        return self.findings[int(chosen[0])] if chosen and self.findings else None

    def _show_chosen(self) -> None:
        problem = self.chosen
        self.files.delete(0, "end")
        if problem is None:
            self.title.configure(text="There are no findings.")
            self.sentence.configure(text="")
            self._box.grid_remove()
            self.repair_button.grid_remove()
            self._show_others(None)
            return
        self.title.configure(text=kinds.title(problem.kind))
        sentence = f"{problem.message} {remedies.words(problem.remedy)}".rstrip()
        self.sentence.configure(text=sentence)
        files = _files_of(problem)
        self.files.insert("end", *files[:_MOST_FILES])
        if len(files) > _MOST_FILES:
            self.files.insert("end", f"and {len(files) - _MOST_FILES} more")
        if files:
            self.files.xview_moveto(1.0)  # show the names rather than the folders
            self._box.grid()
        else:
            self._box.grid_remove()
        if problem.repair is not None:
            self.repair_button.configure(text=problem.repair.label)
            self.repair_button.grid()
        else:
            self.repair_button.grid_remove()
        self._show_others(problem)

    def _show_others(self, problem: Problem | None) -> None:
        """A button for each further repair of the finding."""
        for button in self.other_repairs.winfo_children():
            button.destroy()
        for repair in problem.others if problem is not None else ():
            command = partial(self._repair, repair)
            button = ttk.Button(self.other_repairs, text=repair.label, command=command)
            button.pack(anchor="w", pady=(self._theme.px(4), 0))
        if problem is not None and problem.others:
            self.other_repairs.grid()
        else:
            self.other_repairs.grid_remove()

    def _show_file(self) -> None:
        problem = self.chosen
        chosen: tuple[int, ...] = self.files.curselection()  # type: ignore[no-untyped-call]
        if chosen and problem is not None and chosen[0] < _MOST_FILES:
            self._on_file(_files_of(problem)[chosen[0]])

    def _repair(self, repair: Repair | None = None) -> None:
        problem = self.chosen
        repair = repair or (problem.repair if problem is not None else None)
        if problem is not None and repair is not None:
            self._on_repair(problem, repair)

    def _colour(self) -> None:
        palette = self._theme.palette
        for level in kinds.LEVELS:
            colour = palette.error if level == kinds.ERROR else palette.text
            self.table.tag_configure(level, foreground=colour)


def _line(problem: Problem) -> str:
    """A finding in a few words: its kind and its subject."""
    title, subject = kinds.title(problem.kind), problem.subject
    if _is_file(subject):
        return title if problem.files[1:] else f"{title}: {Path(subject).name}"
    return f"{title} ({subject})" if subject in ("inputs", "targets") else title


def _is_file(subject: str) -> bool:
    """Whether a finding's subject is a file, not a part of the data set or a setting."""
    return Path(subject).is_absolute()


def _files_of(problem: Problem) -> tuple[str, ...]:
    alone = (problem.subject,) if _is_file(problem.subject) else ()
    return problem.files or alone
