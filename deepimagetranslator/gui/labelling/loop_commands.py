"""What the user can do with all images while labels are painted: next, drafts, training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.jobs import DRAFTS
from deepimagetranslator.app.labelling.changes import LabellingNoticed, RoundBegan
from deepimagetranslator.app.session import Session
from deepimagetranslator.core.errors import FEW
from deepimagetranslator.gui.system_dialogs import Boxes

_JOBS = {"training": "training", DRAFTS: "drafting"}


class LoopCommands:
    """Actions of the loop, whose errors are shown in boxes.

    Args:
        session: the state.
        boxes: message boxes and pickers.
        show_monitor: opens the training monitor.
        paint: enters the mode.
    """

    def __init__(
        self,
        session: Session,
        boxes: Boxes,
        show_monitor: Callable[[], object],
        paint: Callable[[], object],
    ) -> None:
        self._session, self._boxes, self._paint = session, boxes, paint
        self._show_monitor = show_monitor
        labelling = self._labelling = session.labelling
        self.next = boxes.guarded(labelling.proposals.next, "Next image")
        self.least_sure = boxes.guarded(labelling.proposals.least_sure, "Next image")
        self.train = boxes.guarded(labelling.rounds.train, "Train again")
        self.draft = boxes.guarded(labelling.drafting.start, "Draft the rest")
        self.stop = boxes.guarded(session.jobs.stop, "Stop")
        session.bus.subscribe(RoundBegan, self._on_round)

    @property
    def busy(self) -> bool:
        """Whether a job is running or being prepared, so that no other can begin."""
        return bool(self._session.jobs.kind) or self._labelling.rounds.preparing

    @property
    def job(self) -> str:
        """What the engine does of the loop; empty if nothing, or it was asked to stop."""
        jobs = self._session.jobs
        return "" if jobs.stopping else _JOBS.get(jobs.kind, "")

    def done_and_next(self) -> None:
        """Mark the image in view as done, then show the next one."""
        self._labelling.editing.mark_done(self._labelling.proposals.next)

    def load(self, folder: Path | None = None) -> None:
        """Load images without targets, and paint on them.

        Args:
            folder: it; None asks for it.
        """
        settings = self._session.settings
        if folder is None:
            folder = self._boxes.folder("Folder of images to label", settings.folder("to label"))
        if folder is not None:
            settings.used_folder("to label", folder)
            enter = self._boxes.guarded(self._enter, "Paint labels")
            self._session.loader.load_to_label(folder, enter)

    def _enter(self) -> None:
        if not self._labelling.active:
            self._paint()

    def _on_round(self, change: RoundBegan) -> None:
        self._show_monitor()
        self._session.bus.publish(LabellingNoticed(" ".join(change.sentences)))
        if change.left_out:
            few, more = change.left_out[:FEW], len(change.left_out) - FEW
            lines = [*few, *([f"{more} more were left out."] if more > 0 else [])]
            self._boxes.inform("Train again", "\n".join(lines))
