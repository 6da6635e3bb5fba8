"""Opens boxes over two windows and prints, as JSON, which of them the screen shows.

A process of its own for a screen of its own; see ``test_boxes_in_front``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tkinter as tk
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from starts import start_of
from waiting import wait_until

from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.core.config.specs import TrainingSpec
from deepimagetranslator.gui.dialogs.training_dialog import TrainingDialog
from deepimagetranslator.gui.monitor.training_monitor import MonitorActions, TrainingMonitor
from deepimagetranslator.gui.system_dialogs import system_boxes
from deepimagetranslator.gui.theme.theme import Theme

SECONDS = 60.0  # until a box counts as hidden
ACTIONS = ("finish", "stop", "force_stop", "load_best", "translate", "open_folder", "use_epoch")
CHOSEN = "::tk::Priv(selectFilePath)"
ANY = (("All files", "*"),)


class Desk:
    """A main window and a training monitor that covers it."""

    def __init__(self, folder: str) -> None:
        self.root = tk.Tk()
        self.folder = folder
        Theme(self.root, "dark", 1.0)
        self.root.geometry("1200x650+20+40")
        self.boxes = system_boxes(self.root)
        self.root.update()
        nothing = dict.fromkeys((*ACTIONS, "show_error"), lambda *_: None)
        actions = MonitorActions(**nothing, ask_file=lambda *_: None)  # type: ignore[arg-type]
        self.monitor = TrainingMonitor(self.root, MonitorState(), actions)
        self.until_seen(str(self.monitor))

    def use(self, window: tk.Misc) -> None:
        """Cover the main window with the monitor; give the keyboard to one of them."""
        self.monitor.lift()
        self.until_seen(str(self.monitor))

        def ask() -> None:
            window.focus_force()
            self.root.update()

        wait_until(lambda: self.focused() == str(window), ask)

    def focused(self) -> str:
        widget = str(self.root.tk.call("focus", "-displayof", "."))
        return str(self.root.tk.call("winfo", "toplevel", widget)) if widget else ""

    def middle(self, widget: str) -> tuple[int, int]:
        def of(name: str) -> int:
            return int(self.root.tk.call("winfo", name, widget))

        return of("rootx") + of("width") // 2, of("rooty") + of("height") // 2

    def is_seen(self, widget: str) -> bool:
        """Whether the middle of a widget is what the screen shows at its place."""
        if not int(self.root.tk.call("winfo", "viewable", widget)):
            return False
        found = str(self.root.tk.call("winfo", "containing", *self.middle(widget)))
        return found == widget or found.startswith(f"{widget}.")

    def until_seen(self, widget: str) -> None:
        wait_until(lambda: self.is_seen(widget), self.root.update, self.windows)

    def windows(self) -> list[str]:
        """The paths of the visible windows, from the lowest to the topmost."""
        stack = self.root.tk.splitlist(self.root.tk.call("wm", "stackorder", "."))
        return [str(path) for path in stack]

    def shows(self, opens: Callable[[], object], close: Callable[[str], object]) -> bool:
        """Whether the box that a blocking call opens comes to be seen; closes it then."""
        before, begun = self.windows(), time.monotonic()
        seen: list[bool] = []

        def look() -> None:
            new = [path for path in self.windows() if path not in before]
            if new and self.is_seen(new[-1]):
                seen.append(True)
                close(new[-1])
            elif time.monotonic() < begun + SECONDS:
                self.root.after(5, look)
            else:
                self.root.tk.call("set", CHOSEN, "")
                self.root.tk.call("destroy", *new)

        self.root.after(5, look)
        opens()
        # Tk keeps its file dialogs, hidden; the window manager takes its time to hide them.
        wait_until(lambda: set(self.windows()) <= set(before), self.root.update, self.windows)
        return bool(seen)

    def click_first_answer(self, path: str) -> None:
        """Click in a message box as a hand would."""
        button = str(self.root.nametowidget(path).buttons[0])
        self.until_seen(button)
        x, y = map(str, self.middle(button))
        subprocess.run(["xdotool", "mousemove", x, y, "click", "1"], check=True)

    def cancel_picker(self, _path: str) -> None:
        self.root.tk.call("set", CHOSEN, "")

    # ---- cases -----------------------------------------------------------------------------

    def question(self) -> bool:
        """A click answers it, and nothing holds the mouse afterwards."""
        answers: list[bool] = []
        shown = self.shows(
            lambda: answers.append(self.boxes.yes("Close?", "Stop it and close?")),
            self.click_first_answer,
        )
        return shown and answers == [True] and not self.root.tk.call("grab", "current", ".")

    def open_files(self) -> bool:
        return self.shows(lambda: self.boxes.open_files("Load", self.folder), self.cancel_picker)

    def open_file(self) -> bool:
        return self.shows(
            lambda: self.boxes.open_file("Open", self.folder, ANY), self.cancel_picker
        )

    def choose_folder(self) -> bool:
        return self.shows(lambda: self.boxes.folder("Folder", self.folder), self.cancel_picker)

    def save_file(self) -> bool:
        return self.shows(
            lambda: self.boxes.save_file("Save", self.folder, "a.json", ANY), self.cancel_picker
        )

    def dialog(self) -> bool:
        dialog = TrainingDialog(self.root, start_of(TrainingSpec()))
        self.until_seen(str(dialog))
        dialog.cancel()
        return True

    def error_over_a_picker(self) -> bool:
        """An error is seen while a picker is open, which has the mouse again afterwards."""
        found: list[bool] = []

        def fail(path: str) -> None:
            shown = self.shows(
                lambda: self.boxes.fail("Training failed", "The disk is full.", ""),
                self.click_first_answer,
            )
            found.append(shown and str(self.root.tk.call("grab", "current", ".")) == path)
            self.cancel_picker(path)

        return self.shows(lambda: self.boxes.folder("Folder", self.folder), fail) and found == [
            True
        ]


CASES = (
    Desk.question,
    Desk.open_files,
    Desk.open_file,
    Desk.choose_folder,
    Desk.save_file,
    Desk.dialog,
    Desk.error_over_a_picker,
)


def main() -> None:
    """Try every case with the keyboard in either window."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(folder)
        for place, window in (("main window", desk.root), ("monitor", desk.monitor)):
            for case in CASES:
                desk.use(window)
                found[f"{case.__name__}, keyboard in the {place}"] = case(desk)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
