"""What files were when they were read, so that changes by other programs are noticed."""

from __future__ import annotations

from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system.backup import back_up
from deepimagetranslator.core.system.system_path import Stamp, file_stamp


class ChangedMeanwhileError(UserError):
    """Another program has changed a file since it was read."""


class Stamps:
    """The stamps of files when this process last read or wrote them."""

    def __init__(self) -> None:
        self._stamps: dict[str, Stamp | None] = {}

    def note(self, path: Path, stamp: Stamp | None) -> None:
        """Note what a file is now; None if it does not exist."""
        self._stamps[str(path)] = stamp

    def require_own(self, path: Path, anyway: bool) -> None:
        """Refuse to replace a file that another program has changed.

        Args:
            path: the file.
            anyway: make a copy (.bak) of it instead.

        Raises:
            ChangedMeanwhileError: another program has changed it.
            WriteError: the copy cannot be written.
        """
        key, now = str(path), file_stamp(path)
        if key not in self._stamps or self._stamps[key] == now or now is None:
            return
        if not anyway:
            raise ChangedMeanwhileError(
                f"Another program has changed {path} since it was read; keep what you painted (a "
                "copy of the file is made), or take over the file."
            )
        back_up(path)
