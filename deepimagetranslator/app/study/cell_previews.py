"""Predictions of a study's training after each epoch, for the monitor that somebody looks at.

Without an open monitor none are made, so that a study takes no longer than its trainings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.study.study_state import StudyState
from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.app.training.validation_strip import ValidationStrip
from deepimagetranslator.core.config.project import load_project
from deepimagetranslator.core.data.pair_lists import matched
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.messages.events import PreviewReady
from deepimagetranslator.core.messages.requests import PreviewTranslation
from deepimagetranslator.core.study.plan import Cell, Plan, project_of_cell
from deepimagetranslator.core.study.study_folder import StudyFolder


class CellPreviews:
    """Shows watched images of one training as its network translates them.

    The classes of its label maps are not known here, so class numbers stay dark.

    Args:
        background: reads the images.
        send: sends a request to the worker.
        next_number: returns a new number for a request.
    """

    def __init__(
        self,
        background: Background,
        send: Callable[[PreviewTranslation], None],
        next_number: Callable[[], int],
    ) -> None:
        self._background, self._send, self._next_number = background, send, next_number
        self._monitor: MonitorState | None = None
        self._strip: ValidationStrip | None = None

    def show(self, state: StudyState, name: str, monitor: MonitorState) -> None:
        """Show what is kept of a training; if it is the running one, each further epoch too.

        Args:
            state: the study.
            name: the cell.
            monitor: the state of its monitor.
        """
        if monitor is self._monitor:
            return
        strip = ValidationStrip(monitor, self._background, self._send, self._next_number)
        show = strip.recall
        if name == state.current:
            self._monitor, self._strip, show = monitor, strip, strip.begin
        self._background.run(
            f"watched images of {name}",
            partial(_watched, state.plan, state.folder, state.cells[name].cell),
            show,
            lambda _error: None,  # the curves are shown all the same
        )

    def epoch_ended(self, monitor: MonitorState, epoch: int) -> None:
        """Request the predictions of an epoch if the training of this monitor is looked at."""
        if self._strip is not None and monitor is self._monitor:
            self._strip.ask(epoch)

    def take(self, event: PreviewReady) -> bool:
        """Handle a translated image; returns False if it was not requested here."""
        return self._strip is not None and self._strip.take(event)


def _watched(plan: Plan, folder: StudyFolder, cell: Cell) -> Sequence[ImagePair]:
    """The images whose loss is computed after each epoch."""
    project = project_of_cell(plan, cell, load_project(folder.project(cell.variation)))
    return matched(project.specs.data, "val")
