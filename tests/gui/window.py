"""The whole window for tests: real widgets, real engine, file pickers and boxes replaced."""

from __future__ import annotations

import gc
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from focus import focus
from waiting import wait_until

from deepimagetranslator.gui.app import App
from deepimagetranslator.gui.main_window import MainWindow
from deepimagetranslator.gui.system_dialogs import Boxes


@dataclass
class Answers:
    """What the replaced boxes answer, and what they were told."""

    files: list[list[Path]] = field(default_factory=list)
    paths: list[Path | None] = field(default_factory=list)
    yes: bool = True
    choice: int | None = None
    colour: str | None = None
    told: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def boxes(self) -> Boxes:
        def open_files(_title: str, _folder: str) -> Sequence[Path]:
            return self.files.pop(0)

        def path(*_arguments: object) -> Path | None:
            return self.paths.pop(0)

        def yes(_title: str, question: str) -> bool:
            self.asked.append(question)
            return self.yes

        def choose(_title: str, question: str, answers: Sequence[str]) -> int:
            self.asked.append(question)
            return self.choice if self.choice is not None else len(answers) - 1

        def fail(title: str, text: str, _details: str) -> None:
            self.titles.append(title)
            self.failed.append(text)

        return Boxes(
            open_files=open_files,
            open_file=path,
            folder=path,
            save_file=path,
            yes=yes,
            inform=lambda _title, text: self.told.append(text),
            choose=choose,
            fail=fail,
            colour=lambda *_: self.colour,
        )


def open_menu(window: MainWindow, name: str) -> tk.Menu:
    """What a click on a menu does before it appears."""
    menu = window.menus[name]
    menu.tk.eval(str(menu.cget("postcommand")))
    return menu


class Window:
    """An ``App`` with what a user does to it."""

    def __init__(self, project: Path | None = None) -> None:
        self.answers = Answers()
        self.app = App(project, self.answers.boxes(), scaling=1.0)
        self.session = self.app.session
        self.root = self.app.root

    def choose(self, menu: str, entry: str) -> None:
        """Choose a menu's entry by its words."""
        found = self.app.window.menus[menu]
        last = found.index("end")
        assert last is not None
        for i in range(last + 1):
            if found.type(i) != "separator" and found.entrycget(i, "label") == entry:
                found.invoke(i)
                return
        raise AssertionError(f"no entry '{entry}' in the menu {menu}")

    def entries(self, menu: str) -> list[str]:
        """A menu's entries in their order, without separators."""
        found = self.app.window.menus[menu]
        last = found.index("end")
        assert last is not None
        kinds = [(i, found.type(i)) for i in range(last + 1)]
        return [str(found.entrycget(i, "label")) for i, kind in kinds if kind != "separator"]

    def key(self, name: str) -> None:
        """Press a key in the main window."""
        focus(self.root)
        self.root.event_generate(f"<{name}>")

    def until(self, condition: Callable[[], object]) -> None:
        """Let the window work until the condition holds."""
        wait_until(condition, self.root.update, lambda: self.answers.failed)

    def dialog(self, kind: type) -> tk.Toplevel:
        """The open window of that class."""
        self.root.update()
        windows = [w for w in self.root.winfo_children() if isinstance(w, tk.Toplevel)]
        for window in windows:
            windows += [w for w in window.winfo_children() if isinstance(w, tk.Toplevel)]
            if isinstance(window, kind):
                return window
        raise AssertionError(f"no {kind.__name__} is open")

    def shown(self, role: str) -> object:
        """The image that a pane shows."""
        return self.app.window.panes.image(role)

    def close(self) -> None:
        """End it and its engine."""
        self.app.close()
        # Tk objects must die in the thread that made them.
        del self.app, self.session, self.root
        gc.collect()
