"""Files of a run that could not be written, and are tried again after each epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from deepimagetranslator.core.errors import Remedy, UserError
from deepimagetranslator.core.messages.events import LogLine, Report
from deepimagetranslator.core.runs.run_folder import RunFolder, new_run_dir
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import WriteError

Write = Callable[[RunFolder], None]

ORDER = ("checkpoint", "history", "state", "best checkpoint", "record")
"""The kinds of files of an epoch in the order of writing, on which ``core.runs.run_state``
relies: a checkpoint after the last state is deleted and written again; the checkpoint that a state
calls the best is there before it, and restores the file of the best one."""


class Unwritten:
    """The files of a run that are to be written; what cannot be written stays in memory.

    A full disk does not end a training: of each kind of file the newest is kept until there is
    space.
    """

    def __init__(self, run: RunFolder, report: Report) -> None:
        self._run, self._report = run, report
        self._waiting: dict[str, Write] = {}
        self._told = False

    def put(self, kind: str, write: Write) -> None:
        """Hand over a file, in the place of a waiting one of its kind.

        Args:
            kind: one of ``ORDER``.
            write: writes it into a run's folder; raises WriteError.
        """
        self._waiting[kind] = write

    def write(self) -> None:
        """Write what waits, and tell once if that cannot be done."""
        error = self._try(self._run)
        if error is None and self._told:
            self._report(LogLine("All files of the run could be written again; nothing is lost."))
        elif error is not None and not self._told:
            self._report(
                LogLine(
                    f"{error} The training goes on: what is missing is kept in memory, and tried "
                    "again after each epoch."
                )
            )
        self._told = error is not None

    def finish(self) -> WriteError | None:
        """Try for the last time; what still cannot be written is written elsewhere.

        Returns:
            None if everything is written, else a sentence that says where it is.
        """
        error = self._try(self._run)
        if error is None:
            return None
        missing = self._kinds()
        folders = self._rescue()
        text, remedy = str(error), None
        lost = self._kinds()
        saved = ", ".join(kind for kind in missing if kind not in lost)
        if saved:
            text += (
                f" What is missing ({saved}) is in {' and '.join(map(str, folders))}: move these "
                "files into the run's folder when there is space"
            )
            text += "." if lost else ", and the run is complete."
        if lost:
            text += (
                f" What is missing ({', '.join(lost)}) is lost; go on after the last epoch that "
                "was written."
            )
            remedy = Remedy(action="resume")
        return type(error)(text, remedy=remedy)

    def _rescue(self) -> list[Path]:
        """Write what waits into new folders elsewhere, in which nothing is overwritten.

        Returns:
            The folders with files; there are two if the first one has no space for all.
        """
        found = []
        for place in _places():
            if self._waiting:
                with suppress(UserError, OSError):
                    folder = new_run_dir(place)
                    self._try(RunFolder(folder))
                    if any(folder.iterdir()):
                        found.append(folder)
                    else:
                        folder.rmdir()
        return found

    def _kinds(self) -> list[str]:
        """The kinds of the files that wait."""
        return sorted(self._waiting, key=ORDER.index)

    def _try(self, run: RunFolder) -> WriteError | None:
        """Write what waits, until something cannot be written."""
        for kind in self._kinds():
            try:
                self._waiting[kind](run)
            except WriteError as error:
                return error
            del self._waiting[kind]
        return None


def _places() -> Iterator[Path]:
    """Where files of a run may be kept for a while."""
    yield paths.user_folder() / "rescued"
    with suppress(OSError):  # there may be no folder for temporary files
        yield Path(tempfile.gettempdir()) / "DeepImageTranslator-rescued"
