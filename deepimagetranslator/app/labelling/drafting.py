"""Drafts of a network: taken over one by one, or made of all images that are not begun."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepimagetranslator.app.events import Bus, JobEnded, JobProgressed
from deepimagetranslator.app.jobs import DRAFTS, Jobs
from deepimagetranslator.app.labelling.changes import (
    DraftsMade,
    LabellingChanged,
    LabellingNoticed,
    StatesChanged,
)
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.project_images import ProjectImages
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.loop.drafts import (
    Drafts,
    as_drafts,
    drafted_words,
    into_store,
    to_draft,
)
from deepimagetranslator.core.labelling.loop.newest import Newest, newest_weights, round_of
from deepimagetranslator.core.labelling.record import DraftRecord
from deepimagetranslator.core.messages.events import (
    ImageSkipped,
    ImageTranslated,
    JobCancelled,
    JobFinished,
)
from deepimagetranslator.core.messages.requests import TranslateImages
from deepimagetranslator.core.system.temporary import new_temporary_folder

NO_NETWORK = "There is no trained network yet; mark images as done, then train."
NO_CLASSES = "The network predicts values and no classes, so it makes no drafts."
ALL_BEGUN = "No image is left to draft: all are drafts or done."


@dataclass
class _Running:
    """The drafts that the engine makes.

    Attributes:
        opened: the label maps that get them.
        newest: the weights.
        folder: a temporary one for the translated images.
        drafts: takes them over; None before the first.
        skipped: reasons why images have no draft.
        waiting: images that are translated but not taken over yet.
        ended: whether the job has ended.
    """

    opened: OpenLabels
    newest: Newest
    folder: Path
    drafts: Drafts | None = None
    skipped: int = 0
    waiting: int = 0
    ended: bool = False

    def put(self, image: ImageRef, numbers: Classes, confidence: float | None) -> None:
        """Write a draft; the label maps may have been moved since the one before."""
        into_store(self.opened.store, self.newest.round_number)(image, numbers, confidence)


class Drafting:
    """Makes drafts, and notes those that were taken over, so that corrections are counted.

    Args:
        project: has the runs.
        jobs: translates.
        images: all images.
        bus: gets the changes.
        opened: returns the label maps; None while the mode is off.
        reload: called with an image in view whose label map is another one now.
    """

    def __init__(
        self,
        project: ProjectState,
        jobs: Jobs,
        images: ProjectImages,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
        reload: Callable[[ImageRef], object],
    ) -> None:
        self._project, self._jobs, self._images = project, jobs, images
        self._bus, self._opened, self._reload = bus, opened, reload
        self._running: _Running | None = None
        bus.subscribe(JobProgressed, self._on_progress)
        bus.subscribe(JobEnded, self._on_end)

    def note(self, image: ImageRef, predicted: Classes, weights: Path | None) -> None:
        """Note that an image's label map begins with a prediction, which was just taken over.

        Args:
            image: the image.
            predicted: the class numbers, (height, width).
            weights: of the network.
        """
        opened, project = self._opened(), self._project
        if opened is None:
            return
        store, number = opened.store, 0
        if weights is not None:
            number = round_of(weights, project.path, project.contents, store)
        record = DraftRecord(number, predicted.size)

        def done(error: Exception | None) -> None:
            if error is not None:
                self._bus.publish_error(error, "Take prediction")
            self._bus.publish(StatesChanged())

        opened.autosave.do(lambda: store.keep_draft(image, predicted, record), done)

    def start(self) -> None:
        """Draft all images that are not begun with the newest weights, as a job.

        Raises:
            UserError: a job is running, or there is no network or no such image.
        """
        opened, project = self._opened(), self._project
        if opened is None:
            return
        newest = newest_weights(project.path, project.contents, opened.store)
        if newest is None:
            raise UserError(NO_NETWORK)
        images = to_draft(self._images.all(), opened.store, newest.round_number)
        wanted = tuple(one for one in images if opened.autosave.unsaved(one) is None)
        if not wanted:
            raise UserError(ALL_BEGUN)
        spec = as_drafts(project.specs.translation)
        folder = new_temporary_folder("drafts")
        running = _Running(opened, newest, folder)

        def request(job: int) -> TranslateImages:
            return TranslateImages(job, newest.weights, wanted, folder / "translated", spec)

        try:
            self._jobs.run(DRAFTS, request)
        except UserError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._running = running
        self._bus.publish(LabellingChanged())

    def stop(self) -> None:
        """Give up the drafts that are being made; those that are there stay."""
        running, self._running = self._running, None
        if running is not None:
            if not running.ended:
                self._jobs.stop()
            shutil.rmtree(running.folder, ignore_errors=True)

    # ---- events of the job -----------------------------------------------------------------

    def _on_progress(self, change: JobProgressed) -> None:
        running, event = self._running, change.event
        if running is None or self._jobs.kind != DRAFTS:
            return
        if isinstance(event, ImageTranslated):
            self._take(running, event)
        elif isinstance(event, ImageSkipped):
            running.skipped += 1

    def _take(self, running: _Running, event: ImageTranslated) -> None:
        """Take one over in the thread that writes label maps, unless it was begun meanwhile."""
        opened, image = running.opened, event.source
        if opened is not self._opened() or opened.autosave.unsaved(image) is not None:
            return
        running.waiting += 1

        def take() -> None:
            store, number = opened.store, running.newest.round_number
            if event.palette is None:
                raise UserError(NO_CLASSES)
            if image not in to_draft([self._images.known(image)], store, number):
                return
            if running.drafts is None:
                running.drafts = Drafts(event.palette, opened.classes.table, running.put)
            running.drafts.take(image, event.output)

        def taken(error: Exception | None) -> None:
            running.waiting -= 1
            if error is not None:
                self._jobs.stop()
                self._bus.publish_error(error, "Drafts")
            self._reload(image)
            self._bus.publish(StatesChanged())
            self._finish(running)

        opened.autosave.do(take, taken)

    def _on_end(self, change: JobEnded) -> None:
        running = self._running
        if running is not None and change.kind == DRAFTS:
            running.ended = True
            if not isinstance(change.event, (JobFinished, JobCancelled)):
                self._bus.publish(LabellingNoticed(""))
            self._finish(running)

    def _finish(self, running: _Running) -> None:
        """Tell how many drafts there are once all are taken over."""
        if not running.ended or running.waiting or self._running is not running:
            return
        self._running = None
        shutil.rmtree(running.folder, ignore_errors=True)
        drafts = running.drafts
        made = 0 if drafts is None else len(drafts.images)
        skipped = running.skipped + (0 if drafts is None else len(drafts.skipped))
        words = drafted_words(made) + (f"; {skipped} could not be drafted." if skipped else ".")
        self._bus.publish(DraftsMade(made))
        self._bus.publish(LabellingNoticed(words))
        self._bus.publish(LabellingChanged())
