"""Unsaved changes are kept in the user's folder, and offered at the next start.

Two kinds of files lie there: those of a window that was closed without asking, at log-off, and
those that a window writes now and then, which are left only if it dies.
"""

from __future__ import annotations

import re
import time
from contextlib import suppress
from pathlib import Path
from threading import Event

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.app.project_state import (
    ProjectState,
    new_unsaved_project,
    unsaved_projects,
)
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.errors import UserError

SECONDS = 20.0
"""From a change, or a failed try, until it is kept."""
_OFFERED = ".offered"
_NAME = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d(-\d+)?\.json")


class KeptProject:
    """Writes the unsaved changes of a window's project now and then.

    Args:
        project: the project.
        background: writes in a thread.
    """

    def __init__(self, project: ProjectState, background: Background) -> None:
        self._project = project
        self._background = background
        self._lock = ProjectLock()
        self._kept: Project | None = None
        self._path: Path | None = None
        self._unwanted = Event()
        self._due = 0.0

    def tick(self) -> None:
        """Write the project if it is due; call it often."""
        project, now = self._project, time.monotonic()
        if not project.changed:
            self.forget()
        elif project.contents is self._kept:
            self._due = 0.0
        elif not self._due:
            self._due = now + SECONDS
        elif now >= self._due:
            self._due = 0.0
            self._keep()

    def forget(self) -> None:
        """Delete the file: the changes were saved, or the user does not want them."""
        self._kept, self._due = None, 0.0
        if self._path is not None:
            self._unwanted.set()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self.leave()

    def leave(self) -> None:
        """Leave the file for the next start."""
        self._path = None
        self._lock.release()

    def _keep(self) -> None:
        if self._path is None:
            self._path, self._unwanted = new_unsaved_project(), Event()
            with suppress(UserError):
                self._lock.take(self._path)  # another window does not offer it
        path, unwanted, self._kept = self._path, self._unwanted, self._project.contents
        contents = self._project.to_write(path)

        def write() -> None:
            save_project(contents, path)
            if unwanted.is_set():  # the file was deleted while this one was being written
                path.unlink(missing_ok=True)

        self._background.run("keep project", write, lambda _: None, self._try_again)

    def _try_again(self, _error: Exception) -> None:
        self._kept = None


def to_offer() -> Path | None:
    """The newest project that was left and has not been offered yet; it counts as offered now."""
    left = sorted(path for path in unsaved_projects().glob("*.json") if _NAME.fullmatch(path.name))
    return next((path for path in reversed(left) if _take_to_offer(path)), None)


def _take_to_offer(path: Path) -> bool:
    """Mark a project as offered; False if it was offered before, or its window is open."""
    lock = ProjectLock()
    try:
        lock.take(path)
        path.with_suffix(_OFFERED).touch(exist_ok=False)
    except (UserError, FileExistsError):
        return False
    except OSError:  # it is offered again at the next start
        return True
    finally:
        lock.release()
    return True
