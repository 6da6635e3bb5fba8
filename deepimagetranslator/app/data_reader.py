"""Reads and checks all files of a project in the background, with progress and cancellation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.app.background import Background
from deepimagetranslator.core.checks.examination import examine
from deepimagetranslator.core.config.specs import Specs
from deepimagetranslator.core.data.dataset import Dataset, Matched
from deepimagetranslator.core.data.suggestions import NOTHING_SEEN, SeenTargets
from deepimagetranslator.core.errors import Problem
from deepimagetranslator.core.messages.events import Event, FilesRead
from deepimagetranslator.core.messages.job_control import Cancelled, JobControl


@dataclass(frozen=True)
class Found:
    """What a reading found.

    Attributes:
        dataset: the data set; None if it cannot be built.
        matched: the pairs.
        problems: the findings.
        targets: what is known of the training targets.
    """

    dataset: Dataset | None
    matched: Matched
    problems: tuple[Problem, ...]
    targets: SeenTargets


class DataReader:
    """Reads and checks all files of a project; a new start cancels the previous one.

    Args:
        background: provides the thread.
        found: called in the window's thread with what was found.
        failed: called in the window's thread with an unexpected error.

    Attributes:
        running: whether files are being read.
        complete: whether the last reading was completed.
        done: the number of pairs that have been read.
        count: the number of all pairs; 0 before the first pair is read.
        record: the file with the record of the last reading; None before the first reading.
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
        self._reported = 0
        self.running = False
        self.complete = False
        self.done = self.count = 0
        self.record: Path | None = None

    def start(self, specs: Specs, folder: Path, record: Path) -> None:
        """Read the files of these specs.

        Args:
            specs: they name the files.
            folder: the folder for runs; its free disk space is checked.
            record: the file for the record of the reading, which a training uses.
        """
        self.stop()
        self.record = record
        control = self._control = JobControl()
        self._began = time.monotonic()
        self.running, self.complete = True, False

        def report(event: Event) -> None:
            # Called in the thread: it only sets two numbers, which the window polls.
            if isinstance(event, FilesRead) and control is self._control:
                self.done, self.count = event.done, event.count

        def work() -> Found:
            seen = [NOTHING_SEEN]
            dataset, matched, problems = examine(
                specs, report, control, folder, record, seen.append
            )
            return Found(dataset, matched, tuple(problems), seen[-1])

        self._background.run("examine", work, self._ended, self._broke)

    def stop(self) -> None:
        """Cancel the reading; its findings are discarded."""
        self._control.cancel.set()
        self.running = self.complete = False
        self.done = self.count = self._reported = 0

    def moved(self) -> bool:
        """Whether more files have been read since the last call."""
        moved = self.running and self.done != self._reported
        self._reported = self.done
        return moved

    @property
    def seconds_left(self) -> float | None:
        """The estimated remaining time in seconds; None while there is no estimate."""
        passed = time.monotonic() - self._began
        if not self.running or not self.done or passed < 1:
            return None
        return passed * (self.count - self.done) / self.done

    @property
    def status(self) -> str:
        """The progress for the status bar; empty while there is no estimate of the time left."""
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
