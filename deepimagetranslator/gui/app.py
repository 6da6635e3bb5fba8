"""The window's process: root, theme, worker, tick, errors, shutdown."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import tkinter as tk
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PIL import ImageTk

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.jobs import STUDY
from deepimagetranslator.app.kept_project import KeptProject, to_offer
from deepimagetranslator.app.project_state import unsaved_projects
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.log_file import without_others
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.main_window import MainWindow
from deepimagetranslator.gui.system_dialogs import Boxes, system_boxes
from deepimagetranslator.gui.theme.logo import draw_mark
from deepimagetranslator.gui.theme.theme import Theme
from deepimagetranslator.gui.widgets.keys import use_common_keys
from deepimagetranslator.gui.widgets.screens import restore
from deepimagetranslator.gui.windows_os import be_sharp, own_taskbar_button, sharp_icon

TICK_MS = 15
_LEAVE_MS = 100
_THREADS_END = 3.0
"""Seconds that threads have to end after the window was closed."""
_LOG = logging.getLogger(__name__)
_SMALLEST = (900, 480)


class App:
    """One running window with its worker process.

    Args:
        project: a project file to open.
        boxes: file pickers and message boxes; None uses the system's.
        scaling: size of everything; 1.0 is for 96 dots per inch, None takes the screen's.
        warning: a sentence to show when the window is open; may be empty.
    """

    def __init__(
        self,
        project: Path | None = None,
        boxes: Boxes | None = None,
        scaling: float | None = None,
        warning: str = "",
    ) -> None:
        be_sharp()
        own_taskbar_button()
        self.root = tk.Tk(className="DeepImageTranslator")
        self.root.withdraw()
        self.root.report_callback_exception = self._unexpected
        self.settings = Settings(paths.settings_file())
        self.theme = Theme(self.root, self.settings.get("palette", "dark"), scaling)
        use_common_keys(self.root)
        self._icons = [
            ImageTk.PhotoImage(draw_mark(side, self.theme.palette), master=self.root)
            for side in (16, 32, 64)
        ]
        self.root.iconphoto(True, *self._icons)  # type: ignore[arg-type]
        sharp_icon(self.root)
        self.client = WorkerClient(paths.log_folder() / "engine.log")
        self.session = Session(self.client, self.settings)
        self.kept = KeptProject(self.session.project, self.session.background)
        self.boxes = boxes or system_boxes(self.root)
        self.window = MainWindow(self.root, self.session, self.boxes, self.leave)
        self.window.pack(fill="both", expand=True)
        self._place()
        self.root.protocol("WM_DELETE_WINDOW", self.leave)
        self.root.protocol("WM_SAVE_YOURSELF", self.leave_at_once)  # Windows ends the session
        self.root.deiconify()
        self._closed = False
        self._leaving = False
        self._leave_at_once = False
        self._telling = False
        self._ticking = self.root.after(TICK_MS, self._tick)
        self._watching = self.root.after(_LEAVE_MS, self._watch)
        # The window appears before the worker starts to load TensorFlow.
        self._starting = self.root.after(1, self._start, project, warning)

    def run(self) -> None:
        """Run the event loop until the window is closed."""
        self.root.mainloop()

    def leave(self) -> None:
        """Close; asks first if a job is running or the project has unsaved changes."""
        jobs = self.session.jobs
        if jobs.kind == "training":
            question = (
                "A training is running. Every completed epoch is kept, and the training can be "
                "resumed. If you let this epoch finish, the project is saved too, and nothing is "
                "asked then."
            )
            answers = ("Finish this epoch, then close", "Stop now and close", "Cancel")
            answer = self.boxes.choose("Close while training?", question, answers)
            if answer == 0 and jobs.kind:  # it may have ended meanwhile
                jobs.finish_early()
                self._leaving = True
                return
            if answer == len(answers) - 1:
                return
        elif jobs.kind == STUDY:
            question = (
                "A study is running. What is done and every completed epoch are kept; run the "
                "study again later, and it goes on."
            )
            stop = ("Stop now and close", "Cancel")
            if self.boxes.choose("Close while a study runs?", question, stop) != 0:
                return
        elif jobs.kind:
            question = f"The {jobs.kind} is still running. Stop it and close?"
            if not self.boxes.yes("Close?", question):
                return
        if self.window.actions.file.may_drop_changes():
            self.close()

    def leave_soon(self, *_signal: object) -> None:
        """Call ``leave_at_once`` within 0.1 s; for signal handlers."""
        self._leave_at_once = True

    def leave_at_once(self) -> None:
        """Close without asking, for the end of the desktop session or a signal.

        A training can be resumed after its last completed epoch. Unsaved changes are written into
        the user's folder.
        """
        if self._closed:
            return
        self._keep_and_close()

    def _keep_and_close(self, run_dir: Path | None = None) -> None:
        try:
            self.session.project.keep(run_dir)
        except UserError as error:
            _LOG.warning("The unsaved project could not be kept: %s", error)
            self.kept.leave()
        finally:
            self.close()

    def close(self) -> None:
        """Close at once."""
        if self._closed:
            return
        self._closed = True
        for call in (self._starting, self._ticking, self._watching):
            self.root.after_cancel(call)  # Tcl would print an error for each that is still to come
        try:
            self.settings.set("geometry", self.root.geometry())
            self.window.actions.places.save()
            self.kept.forget()
            self.session.close()
        finally:  # whatever happened: a window that stays open could not be closed any more
            self.root.destroy()

    def _start(self, project: Path | None, warning: str = "") -> None:
        self.client.start()
        self.session.project.sweep(paths.user_folder(), unsaved_projects())
        self.session.viewer.show()
        if warning:
            self.boxes.inform("Settings cannot be kept", warning)
        if self._closed:
            return
        if project is not None:
            self.session.loader.open(project)
        else:
            self._offer_left()

    def _offer_left(self) -> None:
        """Offer the changes of a window that was closed without asking, or died."""
        left = to_offer()
        if left is None:
            return
        question = (
            "A project was not saved before the program was closed. Open it? Its trainings can be "
            f"resumed. Later you find it in {left.parent}."
        )
        if self.boxes.choose("Unsaved project", question, ("Open", "Not now")) == 0:
            self.session.loader.open(left)

    def _tick(self) -> None:
        # A box that opens in a tick waits for its answer inside it. The next ticks go on meanwhile,
        # or the pipe would fill up and a training would stand still until somebody answers.
        self._ticking = self.root.after(TICK_MS, self._tick)
        if self._leave_at_once:
            return  # a log-off ends the worker as well: nothing to tell
        try:
            self.session.tick()
            self.kept.tick()
        except UserError as error:
            self._tell(error)
        if self._leaving and not self.session.jobs.kind and not self._closed:
            self._leaving = False
            self._keep_and_close(self.session.jobs.monitor.run_dir)

    def _tell(self, error: UserError) -> None:
        """Show an error of a tick."""
        text = remedies.all_sentences(error.problems)
        if not self._show_alone(lambda: self.boxes.show_problem(text)):
            _LOG.warning(text)

    def _show_alone(self, show: Callable[[], object]) -> bool:
        """Show an error unless one is shown already, as ticks go on under its box.

        Returns:
            Whether it was shown.
        """
        if self._telling or self._closed:
            return False
        self._telling = True
        try:
            show()
        finally:
            self._telling = False
        return True

    def _watch(self) -> None:
        """Leave if a signal came; on its own, since a tick may be long."""
        if self._leave_at_once:
            self.leave_at_once()
        else:
            self._watching = self.root.after(_LEAVE_MS, self._watch)

    def _place(self) -> None:
        px = self.theme.px
        screen = self.root.winfo_screenwidth(), self.root.winfo_screenheight()
        width = min(px(1320), int(screen[0] * 0.94))
        height = min(px(760), int(screen[1] * 0.86))
        # A title bar and a task bar need room as well, also on a small screen at 200 per cent.
        self.root.minsize(*(min(px(n), s) for n, s in zip(_SMALLEST, (width, height), strict=True)))
        self.root.geometry(f"{width}x{height}")
        restore(self.root, self.settings.get("geometry"))

    def _unexpected(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Handle an exception of a Tk callback: log and show it."""
        if self._closed and isinstance(error, tk.TclError | UserError):
            return  # an action that waited for an answer when the window was closed
        if isinstance(error, UserError):
            self.boxes.show_problem(remedies.all_sentences(error.problems))
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        _LOG.error(details)
        text = (
            f"An unexpected error occurred ({kind.__name__}: {error}). Your work is kept. The "
            "details are also in the log (Help > Open log folder)."
        )
        self._show_alone(lambda: self.boxes.fail("Unexpected error", text, details))


def run(project: Path | None = None) -> int:
    """Open the window; returns the exit status after it was closed."""
    try:
        warning = paths.use_writable_user_folder()
    except OSError as error:
        print(f"There is no folder for settings and temporary files ({error}).", file=sys.stderr)
        return 2
    log_to_file()
    try:
        app = App(project, warning=warning)
    except tk.TclError as error:
        message = f"The window cannot open ({error}). Start it on a computer with a screen, or use "
        print(f"{message}a command instead, see --help.", file=sys.stderr)
        return 2
    end_at_signals(app)
    app.run()
    _end_threads()
    return 0


def end_at_signals(app: App) -> None:
    """Close at Ctrl+C in the console, log-off and kill, from the next callback on."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), app.leave_soon)


def _end_threads() -> None:
    """End the process soon, even if a thread still waits for a file, say on a lost network drive.

    Nothing is lost: results of threads are no longer delivered, and files appear when complete.
    """
    timer = threading.Timer(_THREADS_END, os._exit, [0])
    timer.daemon = True
    timer.start()


def log_to_file() -> None:
    """Log this program's warnings and errors to a file of limited size."""
    place = paths.log_folder() / "window.log"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            place, maxBytes=500_000, backupCount=1, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        _LOG.warning("%s cannot be written (%s)", place, error.strerror)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger().addHandler(without_others(handler))
