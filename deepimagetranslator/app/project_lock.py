"""A lock per project: two windows would overwrite each other's changes."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import IO

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import paths


class ProjectLock:
    """Locks at most one project at a time.

    The operating system releases the lock when the process ends, even after a crash. The lock file
    is in the user's folder, since the project's own folder may be read-only or shared.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._path: Path | None = None

    def take(self, project: Path) -> None:
        """Lock this project and release the previous one.

        Raises:
            UserError: another window of this user has locked it; the previous lock is kept.
        """
        path = _lock_path(project)
        if path == self._path:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("ab")
        except OSError:
            return  # work goes on without a lock if the home folder is not writable
        try:
            _lock(file)
        except OSError:
            file.close()
            raise UserError(
                f"{project} is open in another window of this program; use that one, or close it "
                "first."
            ) from None
        self.release()
        self._file, self._path = file, path

    def release(self) -> None:
        """Release the lock."""
        if self._file is not None:
            self._file.close()
        self._file = self._path = None


def _lock_path(project: Path) -> Path:
    name = os.path.normcase(os.path.realpath(project))
    return paths.user_folder() / "locks" / hashlib.sha256(os.fsencode(name)).hexdigest()[:32]


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
