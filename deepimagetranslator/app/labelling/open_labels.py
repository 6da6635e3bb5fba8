"""The label maps of a project while they are open: files, classes, and what is not written yet."""

from __future__ import annotations

from collections.abc import Callable

from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.autosave import Autosave
from deepimagetranslator.app.labelling.changes import (
    LabelFileChanged,
    LabellingChanged,
    StatesChanged,
)
from deepimagetranslator.app.labelling.classes import ClassList
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.imaging.images import image_size
from deepimagetranslator.core.labelling.label_map import Classes
from deepimagetranslator.core.labelling.record import DRAFT, TO_LABEL, State
from deepimagetranslator.core.labelling.stamps import ChangedMeanwhileError
from deepimagetranslator.core.labelling.store import LabelStore


class OpenLabels:
    """A label store in use.

    Args:
        store: it, not opened yet.
        project: gives and gets the classes.
        bus: gets the changes.
        reload: called with an image whose file is to be taken over.

    Attributes:
        store, autosave, classes: the files, what writes them, and their classes.
        drafts_told: images of which it is told that they are drafts.

    Raises:
        UserError: another window uses the files, or they cannot be read.
    """

    def __init__(
        self,
        store: LabelStore,
        project: ProjectState,
        bus: Bus,
        reload: Callable[[ImageRef], object],
    ) -> None:
        store.open()
        try:
            self.classes = ClassList(project, store)
            self.classes.adopt()
        except BaseException:
            store.close()
            raise
        self.store = store
        self.autosave = Autosave(store, self._written, self._not_written)
        self._project, self._bus, self._reload = project, bus, reload
        self._told = ""
        self.drafts_told: set[ImageRef] = set()

    def use(self, store: LabelStore) -> None:
        """Go on with a copy of the files; everything must be written."""
        old, self.store = self.store, store
        self.autosave.use(store)
        self.classes = ClassList(self._project, store)
        old.close()

    def save_all(self) -> bool:
        """Write everything now; whether it was written."""
        self.autosave.flush()
        return self.autosave.idle

    def close(self) -> None:
        """Let other windows use the files."""
        self.autosave.close()
        self.store.close()

    def begun(self, image: ImageRef) -> bool:
        """Whether an image has a label map."""
        waiting = self.autosave.unsaved(image) is not None
        return waiting or self.store.status(image).state != TO_LABEL

    def state(self, image: ImageRef) -> State:
        """The state of an image's label map, also of one that is not written yet."""
        known = self.store.status(image).state
        return DRAFT if known == TO_LABEL and self.begun(image) else known

    def read(self, image: ImageRef) -> Classes | None:
        """The label map of an image, also one that is not written yet; None if it has none.

        Raises:
            UserError: it, or the image, cannot be read.
        """
        waiting = self.autosave.unsaved(image)
        if waiting is not None:
            return waiting
        height, width, *_ = image_size(image)
        return self.store.read(image, (height, width), to_paint=False)

    def _written(self, image: ImageRef) -> None:
        self._told = ""
        if image not in self.drafts_told:
            self.drafts_told.add(image)
            self._bus.publish(StatesChanged())
        self._bus.publish(LabellingChanged())

    def _not_written(self, image: ImageRef, error: Exception) -> None:
        if isinstance(error, ChangedMeanwhileError):
            self.autosave.held.add(image)

            def take() -> None:
                self.autosave.forget(image)
                self._reload(image)

            def keep() -> None:
                self.autosave.keep_mine(image)

            self._bus.publish(LabelFileChanged(str(error), keep, take))
        elif str(error) != self._told:  # it is tried again and again
            self._told = str(error)
            self._bus.publish_error(error, "Save labels")
