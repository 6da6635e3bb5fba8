"""What the window tells or asks by itself: problems, DICOM series, how a job ended."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.events import JobEnded, ProblemOccurred, SeveralSeriesFound
from deepimagetranslator.app.session import Session
from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.messages.events import JobFailed, WorkerDied
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.system_dialogs import Boxes

_LOG = logging.getLogger(__name__)


class Notices:
    """Listens to a session and shows what the user must know.

    Args:
        root: of the window.
        session: tells.
        boxes: message boxes.
        resume: goes on with the last training.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, resume: Callable[[], object]
    ) -> None:
        self._root = root
        self._jobs = session.jobs
        self._boxes = boxes
        self._resume = resume
        session.bus.subscribe(ProblemOccurred, self._on_problem)
        session.bus.subscribe(SeveralSeriesFound, self._on_series)
        session.bus.subscribe(JobEnded, self._on_job_ended)

    def _on_problem(self, change: ProblemOccurred) -> None:
        self._boxes.show_problem(remedies.all_told(change.problems) or change.text)

    def _on_series(self, change: SeveralSeriesFound) -> None:
        from deepimagetranslator.gui.dialogs.series_dialog import SeriesDialog  # noqa: PLC0415

        SeriesDialog(self._root, change.series, on_ok=change.go_on)

    def _on_job_ended(self, change: JobEnded) -> None:
        if isinstance(change.event, JobFailed):
            self._job_failed(change.kind, change.event)
        elif isinstance(change.event, WorkerDied):
            self._worker_died(change.kind, change.event)

    def _job_failed(self, kind: str, event: JobFailed) -> None:
        text = remedies.all_told(event.problems)
        if event.kind != "user":
            _LOG.warning("%s failed: %s", kind, event.details)
            text = f"Something unexpected happened. {event.message}"
        self._boxes.fail(f"The {kind} ended", text or event.message, event.details)

    def _worker_died(self, kind: str, event: WorkerDied) -> None:
        _LOG.warning("The engine ended with %s: %s", event.exit_code, event.log)
        run_dir = self._jobs.monitor.run_dir if kind == "training" else None
        if run_dir is not None and RunFolder(run_dir).last.exists():
            question = (
                "The engine ended by itself in mid-training. Every whole epoch is kept. Resume "
                "the training now?"
            )
            if self._boxes.yes("The engine ended", question):
                self._boxes.guarded(self._resume)()
            return
        message = (
            "The engine ended by itself; it is started again with the next job. If it ends before "
            "it is ready each time: it needs a 64-bit processor with AVX. Help > Open log folder "
            "shows its last words."
        )
        self._boxes.fail("The engine ended", message, event.log)
