"""Train again on the done images, while one goes on painting; then draft the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from deepimagetranslator.app.events import Bus, JobEnded
from deepimagetranslator.app.jobs import Jobs
from deepimagetranslator.app.labelling.changes import (
    LabellingChanged,
    LabellingNoticed,
    RoundBegan,
    StatesChanged,
)
from deepimagetranslator.app.labelling.drafting import Drafting
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.project_images import ProjectImages
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.labelling.loop.corrections import Corrections, corrections
from deepimagetranslator.core.labelling.loop.newest import newest_weights
from deepimagetranslator.core.labelling.loop.round_record import is_round
from deepimagetranslator.core.labelling.loop.schedule import CONTINUES
from deepimagetranslator.core.labelling.loop.train_again import (
    NextTraining,
    division_of,
    next_training,
)
from deepimagetranslator.core.labelling.loop.validation import LEAST_IMAGES, Division
from deepimagetranslator.core.labelling.record import DONE
from deepimagetranslator.core.messages.events import JobFinished
from deepimagetranslator.core.runs.run_folder import new_run_dir

_SHOWN_ROUNDS = 4
_PREPARING = "Copying the done label maps for the training..."


class Rounds:
    """The trainings of the loop.

    Args:
        project: is trained.
        jobs: trains.
        images: all images.
        drafting: drafts the others after a training.
        bus: gets the changes.
        opened: returns the label maps; None while the mode is off.

    Attributes:
        continues: whether the next training begins from the newest weights, not from scratch.
        preparing: whether the label maps for a training are being copied.
    """

    def __init__(
        self,
        project: ProjectState,
        jobs: Jobs,
        images: ProjectImages,
        drafting: Drafting,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
    ) -> None:
        self._project, self._jobs, self._images = project, jobs, images
        self._drafting, self._bus, self._opened = drafting, bus, opened
        self.continues = CONTINUES
        self.preparing = False
        self._draft_next = False
        bus.subscribe(JobEnded, self._on_end)

    @property
    def may_continue(self) -> bool:
        """Whether there are weights to begin from."""
        opened, project = self._opened(), self._project
        return (
            opened is not None
            and newest_weights(project.path, project.contents, opened.store) is not None
        )

    def train(self) -> None:
        """Train on a copy of the done label maps as they are now.

        Raises:
            UserError: a job is running already.
        """
        opened, project = self._opened(), self._project
        if opened is None or self.preparing:
            return
        self._jobs.require_none()
        self.preparing = True
        self._bus.publish(LabellingNoticed(_PREPARING))
        contents, path, store = project.contents, project.path, opened.store
        run_dir, continued = new_run_dir(project.runs_home), self.continues
        begun: list[NextTraining] = []

        def prepare() -> None:
            made = next_training(contents, path, store, run_dir, continued=continued)
            begun.append(made)

        def prepared(error: Exception | None) -> None:
            self.preparing = False
            self._bus.publish(LabellingNoticed(""))
            if error is not None:
                self._bus.publish_error(error, "Train again")
            else:
                self._begin(begun[0])
            self._bus.publish(LabellingChanged())

        opened.autosave.do(prepare, prepared)

    def _begin(self, begun: NextTraining) -> None:
        try:
            self._jobs.train_prepared(begun.project, begun.run_dir, begun.start_weights)
        except UserError as error:  # another job began meanwhile
            self._bus.publish_error(error, "Train again")
            return
        sentences = begun.sentences[0], *begun.notes
        self._bus.publish(RoundBegan(sentences, tuple(one.message for one in begun.left_out)))
        self._bus.publish(StatesChanged())

    def _on_end(self, change: JobEnded) -> None:
        run_dir = self._jobs.monitor.run_dir
        if change.kind == "training" and run_dir in self._project.runs and is_round(run_dir):
            self._draft_next = isinstance(change.event, JobFinished)

    def tick(self) -> None:
        """Draft the images that are not begun after a training of the loop; call it often."""
        if self._draft_next and not self._jobs.kind:
            self._draft_next = False
            with suppress(UserError):  # nothing is left to draft
                self._drafting.start()

    def forget(self) -> None:
        """Another project is open: drafts that were to be made are not of its images."""
        self._draft_next = False

    # ---- what is known ---------------------------------------------------------------------

    @property
    def validation(self) -> str:
        """What validates in the next training, in a few words; empty while none is done."""
        opened = self._opened()
        own = {pair.input for pair in self._project.matched.val}
        done = [one for one in self._images.all() if one.state == DONE and one.image not in own]
        if opened is None or not done:
            return ""
        return _words(division_of(done, own, opened.store), len({one.person for one in done}))

    @property
    def corrected(self) -> tuple[Corrections, ...]:
        """How much was corrected in the drafts of the last rounds, oldest first."""
        opened = self._opened()
        return () if opened is None else tuple(corrections(opened.store)[-_SHOWN_ROUNDS:])


def _words(division: Division, persons: int) -> str:
    """What validates, shorter than the sentence of the division."""
    count, of = len(division.val), len(division.val) + len(division.train)
    match division.kind:
        case "own":
            return "Validation: the project's own images"
        case "persons":
            return f"Validation: whole persons ({count} of {of} images)"
        case "images":
            same = "same persons" if persons > 1 else "same person"
            return f"Validation: {count} of {of} done images; {same}, optimistic"
        case "none":
            return f"No validation with fewer than {LEAST_IMAGES} done images"
