"""The images of the project while labels are painted: whose they are, and which are done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus, Change
from deepimagetranslator.app.labelling.changes import StatesChanged
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.core.config.specs import DataSpec
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.states import KnownImage, known_images, labelled_words
from deepimagetranslator.core.labelling.record import TO_LABEL, State
from deepimagetranslator.core.labelling.store import LabelStore


class ProjectImages:
    """What is known of all images of the project; their persons are found in a thread.

    Args:
        project: whose images they are.
        background: reads persons and pairs.
        bus: gets ``StatesChanged`` when they are known.
        opened: returns the label maps; None while the mode is off.
    """

    def __init__(
        self,
        project: ProjectState,
        background: Background,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
    ) -> None:
        self._project, self._background, self._bus = project, background, bus
        self._opened = opened
        self._found: dict[ImageRef, KnownImage] = {}  # with the states without label maps
        self._of: DataSpec | None = None
        self._words: str | None = None
        bus.subscribe(StatesChanged, self._on_states)

    def find(self) -> None:
        """Find the persons and pairs of the project's images if these have changed."""
        data = self._project.specs.data
        if data == self._of:
            return
        self._of = data
        nothing = LabelStore(self._project.runs_home / "none" / "none")

        def found(images: list[KnownImage]) -> None:
            self._found = {one.image: one for one in images}
            self._bus.publish(StatesChanged())

        def failed(error: Exception) -> None:
            self._of = None
            self._bus.publish_error(error, "Paint labels")

        self._background.run("images", lambda: known_images(data, nothing), found, failed)

    def known(self, image: ImageRef) -> KnownImage:
        """What is known of one image now."""
        one = self._found.get(image, KnownImage(image, "", TO_LABEL))
        return replace(one, state=self.state(image))

    def all(self) -> list[KnownImage]:
        """The images with their present states, in the project's order."""
        return [replace(one, state=self.state(one.image)) for one in self._found.values()]

    def state(self, image: ImageRef) -> State:
        """The state of an image; one with a target is done until it is painted on."""
        opened, found = self._opened(), self._found.get(image)
        state = TO_LABEL if opened is None else opened.state(image)
        return found.state if state == TO_LABEL and found is not None else state

    @property
    def words(self) -> str:
        """How many images are labelled, as text; empty until they are known."""
        if self._words is None:
            known = self._found and self._opened() is not None
            self._words = labelled_words(self.all()) if known else ""
        return self._words

    def _on_states(self, _change: Change) -> None:
        self._words = None
