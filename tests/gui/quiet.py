"""The main window without an engine: a session of the unit tests in real widgets."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from pathlib import Path

from sessions import Sessions
from waiting import wait_until
from window import Answers

from deepimagetranslator.core.messages.events import WeightsDescribed
from deepimagetranslator.gui.main_window import MainWindow


class QuietWindow:
    """A main window whose engine answers only what a test puts into it."""

    def __init__(self, root: tk.Tk, folder: Path) -> None:
        self.root = root
        self.answers = Answers()
        self.sessions = Sessions(folder)
        self.session = self.sessions.session
        self.main = MainWindow(root, self.session, self.answers.boxes(), lambda: None)
        self.main.pack(fill="both", expand=True)
        root.geometry("1000x600")
        root.update()

    def until(self, condition: Callable[[], object]) -> None:
        """Let window and session work until the condition holds."""

        def work() -> None:
            self.session.tick()
            self.root.update()

        wait_until(condition, work, lambda: self.sessions.told[-5:])

    def load(self, folder: Path, part: str = "training") -> None:
        """Load the pairs of ``sessions.write_pairs``."""
        self.session.loader.load(part, {"inputs": folder / "in", "targets": folder / "out"})
        self.until(lambda: self.session.project.reader.complete)
        self.until(lambda: not self.session.background.busy)
        self.root.update()

    def answer(self, *events: object) -> None:
        """Have the engine tell these events."""
        self.sessions.answer(*events)
        self.root.update()

    def use_weights(self, path: Path) -> None:
        """Make a weights file the current model."""
        self.answer(WeightsDescribed(str(path)))

    def close(self) -> None:
        """End the session."""
        self.session.close()
