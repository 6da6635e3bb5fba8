"""Opens each kind of box over the window, ends the process's window by SIGTERM, and does it again.

A process of its own, since the signal goes to the whole process; see ``test_log_off``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.engine.worker_client import WorkerClient
from deepimagetranslator.app.project_state import unsaved_projects
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.gui.app import App, end_at_signals

FOLDER = str(Path(__file__).parent)
ANY = (("All files", "*"),)


def fail_in_tick(app: App) -> None:
    """An error that is told inside a tick, as that of a dead engine is."""

    def tick() -> None:
        raise UserError("The disk is full.")

    app.session.tick = tick  # type: ignore[method-assign]


def unsaved(app: App) -> None:
    """The question that Exit asks."""
    app.session.project.changed = True
    app.leave()


def offer_unsaved(app: App) -> None:
    """The question of the start after a window that died."""
    save_project(Project(), unsaved_projects() / "2026-11-28_10-00-00-7.json")
    app._start(None)


KINDS: tuple[Callable[[App], object], ...] = (
    fail_in_tick,
    unsaved,
    offer_unsaved,
    lambda app: app._start(None, "The folder cannot be written."),
    lambda app: app.boxes.fail("Training failed", "The disk is full.", "details"),
    lambda app: app.boxes.open_files("Load", FOLDER),
    lambda app: app.boxes.folder("Folder", FOLDER),
    lambda app: app.boxes.save_file("Save", FOLDER, "a.json", ANY),
    lambda app: app.boxes.colour("Colour", "#ff0000"),
    lambda app: app.window.actions.model.set_training(),
)


def shown(app: App) -> bool:
    """Whether another window than the main one is visible."""
    return len(app.root.tk.splitlist(app.root.tk.call("wm", "stackorder", "."))) > 1


def end_with_open_box(opens: Callable[[App], object]) -> None:
    """Open a window with a box, and send the signal as soon as the box is seen."""
    app = App(scaling=1.0)
    end_at_signals(app)

    def look() -> None:
        if shown(app):
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            app.root.after(5, look)

    app.root.after(5, look)
    app.root.after(20, opens, app)
    app.run()


def main() -> None:
    """Every kind in turn, each in a home of its own."""
    WorkerClient.start = lambda _self: None  # type: ignore[method-assign]
    home = Path(os.environ["DEEPIMAGETRANSLATOR_HOME"])
    for number, opens in enumerate(KINDS):
        print(number, flush=True)
        os.environ["DEEPIMAGETRANSLATOR_HOME"] = str(home / str(number))
        end_with_open_box(opens)
    print("ended", flush=True)


if __name__ == "__main__":
    main()
    sys.exit(0)
