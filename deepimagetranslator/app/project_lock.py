"""A lock per project: two windows would overwrite each other's changes."""

from __future__ import annotations

from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.lock import FileLock, HeldError, user_lock


class ProjectLock:
    """Locks at most one project at a time.

    The lock file is in the user's folder, since the project's own folder may be read-only or
    shared.
    """

    def __init__(self) -> None:
        self._held: FileLock | None = None

    def take(self, project: Path) -> None:
        """Lock this project and release the previous one.

        Raises:
            UserError: another window of this user has locked it; the previous lock is kept.
        """
        lock = user_lock(project)
        if self._held is not None and self._held.path == lock.path:
            return
        try:
            lock.take()
        except OSError:
            return  # work goes on without a lock if the home folder is not writable
        except HeldError:
            raise UserError(
                f"{project} is open in another window of this program; use that one, or close it "
                "first."
            ) from None
        self.release()
        self._held = lock

    def release(self) -> None:
        """Release the lock."""
        if self._held is not None:
            self._held.release()
        self._held = None
