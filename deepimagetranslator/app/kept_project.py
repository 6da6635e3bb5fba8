"""Unsaved changes are kept in the user's folder, and offered at the next start.

Two kinds of files lie there: those of a window that was closed without asking, at log-off, and
those that a window writes now and then, which are left only if it dies.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.project_lock import ProjectLock
from deepimagetranslator.app.project_state import ProjectState, unsaved_projects
from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.config.project import Project, save_project
from deepimagetranslator.core.errors import UserError

SECONDS = 20.0
"""From a change until it is kept."""
_OFFERED = "offered project"
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
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
            self.leave()

    def leave(self) -> None:
        """Leave the file for the next start."""
        self._path = None
        self._lock.release()

    def _keep(self) -> None:
        if self._path is None:
            name = f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{os.getpid()}.json"
            self._path = unsaved_projects() / name
            with suppress(UserError):
                self._lock.take(self._path)  # another window does not offer it
        path, self._kept = self._path, self._project.contents
        contents = self._project.to_write(path)
        self._background.run(
            "keep project", partial(save_project, contents, path), _nothing, _nothing
        )


def to_offer(settings: Settings) -> Path | None:
    """The newest project that was left and has not been offered yet; it counts as offered now."""
    left = sorted(path for path in unsaved_projects().glob("*.json") if _NAME.fullmatch(path.name))
    for path in reversed(left):
        if path.name <= settings.get(_OFFERED):
            return None
        lock = ProjectLock()
        try:
            lock.take(path)
        except UserError:  # the file of another window
            continue
        lock.release()
        settings.set(_OFFERED, path.name)
        return path
    return None


def _nothing(_result: object) -> None:
    """It is tried again after the next change."""
