"""The training monitor: a window with progress, curves, predictions and log of a training.

It displays a ``MonitorState`` and has no state of its own, so it can be closed and reopened.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tkinter import ttk
from typing import Any

from deepimagetranslator.app.training.phase import ENDED, Phase
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.gui.monitor.curves_view import CurvesView
from deepimagetranslator.gui.monitor.log_view import LogView
from deepimagetranslator.gui.monitor.monitor_head import MonitorHead
from deepimagetranslator.gui.monitor.preview_strip import PreviewStrip
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.arrangement import Arrangement
from deepimagetranslator.gui.widgets.dialog import AskFile
from deepimagetranslator.gui.widgets.in_front import place_over
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics

TITLE = "Training monitor"
TICK_MS = 100
CLOCK_TICKS = 5
WIDTH, HEIGHT = 1240, 720
_OPEN = "_deepimagetranslator_monitor"


@dataclass(frozen=True)
class MonitorActions:
    """The actions of the monitor's buttons; each must return quickly.

    Attributes:
        finish: ends the training after this epoch; None hides the button.
        stop: stops after the current step.
        force_stop: kills the worker process if it has not stopped within 10 s.
        load_best: makes the best checkpoint the current model.
        translate: chooses images to translate; None hides the button.
        open_folder: shows the run's folder in the system's file manager.
        use_epoch: called with an epoch (from 1) and its checkpoint; makes it the current model.
        ask_file: asks where to save the curves: (title, name, types) -> a file to write.
        show_error: shows an error: (title, sentence).
        resume: resumes after the last completed epoch; None hides the button.
        show_details: shows details of a failed training; None hides the button.
    """

    finish: Callable[[], object] | None
    stop: Callable[[], object]
    force_stop: Callable[[], object]
    load_best: Callable[[], object]
    translate: Callable[[], object] | None
    open_folder: Callable[[], object]
    use_epoch: Callable[[int, Path], object]
    ask_file: AskFile
    show_error: Callable[[str, str], object]
    resume: Callable[[], object] | None = None
    show_details: Callable[[], object] | None = None


def open_monitor(parent: tk.Misc, state: MonitorState, actions: MonitorActions) -> TrainingMonitor:
    """Open the training monitor, or bring the open one to the front."""
    root = parent.nametowidget(".")
    monitor: TrainingMonitor | None = getattr(root, _OPEN, None)
    if monitor is None or not monitor.winfo_exists():
        monitor = TrainingMonitor(parent, state, actions)
        setattr(root, _OPEN, monitor)
    monitor.to_front()
    return monitor


class TrainingMonitor(tk.Toplevel):
    """The window; it checks the state ten times a second and redraws after changes.

    Args:
        parent: a widget of the window in front of which the monitor appears.
        state: the state to show.
        actions: the actions of the buttons.
        title: the window's title.
    """

    def __init__(
        self, parent: tk.Misc, state: MonitorState, actions: MonitorActions, title: str = TITLE
    ) -> None:
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.theme = theme_of(self)
        self.state_shown = state
        self.actions = actions
        self.mnemonics = Mnemonics(self)
        self._version = -1
        self._ticks = 0
        self._after = ""
        self.buttons: dict[str, ttk.Button] = {}
        self._build()
        self._place(parent.winfo_toplevel())
        self.bind("<Escape>", lambda _event: self.destroy())
        self.protocol("WM_DELETE_WINDOW", self.destroy)
        self._tick()
        self.deiconify()

    def to_front(self) -> None:
        """Raise the window and give it the keyboard."""
        self.deiconify()
        self.lift()
        (self.focus_lastfor() or self).focus_set()

    def destroy(self) -> None:
        """Close the window; the training continues."""
        if self._after:
            self.after_cancel(self._after)
        super().destroy()

    def _build(self) -> None:
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        # The Stop button keeps its letter when its text changes.
        self.mnemonics.add("Stop", lambda: self._press("stop"))
        self.head = MonitorHead(self, self.state_shown)
        self.head.grid(row=0, column=0, sticky="ew")
        for column, (key, text, command) in enumerate(
            (
                ("details", "Show details", self.actions.show_details),
                ("resume", "Resume training", self.actions.resume),
            )
        ):
            button = self._add_button(self.head.remedies, key, text, command or _nothing)
            button.grid(row=0, column=column, padx=(px(8), 0))
        middle = self.middle = Arrangement(self)
        middle.grid(row=1, column=0, sticky="nsew", padx=px(18))
        self.curves = CurvesView(middle, self.mnemonics, self.actions.ask_file, self._saved_curves)
        self.strip = PreviewStrip(middle, self.mnemonics, self.actions.use_epoch)
        self.log = LogView(middle)
        names = ["Curves", "Predictions", "Log"]
        middle.hold(self.curves, self.strip, self.log, names)
        self._build_buttons().grid(row=2, column=0, sticky="ew")

    def _add_button(
        self,
        parent: tk.Misc,
        key: str,
        text: str,
        command: Callable[[], object],
        style: str = "TButton",
    ) -> ttk.Button:
        button = ttk.Button(parent, text=text, command=command, style=style)
        if key != "stop":
            button.configure(underline=self.mnemonics.add(text, partial(self._press, key)))
        self.buttons[key] = button
        return button

    def _build_buttons(self) -> ttk.Frame:
        px = self.theme.px
        row = ttk.Frame(self, padding=(px(18), px(12), px(18), px(14)))
        row.columnconfigure(3, weight=1)
        table: tuple[tuple[str, str, Callable[[], object], int], ...] = (
            ("load_best", "Load best weights", self.actions.load_best, 0),
            ("translate", "Translate images", self.actions.translate or _nothing, 1),
            ("open_folder", "Open folder", self.actions.open_folder, 2),
            ("finish", "Finish after this epoch", self._on_finish, 4),
            ("stop", "Stop", self._on_stop, 5),
            ("close", "Close", self.destroy, 6),
        )
        for key, text, command, column in table:
            style = "Accent.TButton" if key == "load_best" else "TButton"
            button = self._add_button(row, key, text, command, style)
            button.grid(row=0, column=column, padx=(px(8), 0) if column > 3 else (0, px(8)))
        return row

    def _place(self, parent: Any) -> None:
        """Place the window in the middle of its parent, within the screen."""
        px = self.theme.px
        self.update_idletasks()
        screen_width, screen_height = self.winfo_screenwidth(), self.winfo_screenheight()
        width = min(px(WIDTH), screen_width)
        height = min(px(HEIGHT), screen_height - px(40))
        self.geometry(f"{width}x{height}")
        place_over(self, str(parent), width, height, px(40))
        self.minsize(min(px(760), width), min(px(480), height))

    def _tick(self) -> None:
        changed = self.state_shown.version != self._version
        self._ticks += 1
        if changed:
            self._version = self.state_shown.version
            self.refresh()
        elif self._ticks % CLOCK_TICKS == 0 and self.state_shown.running:
            self.head.show(self.state_shown)
            self._show_buttons()
        self.curves.tick()
        self._after = self.after(TICK_MS, self._tick)

    def refresh(self) -> None:
        """Redraw all parts from the state."""
        state = self.state_shown
        self.head.show(state)
        self._show_buttons()
        self.log.show(state)
        self.curves.show(state)
        self.strip.show(state)

    def _show_buttons(self) -> None:
        state = self.state_shown
        ended = state.phase in ENDED
        kept = ended and state.epochs_done > 0
        details = self.actions.show_details is not None and state.phase is Phase.FAILED
        for key, shown in (
            ("load_best", kept),
            ("translate", kept and self.actions.translate is not None),
            ("open_folder", ended and state.run_dir is not None),
            ("details", details),
            ("resume", self.actions.resume is not None and state.may_resume),
            ("finish", state.running and self.actions.finish is not None),
            ("stop", state.running),
        ):
            button = self.buttons[key]
            if shown:
                button.grid()
            else:
                button.grid_remove()
        # An empty frame would keep the room of its hidden buttons.
        if self.head.remedies.grid_slaves():
            self.head.remedies.grid()
        else:
            self.head.remedies.grid_remove()
        self.buttons["finish"].state(["!disabled" if state.may_finish else "disabled"])
        stopping = state.phase is Phase.STOPPING
        words_on_it = "Force stop" if state.may_force else "Stopping..." if stopping else "Stop"
        stop = self.buttons["stop"]
        stop.configure(text=words_on_it, underline=words_on_it.lower().find("s"))
        stop.state(["disabled" if stopping and not state.may_force else "!disabled"])

    def _press(self, key: str) -> None:
        """Invoke a button by its letter, if the button is visible."""
        if self.buttons[key].winfo_ismapped():
            self.buttons[key].invoke()

    def _on_finish(self) -> None:
        if self.actions.finish is not None:
            self.actions.finish()
            self.state_shown.request_finish()

    def _on_stop(self) -> None:
        if self.state_shown.may_force:
            self.actions.force_stop()
            return
        self.actions.stop()
        self.state_shown.request_stop()

    def _saved_curves(self, path: Path, problem: str) -> None:
        if problem:
            self.actions.show_error(TITLE, problem)
        else:
            self.state_shown.add_log(f"The curves were saved as {path}.")


def _nothing() -> None:
    """The command of buttons that are never shown."""
