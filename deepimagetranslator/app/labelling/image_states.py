"""The states of the labelled images: to label, draft, done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.autosave import NotWrittenError
from deepimagetranslator.app.labelling.changes import LabellingChanged, LabellingNoticed
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import LabelMap
from deepimagetranslator.core.labelling.record import DONE, DRAFT, TO_LABEL, ImageRecord


class ImageStates:
    """The states of all images, and of the one in view.

    Args:
        sheet: the image in view.
        viewer: has the list of images.
        bus: gets the changes.
        opened: returns the files; None while the mode is off.

    Attributes:
        marking: whether an image is being marked as done, so that none may be changed.
    """

    def __init__(
        self, sheet: Sheet, viewer: Viewer, bus: Bus, opened: Callable[[], OpenLabels | None]
    ) -> None:
        self._sheet, self._viewer, self._bus, self._opened = sheet, viewer, bus, opened
        self.marking = False

    @property
    def status(self) -> ImageRecord | None:
        """What is known of the image in view; None if there is none."""
        image, opened = self._sheet.image, self._opened()
        if image is None or opened is None:
            return None
        known = opened.store.status(image)
        begun = known.state == TO_LABEL and opened.autosave.unsaved(image) is not None
        return replace(known, state=DRAFT) if begun else known

    @property
    def done_words(self) -> str:
        """How many images of the part in view are done, as text; empty while the mode is off."""
        images, opened = self._viewer.images(), self._opened()
        if opened is None:
            return ""
        done = sum(opened.store.status(image).state == DONE for image in images)
        return f"{done} of {len(images)} done"

    def mark_done(self, image: ImageRef, label_map: LabelMap) -> None:
        """Write the label map of an image, then mark it as done; not if it cannot be written."""
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
            self._bus.publish(LabellingChanged())

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
            self._bus.publish(LabellingChanged())
