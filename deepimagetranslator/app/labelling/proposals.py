"""Goes to the image to label next, as the program proposes it, and says why this one."""

from __future__ import annotations

from collections.abc import Callable

from deepimagetranslator.app.background import Background
from deepimagetranslator.app.events import Bus
from deepimagetranslator.app.labelling.changes import LabellingChanged, LabellingNoticed
from deepimagetranslator.app.labelling.open_labels import OpenLabels
from deepimagetranslator.app.labelling.project_images import ProjectImages
from deepimagetranslator.app.labelling.sheet import Sheet
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.core.labelling.loop.drafts import to_correct
from deepimagetranslator.core.labelling.loop.foreground import foreground_in
from deepimagetranslator.core.labelling.loop.next_image import Proposal, next_image

NOTHING_LEFT = "All images are labelled."
_NO_DRAFT = "There is no draft to correct; train, or draft the other images first."


class Proposals:
    """The next image: proposed as by ``label next``, or the draft that is least sure.

    An image that the user has left without finishing it is not proposed again before the others.

    Args:
        project: has the seed of the random choice.
        viewer: shows the image.
        sheet: the image in view.
        images: all images.
        background: looks for foreground.
        bus: gets ``LabellingChanged`` and ``LabellingNoticed``.
        opened: returns the label maps; None while the mode is off.

    Attributes:
        reason: why the image in view was proposed; empty if it was not.
    """

    def __init__(
        self,
        project: ProjectState,
        viewer: Viewer,
        sheet: Sheet,
        images: ProjectImages,
        background: Background,
        bus: Bus,
        opened: Callable[[], OpenLabels | None],
    ) -> None:
        self._project, self._viewer, self._sheet, self._images = project, viewer, sheet, images
        self._background, self._bus, self._opened = background, bus, opened
        self._left: set[ImageRef] = set()
        self._proposed: tuple[ImageRef, str] | None = None
        self._unsure: ImageRef | None = None

    @property
    def reason(self) -> str:
        """Why the image in view was proposed; empty if it was not."""
        proposed = self._proposed
        return proposed[1] if proposed is not None and proposed[0] == self._sheet.image else ""

    def next(self) -> None:
        """Show the image that is proposed next; it is looked for in a thread."""
        opened = self._opened()
        if opened is None:
            return
        if self._sheet.image is not None:
            self._left.add(self._sheet.image)
        images, left, here = self._images.all(), set(self._left), self._sheet.image
        seed, has_foreground = self._project.specs.training.seed, foreground_in(opened.store)

        def propose() -> Proposal | None:
            first = next_image(images, seed, has_foreground, left)
            if first is None or first.image not in left or here is None:
                return first
            return next_image(images, seed, has_foreground, {here})  # once more from the beginning

        def found(proposal: Proposal | None) -> None:
            if self._opened() is not opened:
                return
            if proposal is None:
                self._bus.publish(LabellingNoticed(NOTHING_LEFT))
                return
            if proposal.image in self._left:
                self._left.clear()
            self._show(proposal.image, f"{proposal.reason[:1].upper()}{proposal.reason[1:]}.")

        def failed(error: Exception) -> None:
            self._bus.publish_error(error, "Next image")

        self._background.run("proposal", propose, found, failed)

    def least_sure(self) -> None:
        """Show the draft of which its network is least sure; from this one on the next of these."""
        opened, here = self._opened(), self._sheet.image
        if opened is None:
            return
        order = to_correct(self._images.all(), opened.store)
        if not order:
            self._bus.publish(LabellingNoticed(_NO_DRAFT))
            return
        image = order[0]
        if here is not None and here == self._unsure and here in order:
            image = order[(order.index(here) + 1) % len(order)]
        self._unsure = image
        draft = opened.store.status(image).draft
        if draft is None or draft.confidence is None:
            self._show(image, "A draft that is not done yet.")
        else:
            self._show(image, f"Draft of which the network is {draft.confidence:.1%} sure.")

    def _show(self, image: ImageRef, reason: str) -> None:
        self._proposed = image, reason
        self._viewer.show_file(image)
        self._bus.publish(LabellingNoticed(""))
        self._bus.publish(LabellingChanged())
