"""File pickers and message boxes, as callables that tests replace."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import colorchooser, filedialog
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import SUFFIXES
from deepimagetranslator.core.system.system_path import file_stamp
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.widgets.in_front import window_in_use
from deepimagetranslator.gui.widgets.message import Message
from deepimagetranslator.gui.widgets.tk_file_dialogs import tune_file_dialogs

IMAGE_TYPES = (("Images", " ".join(f"*{suffix}" for suffix in SUFFIXES)), ("All files", "*"))
PROJECT_TYPES = (("Projects", "*.json"), ("All files", "*"))
WEIGHTS_TYPES = (("Weights", "*.h5 *.hdf5"), ("All files", "*"))


@dataclass
class Boxes:
    """The pickers and boxes; a cancelled one returns None or an empty sequence.

    Attributes:
        open_files: (title, initial folder) -> image files.
        open_file: (title, initial folder, types) -> one file.
        folder: (title, initial folder) -> a folder.
        save_file: (title, initial folder, name, types) -> a file to write.
        yes: (title, question) -> whether the user confirmed.
        choose: (title, question, answers) -> the index of the answer; the last one cancels.
        inform: (title, text): shows information.
        fail: (title, sentence, details): shows an error; details may be empty.
        colour: (title, initial colour) -> a colour; both "#rrggbb".
    """

    open_files: Callable[[str, str], Sequence[Path]]
    open_file: Callable[[str, str, Sequence[tuple[str, str]]], Path | None]
    folder: Callable[[str, str], Path | None]
    save_file: Callable[[str, str, str, Sequence[tuple[str, str]]], Path | None]
    yes: Callable[[str, str], bool]
    choose: Callable[[str, str, Sequence[str]], int]
    inform: Callable[[str, str], object]
    fail: Callable[[str, str, str], object]
    colour: Callable[[str, str], str | None]

    def show_problem(self, text: str, name: str = "") -> None:
        """Show why the action of that name failed."""
        self.fail(f"{name or 'The action'} failed", text, "")

    def guarded(self, action: Callable[[], object], name: str = "") -> Callable[[], None]:
        """Wrap an action so that its ``UserError`` is shown in a box.

        Args:
            action: may raise ``UserError``.
            name: the action's name for the box's title, mostly that of its menu entry.
        """

        def run() -> None:
            try:
                action()
            except UserError as error:
                self.show_problem(remedies.all_sentences(error.problems), name)

        return run


def system_boxes(root: tk.Tk) -> Boxes:
    """The operating system's pickers and our own boxes, above the window that the user is in."""
    asks_ourselves = tune_file_dialogs(root)

    def path(chosen: str) -> Path | None:
        return Path(chosen) if chosen else None

    def parent() -> tk.Misc:
        # A picker stays above its parent, which may itself be below another window.
        window = window_in_use(root)
        window.tkraise()
        return window

    def front(title: str, folder: str) -> dict[str, Any]:
        return {"parent": parent(), "title": title, "initialdir": folder}

    def save_file(
        title: str, folder: str, name: str, types: Sequence[tuple[str, str]]
    ) -> Path | None:
        rest: dict[str, Any] = {"initialfile": name, "defaultextension": Path(name).suffix}
        if asks_ourselves:
            rest["confirmoverwrite"] = False
        chosen = path(
            filedialog.asksaveasfilename(filetypes=list(types), **front(title, folder), **rest)
        )
        if asks_ourselves and chosen is not None and file_stamp(chosen) is not None:
            question = f"{chosen} exists already. Replace it?"
            return chosen if box(title, question, ["Replace", "Cancel"]) == 0 else None
        return chosen

    def box(
        title: str, text: str, answers: Sequence[str], details: str = "", sign: str = ""
    ) -> int:
        return Message(root, title, text, answers, details, sign).wait()

    return Boxes(
        open_files=lambda title, folder: [
            Path(name)
            for name in filedialog.askopenfilenames(filetypes=IMAGE_TYPES, **front(title, folder))
        ],
        open_file=lambda title, folder, types: path(
            filedialog.askopenfilename(filetypes=list(types), **front(title, folder))
        ),
        folder=lambda title, folder: path(filedialog.askdirectory(**front(title, folder))),
        save_file=save_file,
        yes=lambda title, question: box(title, question, ["Yes", "No"]) == 0,
        choose=box,
        inform=lambda title, text: box(title, text, ["Close"]),
        fail=lambda title, text, details: box(title, text, ["Close"], details, "error"),
        colour=lambda title, first: colorchooser.askcolor(first, parent=parent(), title=title)[1],
    )
