"""Messages and questions that the session triggers: errors, DICOM series, failed jobs."""

from __future__ import annotations

import logging
import tkinter as tk
from collections.abc import Callable, Mapping, Sequence

from deepimagetranslator.app.events import JobEnded, ProblemOccurred, SeveralSeriesFound
from deepimagetranslator.app.jobs import STUDY_KINDS
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.training.phase import Phase
from deepimagetranslator.core.errors import Problem, Repair
from deepimagetranslator.core.messages.events import JobFailed, WorkerDied
from deepimagetranslator.gui import remedies
from deepimagetranslator.gui.system_dialogs import Boxes

_LOG = logging.getLogger(__name__)


class Notices:
    """Subscribes to a session's changes and shows those that concern the user.

    Args:
        root: the root window.
        session: publishes the changes.
        boxes: message boxes.
        show_monitor: opens the training monitor, which offers to resume a training.
        show_study: opens the view of the open study, which offers to run it again.
        again: by the kind of a job, starts the last one anew with the settings of a repair.
    """

    def __init__(
        self,
        root: tk.Tk,
        session: Session,
        boxes: Boxes,
        show_monitor: Callable[[], object],
        show_study: Callable[[], object],
        again: Mapping[str, Callable[[Repair], object]],
    ) -> None:
        self._root = root
        self._jobs = session.jobs
        self._boxes = boxes
        self._show_monitor, self._show_study = show_monitor, show_study
        self._again = again
        session.bus.subscribe(ProblemOccurred, self._on_problem)
        session.bus.subscribe(SeveralSeriesFound, self._on_series)
        session.bus.subscribe(JobEnded, self._on_job_ended)

    def _on_problem(self, change: ProblemOccurred) -> None:
        text = remedies.all_sentences(change.problems) or change.text
        self._boxes.show_problem(text, change.action)

    def _on_series(self, change: SeveralSeriesFound) -> None:
        from deepimagetranslator.gui.dialogs.series_dialog import SeriesDialog  # noqa: PLC0415

        SeriesDialog(self._root, change.series, on_ok=change.go_on)

    def _on_job_ended(self, change: JobEnded) -> None:
        if isinstance(change.event, JobFailed):
            self._job_failed(change.kind, change.event)
        elif isinstance(change.event, WorkerDied):
            self._worker_died(change.kind, change.event)

    def _job_failed(self, kind: str, event: JobFailed) -> None:
        text = remedies.all_sentences(event.problems)
        if event.kind != "user":
            _LOG.warning("%s failed: %s", kind, event.details)
            text = f"An unexpected error occurred. {event.message}"
        if self._monitor_tells(kind):
            return
        if self._offers_repair(kind, event.problems, text):
            return
        self._boxes.fail(f"{kind.capitalize()} failed", text or event.message, event.details)

    def _worker_died(self, kind: str, event: WorkerDied) -> None:
        _LOG.warning("The worker process ended with exit code %s: %s", event.exit_code, event.log)
        if self._monitor_tells(kind):
            return
        problems = self._jobs.short_of_memory(event.log) if kind == "training" else ()
        likely = "The process that runs TensorFlow stopped, probably because memory was short."
        if self._offers_repair(kind, problems, f"{likely}\n{remedies.all_sentences(problems)}"):
            return
        message = (
            "The process that runs TensorFlow stopped unexpectedly. The next job starts it again. "
            "If it stops each time while TensorFlow is loading: TensorFlow needs a 64-bit "
            "processor with AVX. The log is in Help > Open log folder."
        )
        self._boxes.fail("TensorFlow stopped", message, event.log)

    def _offers_repair(self, kind: str, problems: Sequence[Problem], text: str) -> bool:
        """Ask whether to start a job again with the settings of a problem's repair.

        Returns:
            Whether there is such a repair.
        """
        repair = next((problem.repair for problem in problems if problem.repair), None)
        if repair is None or kind not in self._again:
            return False
        if self._boxes.choose(f"{kind.capitalize()} failed", text, (repair.label, "Close")) == 0:
            again = self._again[kind]
            self._root.after_idle(self._boxes.guarded(lambda: again(repair), repair.label))
        return True

    def _monitor_tells(self, kind: str) -> bool:
        """Show, instead of a box, the monitor if it offers to resume or the user stopped the
        training, or the view of the study whose job it was; it tells what happened."""
        if kind in STUDY_KINDS:
            self._show_study()
            return True
        monitor = self._jobs.monitor
        if kind != "training" or not (monitor.may_resume or monitor.phase is Phase.CANCELLED):
            return False
        self._show_monitor()
        return True
