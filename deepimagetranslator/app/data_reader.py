"""Reading all files of a project in the background: how far it is, stopping it, what it found."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data.dataset import Dataset, Matched
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.messages.events import Event, FilesRead
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl

Found = tuple[Dataset | None, Matched, list[Problem]]


class DataReader:
    """Reads and checks all files of a project; a new reading stops the one before.

    Args:
        background: its thread.
        found: called in the window's thread with what ``examine`` returned.
        failed: called with an unexpected error.

    Attributes:
        running: whether files are being read.
        complete: whether the last reading came to its end.
        done, count: pairs read, and of how many; both 0 before the first is read.
        record: where what the last reading found is kept; None before the first.
    """

    def __init__(
        self,
        background: Background,
        found: Callable[[Found], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._background = background
        self._found = found
        self._failed = failed
        self._control = JobControl()
        self._began = 0.0
        self._told = 0
        self.running = False
        self.complete = False
        self.done = self.count = 0
        self.record: Path | None = None

    def start(self, specs: Specs, folder: Path, record: Path) -> None:
        """Read the files of these choices.

        Args:
            specs: the choices.
            folder: where runs will lie.
            record: where what is found is kept for a training.
        """
        self.stop()
        self.record = record
        control = self._control = JobControl()
        self._began = time.monotonic()
        self.running, self.complete = True, False

        def report(event: Event) -> None:
            # From the thread: two plain numbers, which the window reads when it has time.
            if isinstance(event, FilesRead) and control is self._control:
                self.done, self.count = event.done, event.count

        self._background.run(
            "examine",
            lambda: examine(specs, report, control, folder, record),
            self._ended,
            self._broke,
        )

    def stop(self) -> None:
        """End the reading; what it found is lost."""
        self._control.cancel.set()
        self.running = self.complete = False
        self.done = self.count = self._told = 0

    def moved(self) -> bool:
        """Whether more files were read since this was last asked."""
        moved = self.running and self.done != self._told
        self._told = self.done
        return moved

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take; None while that cannot be said."""
        passed = time.monotonic() - self._began
        if not self.running or not self.done or passed < 1:
            return None
        return passed * (self.count - self.done) / self.done

    @property
    def status(self) -> str:
        """How far it is, in words; empty if it does not run or is about to end."""
        if self.seconds_left is None:
            return ""
        return f"Checking the images {self.done}/{self.count}"

    def _ended(self, found: Found) -> None:
        if self._control.cancel.is_set():
            return
        self.running, self.complete = False, True
        self._found(found)

    def _broke(self, error: Exception) -> None:
        if isinstance(error, Cancelled) or self._control.cancel.is_set():
            return
        self.running = False
        self._failed(error)
