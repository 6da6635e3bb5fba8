"""The states of the labelled images: to label, draft, done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.autosave import NotWrittenError
from deepimagetranslator.app.labelling.changes import (
    LabellingChanged,
    LabellingNoticed,
    StatesChanged,
)
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.project_images import ProjectImages
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.core.evaluation.score import SURE, Score
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import LabelMap
from deepimagetranslator.core.labelling.record import DRAFT, ImageRecord


class ImageStates:
    """The states of all images, and of the one in view.

    Args:
        sheet: the image in view.
        images: all images of the project.
        bus: gets the changes.
        opened: returns the files; None while the mode is off.

    Attributes:
        images: all images of the project.
        marking: whether an image is being marked as done, so that none may be changed.
    """

    def __init__(
        self,
        sheet: Sheet,
        images: ProjectImages,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
    ) -> None:
        self._sheet, self._bus, self._opened = sheet, bus, opened
        self.images = images
        self.marking = False

    @property
    def status(self) -> ImageRecord | None:
        """What is known of the image in view; None if there is none."""
        image, opened = self._sheet.image, self._opened()
        if image is None or opened is None:
            return None
        return replace(opened.store.status(image), state=opened.state(image))

    def of(self, image: ImageRef) -> str:
        """The state of any image as a word for the list; empty while the mode is off."""
        return "" if self._opened() is None else self.images.state(image)

    def sureness(self, image: ImageRef) -> Score | None:
        """How sure the network was of an image's draft; None if it is no draft of a network."""
        opened = self._opened()
        if opened is None or opened.state(image) != DRAFT:
            return None
        draft = opened.store.status(image).draft
        sure = None if draft is None else draft.confidence
        return None if sure is None else Score(SURE, sure)

    def mark_done(self, image: ImageRef, label_map: LabelMap, then: Callable[[], object]) -> None:
        """Write the label map of an image, then mark it as done; not if it cannot be written.

        Args:
            image: the image.
            label_map: its label map.
            then: called when it is done.
        """
        opened = self._opened()
        if opened is None:
            return
        unpainted = int(label_map.counts[0]) / label_map.numbers.size

        def marked(error: Exception | None) -> None:
            self.marking = False
            if error is None:
                text = f"Done and locked. Unpainted pixels ({unpainted:.1%}) are background."
                self._bus.publish(LabellingNoticed(text))
            elif not isinstance(error, NotWrittenError):
                self._bus.publish_error(error, "Mark as done")
            self._tell()
            if error is None:
                then()

        store, self.marking = opened.store, True
        opened.autosave.do(lambda: store.mark_done(image), marked, image)

    def unlock(self) -> None:
        """Let the done image in view be changed.

        Raises:
            UserError: it cannot be written.
        """
        opened = self._opened()
        if self._sheet.image is not None and opened is not None:
            opened.store.unlock(self._sheet.image)
            self._bus.publish(LabellingNoticed(""))
            self._tell()

    def _tell(self) -> None:
        opened = self._opened()
        if opened is not None:
            opened.drafts_told.clear()
        self._bus.publish(StatesChanged())
        self._bus.publish(LabellingChanged())
