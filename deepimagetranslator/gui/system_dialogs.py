"""File pickers and message boxes, as callables that tests replace."""

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
    """The operating system's pickers and our own boxes, in front of the main window."""

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
        inform=lambda title, text: Message(root, title, text, ["Close"]).wait(),
        fail=lambda title, text, details: Message(root, title, text, ["Close"], details).wait(),
        colour=lambda title, first: colorchooser.askcolor(first, parent=root, title=title)[1],
    )
