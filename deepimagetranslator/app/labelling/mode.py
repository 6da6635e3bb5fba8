"""The labelling mode: what the user does to the label map in view, and when it may change."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np

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
from deepimagetranslator.app.labelling.changes import (
    LabellingChanged,
    LabellingNoticed,
    LabelsPainted,
)
from deepimagetranslator.app.labelling.classes import ClassList
from deepimagetranslator.app.labelling.image_states import ImageStates
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.operations import Neighbours, work_of
from deepimagetranslator.app.labelling.painter import Painter
from deepimagetranslator.app.labelling.place import LabelPlace
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.app.labelling.slow_tool import SlowTool, Work
from deepimagetranslator.app.labelling.tool_choice import OPERATIONS, TOOLS, ToolChoice
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Edit, LabelMap
from deepimagetranslator.core.labelling.record import TO_LABEL
from deepimagetranslator.core.labelling.rect import Rect
from deepimagetranslator.core.labelling.store import LabelStore
from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.core.typing import Array

LOCKED = "This image is done and locked; unlock it before you change it."
_HARMLESS = ("pick", "sample")  # tools that change no label


class Labelling:
    """The state of the labelling mode.

    Args:
        project: whose images are labelled, with its classes.
        viewer: shows the images.
        model: whose predictions can be taken over.
        background: reads label maps and runs slow tools.
        bus: gets the changes.

    Attributes:
        opened: files and classes; None while the mode is off.
        choice: the tool, the class and how labels are shown.
        sheet: the image in view with its label map.
        slow: the tool that runs in a thread.
        place: where the label maps lie.
        states: whether images are to label, drafts or done.
    """

    def __init__(
        self,
        project: ProjectState,
        viewer: Viewer,
        model: CurrentModel,
        background: Background,
        bus: Bus,
    ) -> None:
        self._project, self._viewer, self._bus = project, viewer, bus
        self._background = background
        self.opened: OpenLabels | None = None
        self.choice = ToolChoice()
        self.sheet = Sheet(model, background, bus, self._make_painter)
        self.slow = SlowTool(background)
        self.place = LabelPlace(project, background, bus)
        self.states = ImageStates(self.sheet, viewer, bus, lambda: self.opened)
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
        self._notice("")
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

    def replaced_class(self, number: int) -> None:
        """A class was merged or deleted: the label map in view is read anew."""
        self.choice.forget(number)
        self._choose_existing_class()
        if self.opened is not None and self.save_all():
            self.sheet.forget_all()
            self._viewer.show()

    def changed_choice(self) -> None:
        """Tell that an amount, or how labels are shown, has changed."""
        self._bus.publish(LabellingChanged())

    # ---- painting --------------------------------------------------------------------------

    def press(self, point: Point, role: str = "image", *, line: bool = False) -> None:
        """The button went down at a point (y, x) of a pane; see ``Painter.press``."""
        painter, tool = self.sheet.painter, self.choice.tool
        if painter is None or not self._may_change(tool in _HARMLESS):
            return
        try:
            if role == "prediction" and tool not in _HARMLESS and not self._begun(painter):
                self._take_prediction(painter)
            painter.press(point, line=line)
        except UserError as error:
            self._notice(str(error))
        if tool in ("pick", "polygon"):
            self._bus.publish(LabellingChanged())

    def drag(self, point: Point) -> None:
        """The pointer moved with the button down."""
        if self.sheet.painter is not None:
            self.sheet.painter.drag(point)

    def release(self) -> None:
        """The button was let go."""
        if self.sheet.painter is not None and self.sheet.painter.working:
            self.sheet.painter.release()
            self._bus.publish(LabellingChanged())

    def close_outline(self) -> None:
        """Fill the outline that is being drawn."""
        if self.sheet.painter is not None and self.sheet.painter.corners:
            self.sheet.painter.close_outline()
            self._bus.publish(LabellingChanged())

    def drop_corner(self) -> None:
        """Take back the last corner of the outline."""
        if self.sheet.painter is not None:
            self.sheet.painter.drop_corner()
            self._bus.publish(LabellingChanged())

    def operate(self, name: str) -> None:
        """Run one of ``OPERATIONS`` on the label map in view.

        Raises:
            UserError: something is missing that it needs.
        """
        painter, opened = self.sheet.painter, self.opened
        if painter is None or opened is None or not self._may_change():
            return
        painter.cancel()
        images = self._viewer.images()
        at = images.index(self.sheet.image) if self.sheet.image in images else len(images)
        beside = Neighbours(images, at, opened.read, opened.begun)
        numbers, predicted = painter.label_map.numbers, lambda: self.sheet.predicted(opened)
        work = work_of(name, self.choice, numbers, painter.image, beside, predicted)
        self._run(OPERATIONS[name], work)

    def mark_done(self) -> None:
        """Mark the image in view as done, which locks it; its unpainted pixels are background."""
        painter, image = self.sheet.painter, self.sheet.image
        if painter is not None and image is not None and self._may_change():
            painter.cancel()
            self._changed(image, painter)  # an image without foreground is labelled too
            self.states.mark_done(image, painter.label_map)

    def begin_anew(self) -> None:
        """Replace a label map that cannot be used by an empty one; a copy of it is kept.

        Raises:
            UserError: the copy cannot be written.
        """
        if self.sheet.image is not None and self.opened is not None:
            self.opened.autosave.forget(self.sheet.image)
            self.opened.store.forget(self.sheet.image)
            self._reload(self.sheet.image)

    def undo(self) -> None:
        """Undo the last step of the image in view."""
        self._step(LabelMap.undo)

    def redo(self) -> None:
        """Do the last undone step again."""
        self._step(LabelMap.redo)

    def cancel(self) -> bool:
        """Give up the outline, stroke or slow tool at work; whether there was one."""
        stopped = self.slow.stop()
        given_up = self.sheet.painter is not None and self.sheet.painter.cancel()
        if stopped or given_up:
            self._notice("")
            self._bus.publish(LabellingChanged())
        return stopped or given_up

    # ---- inside ----------------------------------------------------------------------------

    def _make_painter(self, image: Array, label_map: LabelMap) -> Painter:
        return Painter(self.choice, image, label_map, self._painted, self._run_tool)

    def _choose_existing_class(self) -> None:
        numbers = self.classes.table.numbers
        if self.choice.number not in numbers:
            self.choice.number = next(number for number in numbers if number)

    def _begun(self, painter: Painter) -> bool:
        known = self.states.status
        labelled = bool(painter.label_map.counts[1:].any())
        return labelled or (known is not None and known.state != TO_LABEL)

    def _may_change(self, harmless: bool = False) -> bool:
        """Whether the label map in view may be changed now; a notice says why not."""
        known, reason = self.states.status, ""
        if self.slow.name:
            reason = f"{self.slow.name} is at work; wait for it, or stop it."
        elif self.states.marking:
            reason = "The image is being marked as done; wait a moment."
        elif self.place.moving:
            reason = "The label maps are being copied beside the project; wait a moment."
        elif known is not None and known.locked and not harmless:
            reason = LOCKED
        if reason:
            self._notice(reason)
        return known is not None and not reason

    def _painted(self, rect: Rect) -> None:
        if self.sheet.image is not None and self.sheet.painter is not None and not rect.empty:
            self._changed(self.sheet.image, self.sheet.painter)
            self._bus.publish(LabelsPainted(rect))

    def _changed(self, image: ImageRef, painter: Painter) -> None:
        assert self.opened is not None
        self.opened.autosave.change(image, painter.label_map.numbers)
        self.place.note()

    def _step(self, step: Callable[[LabelMap], Rect]) -> None:
        painter = self.sheet.painter
        if painter is not None and self._may_change():
            painter.cancel()
            self._painted(step(painter.label_map))
            self._bus.publish(LabellingChanged())

    def _run_tool(self, name: str, work: Callable[[], Edit]) -> None:
        self._run(TOOLS[name], lambda _progress: work())

    def _run(self, name: str, work: Work) -> None:
        painter = self.sheet.painter

        def done(edit: Edit) -> None:
            if painter is not None and painter is self.sheet.painter:
                painter.apply(edit)
            self._notice("")
            self._bus.publish(LabellingChanged())

        def failed(error: Exception) -> None:
            self._notice(str(error))
            self._bus.publish(LabellingChanged())

        self.slow.run(name, work, done, failed)
        self._bus.publish(LabellingChanged())

    def _take_prediction(self, painter: Painter) -> None:
        assert self.opened is not None
        numbers = self.sheet.predicted(self.opened)
        painter.apply(Edit(Rect(0, 0, *painter.shape), np.ones(painter.shape, bool), numbers))

    def _notice(self, text: str) -> None:
        self._bus.publish(LabellingNoticed(text))

    def _reload(self, image: ImageRef) -> None:
        self.sheet.forget(image)
        self._viewer.show()

    def _end(self) -> None:
        self.slow.stop()
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
                self.slow.stop()
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
            self._bus.publish(LabellingChanged())

    def _on_replaced(self, _change: ProjectReplaced) -> None:
        self.place.follow()  # first, as what ends now is not the new project's
        self.close()

    def _on_saved(self, _change: ProjectSaved) -> None:
        self.place.saved(self.opened, lambda opened: opened is self.opened)
