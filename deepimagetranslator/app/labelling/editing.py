"""What the user does to the label map in view, and when it may change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.changes import (
    LabellingChanged,
    LabellingNoticed,
    LabelsPainted,
)
from deepimagetranslator.app.labelling.image_states import ImageStates
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.operations import Neighbours, work_of
from deepimagetranslator.app.labelling.painter import Painter
from deepimagetranslator.app.labelling.place import LabelPlace
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.app.labelling.slow_tool import SlowTool, Work
from deepimagetranslator.app.labelling.tool_choice import OPERATIONS, TOOLS, ToolChoice
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.label_map import Classes, Edit, LabelMap
from deepimagetranslator.core.labelling.record import TO_LABEL
from deepimagetranslator.core.labelling.rect import Rect
from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.core.typing import Array

LOCKED = "This image is done and locked; unlock it before you change it."
_HARMLESS = ("pick", "sample")  # tools that change no label


class Editing:
    """Paints, undoes and finishes the label map in view.

    Args:
        choice: the tool, the class and the amounts.
        sheet: the image in view with its label map.
        states: the states of the images.
        place: where the label maps lie.
        viewer: has the list of images.
        background: runs slow tools.
        bus: gets the changes.
        opened: returns the files; None while the mode is off.
        took_prediction: called with an image and the prediction that became its label map.

    Attributes:
        slow: the tool that runs in a thread.
    """

    def __init__(
        self,
        choice: ToolChoice,
        sheet: Sheet,
        states: ImageStates,
        place: LabelPlace,
        viewer: Viewer,
        background: Background,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
        took_prediction: Callable[[ImageRef, Classes], object],
    ) -> None:
        self._choice, self._sheet, self._states, self._place = choice, sheet, states, place
        self._viewer, self._bus, self._opened = viewer, bus, opened
        self._took_prediction = took_prediction
        self.slow = SlowTool(background)

    def make_painter(self, image: Array, label_map: LabelMap) -> Painter:
        """The painter of an input and its label map."""
        return Painter(self._choice, image, label_map, self._painted, self._run_tool)

    def press(self, point: Point, role: str = "image", *, line: bool = False) -> None:
        """The button went down at a point (y, x) of a pane; see ``Painter.press``."""
        painter, tool = self._sheet.painter, self._choice.tool
        if painter is None or not self._may_change(tool in _HARMLESS):
            return
        try:
            if role == "prediction" and tool not in _HARMLESS and not self._begun(painter):
                self._take_prediction(painter)
            painter.press(point, line=line)
        except UserError as error:
            self.notice(str(error))
        if tool in ("pick", "polygon"):
            self._bus.publish(LabellingChanged())

    def drag(self, point: Point) -> None:
        """The pointer moved with the button down."""
        if self._sheet.painter is not None:
            self._sheet.painter.drag(point)

    def release(self) -> None:
        """The button was let go."""
        if self._sheet.painter is not None and self._sheet.painter.working:
            self._sheet.painter.release()
            self._bus.publish(LabellingChanged())

    def close_outline(self) -> None:
        """Fill the outline that is being drawn."""
        if self._sheet.painter is not None and self._sheet.painter.corners:
            self._sheet.painter.close_outline()
            self._bus.publish(LabellingChanged())

    def drop_corner(self) -> None:
        """Take back the last corner of the outline."""
        if self._sheet.painter is not None:
            self._sheet.painter.drop_corner()
            self._bus.publish(LabellingChanged())

    def operate(self, name: str) -> None:
        """Run one of ``OPERATIONS`` on the label map in view.

        Raises:
            UserError: something is missing that it needs.
        """
        painter, opened = self._sheet.painter, self._opened()
        if painter is None or opened is None or not self._may_change():
            return
        painter.cancel()
        images = self._viewer.images()
        at = images.index(self._sheet.image) if self._sheet.image in images else len(images)
        beside = Neighbours(images, at, opened.read, opened.begun)
        numbers, taken = painter.label_map.numbers, None
        if name == "copy prediction":
            taken = self._sheet.predicted(opened)
        work = work_of(name, self._choice, numbers, painter.image, beside, taken)
        self._run(OPERATIONS[name], work, taken)

    def mark_done(self, then: Callable[[], object] = lambda: None) -> None:
        """Mark the image in view as done, which locks it; its unpainted pixels are background.

        Args:
            then: called when it is.
        """
        painter, image = self._sheet.painter, self._sheet.image
        if painter is not None and image is not None and self._may_change():
            painter.cancel()
            self._changed(image, painter)  # an image without foreground is labelled too
            self._states.mark_done(image, painter.label_map, then)

    def undo(self) -> None:
        """Undo the last step of the image in view."""
        self._step(LabelMap.undo)

    def redo(self) -> None:
        """Do the last undone step again."""
        self._step(LabelMap.redo)

    def cancel(self) -> bool:
        """Give up the outline, stroke or slow tool at work; whether there was one."""
        stopped = self.slow.stop()
        given_up = self._sheet.painter is not None and self._sheet.painter.cancel()
        if stopped or given_up:
            self.notice("")
            self._bus.publish(LabellingChanged())
        return stopped or given_up

    def notice(self, text: str) -> None:
        """Say a sentence beside the tools; an empty one removes the former one."""
        self._bus.publish(LabellingNoticed(text))

    # ---- inside ----------------------------------------------------------------------------

    def _begun(self, painter: Painter) -> bool:
        known = self._states.status
        labelled = bool(painter.label_map.counts[1:].any())
        return labelled or (known is not None and known.state != TO_LABEL)

    def _may_change(self, harmless: bool = False) -> bool:
        """Whether the label map in view may be changed now; a notice says why not."""
        known, reason = self._states.status, ""
        if self.slow.name:
            reason = f"{self.slow.name} is at work; wait for it, or stop it."
        elif self._states.marking:
            reason = "The image is being marked as done; wait a moment."
        elif self._place.moving:
            reason = "The label maps are being copied beside the project; wait a moment."
        elif known is not None and known.locked and not harmless:
            reason = LOCKED
        if reason:
            self.notice(reason)
        return known is not None and not reason

    def _painted(self, rect: Rect) -> None:
        if self._sheet.image is not None and self._sheet.painter is not None and not rect.empty:
            self._changed(self._sheet.image, self._sheet.painter)
            self._bus.publish(LabelsPainted(rect))

    def _changed(self, image: ImageRef, painter: Painter) -> None:
        opened = self._opened()
        assert opened is not None
        opened.autosave.change(image, painter.label_map.numbers)
        self._place.note()

    def _step(self, step: Callable[[LabelMap], Rect]) -> None:
        painter = self._sheet.painter
        if painter is not None and self._may_change():
            painter.cancel()
            self._painted(step(painter.label_map))
            self._bus.publish(LabellingChanged())

    def _run_tool(self, name: str, work: Callable[[], Edit]) -> None:
        self._run(TOOLS[name], lambda _progress: work())

    def _run(self, name: str, work: Work, taken: Classes | None = None) -> None:
        painter, image = self._sheet.painter, self._sheet.image

        def done(edit: Edit) -> None:
            if painter is not None and painter is self._sheet.painter:
                painter.apply(edit)
                if taken is not None and image is not None:
                    self._changed(image, painter)
                    self._took_prediction(image, taken)
            self.notice("")
            self._bus.publish(LabellingChanged())

        def failed(error: Exception) -> None:
            self.notice(str(error))
            self._bus.publish(LabellingChanged())

        self.slow.run(name, work, done, failed)
        self._bus.publish(LabellingChanged())

    def _take_prediction(self, painter: Painter) -> None:
        opened = self._opened()
        assert opened is not None
        numbers = self._sheet.predicted(opened)
        painter.apply(Edit(Rect(0, 0, *painter.shape), np.ones(painter.shape, bool), numbers))
        if self._sheet.image is not None:
            self._took_prediction(self._sheet.image, numbers)
