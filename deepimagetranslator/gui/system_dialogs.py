"""The system's file pickers and message boxes, as callables that tests replace."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tkinter import colorchooser, filedialog, messagebox

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import SUFFIXES
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.widgets.message import Message

IMAGE_TYPES = (("Images", " ".join(f"*{suffix}" for suffix in SUFFIXES)), ("All files", "*"))
PROJECT_TYPES = (("Projects", "*.json"), ("All files", "*"))
WEIGHTS_TYPES = (("Weights", "*.h5 *.hdf5"), ("All files", "*"))


@dataclass
class Boxes:
    """What asks the user something outside our own windows. Nothing chosen is None or empty.

    Attributes:
        open_files: (title, first folder) -> image files.
        open_file: (title, first folder, types) -> one file.
        folder: (title, first folder) -> a folder.
        save_file: (title, first folder, name, types) -> a file to write.
        yes: (title, question) -> whether it was confirmed.
        choose: (title, question, answers) -> the index of the answer; the last one changes nothing.
        tell: (title, text): news.
        fail: (title, sentence, details for a report, may be empty): an error.
        colour: (title, first colour) -> a colour; both "#rrggbb".
    """

    open_files: Callable[[str, str], Sequence[Path]]
    open_file: Callable[[str, str, Sequence[tuple[str, str]]], Path | None]
    folder: Callable[[str, str], Path | None]
    save_file: Callable[[str, str, str, Sequence[tuple[str, str]]], Path | None]
    yes: Callable[[str, str], bool]
    choose: Callable[[str, str, Sequence[str]], int]
    tell: Callable[[str, str], object]
    fail: Callable[[str, str, str], object]
    colour: Callable[[str, str], str | None]

    def show_problem(self, text: str) -> None:
        """Tell why something that the user asked for was not done."""
        self.fail("That did not work", text, "")

    def guarded(self, action: Callable[[], object]) -> Callable[[], None]:
        """The action, with what the user can put right told in a sentence."""

        def run() -> None:
            try:
                action()
            except UserError as error:
                self.show_problem(remedies.all_told(error.problems))

        return run


def system_boxes(root: tk.Tk) -> Boxes:
    """The native ones, in front of the main window."""

    def path(chosen: str) -> Path | None:
        return Path(chosen) if chosen else None

    return Boxes(
        open_files=lambda title, folder: [
            Path(name)
            for name in filedialog.askopenfilenames(
                parent=root, title=title, initialdir=folder, filetypes=IMAGE_TYPES
            )
        ],
        open_file=lambda title, folder, types: path(
            filedialog.askopenfilename(
                parent=root, title=title, initialdir=folder, filetypes=list(types)
            )
        ),
        folder=lambda title, folder: path(
            filedialog.askdirectory(parent=root, title=title, initialdir=folder)
        ),
        save_file=lambda title, folder, name, types: path(
            filedialog.asksaveasfilename(
                parent=root,
                title=title,
                initialdir=folder,
                initialfile=name,
                filetypes=list(types),
                defaultextension=Path(name).suffix,
            )
        ),
        yes=lambda title, question: messagebox.askyesno(title, question, parent=root),
        choose=lambda title, text, answers: Message(root, title, text, answers).wait(),
        tell=lambda title, text: Message(root, title, text, ["Close"]).wait(),
        fail=lambda title, text, details: Message(root, title, text, ["Close"], details).wait(),
        colour=lambda title, first: colorchooser.askcolor(first, parent=root, title=title)[1],
    )
