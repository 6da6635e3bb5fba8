"""The labelling mode: whether it is on, what is chosen, and how it follows the session."""

from __future__ import annotations

from contextlib import suppress

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.events import (
    Bus,
    Change,
    ProjectReplaced,
    ProjectSaved,
    ReadingEnded,
    SpecsChanged,
    ViewLoaded,
    ViewTranslated,
)
from deepimagetranslator.app.jobs import Jobs
from deepimagetranslator.app.labelling.changes import LabellingChanged, StatesChanged
from deepimagetranslator.app.labelling.classes import ClassList
from deepimagetranslator.app.labelling.drafting import Drafting
from deepimagetranslator.app.labelling.editing import Editing
from deepimagetranslator.app.labelling.image_states import ImageStates
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.painter import Painter
from deepimagetranslator.app.labelling.place import LabelPlace
from deepimagetranslator.app.labelling.project_images import ProjectImages
from deepimagetranslator.app.labelling.proposals import Proposals
from deepimagetranslator.app.labelling.rounds import Rounds
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.app.labelling.tool_choice import TOOLS, ToolChoice
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Classes, LabelMap
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.typing import Array


class Labelling:
    """The state of the labelling mode.

    Args:
        project: whose images are labelled, with its classes.
        viewer: shows the images.
        model: whose predictions can be taken over.
        jobs: trains and drafts.
        background: reads label maps and runs slow tools.
        bus: gets the changes.

    Attributes:
        opened: files and classes; None while the mode is off.
        choice: the tool, the class and how labels are shown.
        sheet: the image in view with its label map.
        place: where the label maps lie.
        states: whether images are to label, drafts or done.
        editing: what the user does to the label map in view.
        proposals: the image to label next.
        drafting: drafts of a network.
        rounds: trainings on the done images.
    """

    def __init__(
        self,
        project: ProjectState,
        viewer: Viewer,
        model: CurrentModel,
        jobs: Jobs,
        background: Background,
        bus: Bus,
    ) -> None:
        self._project, self._viewer, self._bus = project, viewer, bus
        self.opened: OpenLabels | None = None
        self.choice = ToolChoice()
        self.sheet = Sheet(model, background, bus, self._make_painter)
        self.place = LabelPlace(project, background, bus)
        images = ProjectImages(project, background, bus, lambda: self.opened)
        self.states = ImageStates(self.sheet, images, bus, lambda: self.opened)
        self.editing = Editing(
            self.choice,
            self.sheet,
            self.states,
            self.place,
            viewer,
            background,
            bus,
            lambda: self.opened,
            self._took_prediction,
        )
        self._model = model
        self.proposals = Proposals(
            project, viewer, self.sheet, images, background, bus, lambda: self.opened
        )
        self.drafting = Drafting(project, jobs, images, bus, lambda: self.opened, self._show_draft)
        self.rounds = Rounds(project, jobs, images, self.drafting, bus, lambda: self.opened)
        bus.subscribe(ViewLoaded, self._on_view)
        bus.subscribe(ViewTranslated, self._on_translation)
        bus.subscribe(ProjectReplaced, self._on_replaced)
        bus.subscribe(ProjectSaved, self._on_saved)
        bus.subscribe(SpecsChanged, self._on_specs)
        bus.subscribe(ReadingEnded, self._on_specs)

    # ---- the mode --------------------------------------------------------------------------

    @property
    def active(self) -> bool:
        """Whether the mode is on."""
        return self.opened is not None

    def enter(self) -> None:
        """Begin to paint.

        Raises:
            UserError: the label maps are open in another window, or cannot be read.
        """
        if self.opened is not None:
            return
        store = LabelStore(self.place.folder)
        self.opened = OpenLabels(store, self._project, self._bus, self._reload)
        self._choose_existing_class()
        self._viewer.labelling = True
        self.states.images.find()
        self._bus.publish(StatesChanged())
        self._bus.publish(LabellingChanged())
        self._viewer.show()

    def leave(self) -> None:
        """End the mode; everything is written first.

        Raises:
            UserError: it cannot be written; the mode stays on.
        """
        if not self.save_all():
            raise UserError(
                "The label maps could not all be written, so they are kept open; free some space, "
                "then leave once more."
            )
        self._end()
        self._viewer.show()

    def save_all(self) -> bool:
        """Write everything now; whether it was written."""
        if self.sheet.painter is not None:
            self.sheet.painter.cancel()
        return self.opened is None or self.opened.save_all()

    def close(self) -> None:
        """End with the window."""
        if self.opened is not None:
            self.save_all()
            self._end()

    def tick(self) -> None:
        """Write what is due; call it often."""
        if self.opened is not None:
            self.opened.autosave.tick()
            self.rounds.tick()

    # ---- what is known ---------------------------------------------------------------------

    @property
    def classes(self) -> ClassList:
        """The classes; the mode must be on."""
        assert self.opened is not None
        return self.opened.classes

    @property
    def unsaved(self) -> bool:
        """Whether something is not on the disk yet."""
        return self.opened is not None and not self.opened.autosave.idle

    # ---- choices ---------------------------------------------------------------------------

    def choose_tool(self, name: str) -> None:
        """Choose one of ``TOOLS``."""
        assert name in TOOLS, name
        if self.sheet.painter is not None:
            self.sheet.painter.cancel()
        self.choice.tool = name
        self.editing.notice("")
        self._bus.publish(LabellingChanged())

    def choose_class(self, number: int) -> None:
        """Choose the class that is painted."""
        if number in self.classes.table.numbers:
            self.choice.number = number
            self._bus.publish(LabellingChanged())

    def choose_nth_class(self, place: int) -> None:
        """Choose the class at a place of the legend, from 1; the background has none."""
        numbers = [number for number in self.classes.table.numbers if number]
        if 1 <= place <= len(numbers):
            self.choose_class(numbers[place - 1])

    def merge_class(self, number: int, into: int) -> None:
        """Make a class part of another one in all label maps.

        Raises:
            UserError: it is the background or the only class, or labels cannot be written.
        """
        self._require_written()
        self.classes.merge(number, into)
        self._replaced_class(number)

    def delete_class(self, number: int) -> None:
        """Delete a class in all label maps.

        Raises:
            UserError: it is the background or the only class, or labels cannot be written.
        """
        self._require_written()
        self.classes.delete(number)
        self._replaced_class(number)

    def undo_class(self) -> None:
        """Bring the class back that was merged or deleted last; its pixels too, unless they were
        painted over since.

        Raises:
            UserError: there is none, or it cannot be brought back.
        """
        name = self.classes.undoable
        if not name:
            raise UserError("No class was merged or deleted since you began to paint.")
        self._require_written()
        number = self.classes.undo()
        self._show_anew()
        self.choose_class(number)
        self.editing.notice(f"{name} is back in all label maps.")

    def changed_choice(self) -> None:
        """Tell that an amount, or how labels are shown, has changed."""
        self._bus.publish(LabellingChanged())

    def begin_anew(self) -> None:
        """Replace a label map that cannot be used by an empty one; a copy of it is kept.

        Raises:
            UserError: the copy cannot be written.
        """
        if self.sheet.image is not None and self.opened is not None:
            self.opened.autosave.forget(self.sheet.image)
            self.opened.store.forget(self.sheet.image)
            self._bus.publish(StatesChanged())
            self._reload(self.sheet.image)

    # ---- inside ----------------------------------------------------------------------------

    def _require_written(self) -> None:
        if not self.save_all():
            raise UserError("The label maps are not written yet; free some space first.")

    def _replaced_class(self, number: int) -> None:
        self.choice.forget(number)
        self._choose_existing_class()
        self._show_anew()

    def _show_anew(self) -> None:
        """Read the label map in view again, without the steps before, of other classes."""
        self.sheet.forget_all()
        self._viewer.show()

    def _make_painter(self, image: Array, label_map: LabelMap) -> Painter:
        return self.editing.make_painter(image, label_map)

    def _choose_existing_class(self) -> None:
        numbers = self.classes.table.numbers
        if self.choice.number not in numbers:
            self.choice.number = next(number for number in numbers if number)

    def _took_prediction(self, image: ImageRef, predicted: Classes) -> None:
        self.drafting.note(image, predicted, self._model.weights)

    def _show_draft(self, image: ImageRef) -> None:
        """Show the draft of the image in view if nothing is painted on it."""
        opened = self.opened
        if (
            opened is not None
            and image == self.sheet.image
            and opened.autosave.unsaved(image) is None
        ):
            self._reload(image)

    def _reload(self, image: ImageRef) -> None:
        self.sheet.forget(image)
        self._viewer.show()

    def _end(self) -> None:
        self.editing.slow.stop()
        self.drafting.stop()
        self.sheet.forget_all()
        opened, self.opened = self.opened, None
        if opened is not None:
            opened.close()
        self._viewer.labelling = False
        self._bus.publish(LabellingChanged())

    # ---- changes of the session ------------------------------------------------------------

    def _on_view(self, change: ViewLoaded) -> None:
        self.sheet.prediction = change.shown.output
        if self.opened is not None:
            if change.shown.wanted.input != self.sheet.image:
                self.editing.slow.stop()
            self.sheet.show(change.shown, self.opened)

    def _on_translation(self, change: ViewTranslated) -> None:
        self.sheet.prediction = change.preview.image
        if self.active:
            self._bus.publish(LabellingChanged())

    def _on_specs(self, _change: Change) -> None:
        opened = self.opened
        if opened is not None:
            with suppress(UserError):
                opened.classes.adopt(opened.autosave.idle and not opened.store.begun())
            self._choose_existing_class()
            self.states.images.find()
            self._bus.publish(LabellingChanged())

    def _on_replaced(self, _change: ProjectReplaced) -> None:
        self.rounds.forget()
        self.place.follow()  # first, as what ends now is not the new project's
        self.close()

    def _on_saved(self, _change: ProjectSaved) -> None:
        self.place.saved(self.opened, lambda opened: opened is self.opened)
