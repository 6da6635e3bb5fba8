"""When the list of images is shown, where, and what it says of each image."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from deepimagetranslator.app.events import Change, MarksChanged, ScoresChanged
from deepimagetranslator.app.labelling.changes import StatesChanged
from deepimagetranslator.app.session import Session
from deepimagetranslator.core.evaluation.score import Score
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_list import ImageList

LIST_FROM = 1100
"""From this width of the window, in pixels at 100 per cent, the list of images is shown."""


class ListedImages:
    """The list beside the panes; while labels are painted it says their states.

    Args:
        parent: the main window.
        session: has the images and their scores.
        place: shows or hides the list: called with it and whether it is shown.
        to_image: gives the keys back to the image, after a click while labels are painted.

    Attributes:
        images: the list.
        listed: whether it is wanted outside of painting.
    """

    def __init__(
        self,
        parent: tk.Misc,
        session: Session,
        place: Callable[[ImageList, bool], object],
        to_image: Callable[[], object],
    ) -> None:
        self._parent, self._session, self._place = parent, session, place
        self.images = ImageList(parent, session.viewer.go)
        self._to_image = to_image
        self.images.canvas.bind("<ButtonRelease-1>", lambda _event: self._clicked())
        self.listed = tk.BooleanVar(parent, session.settings.get("image list", "on") == "on")
        self._chosen = bool(session.settings.get("image list"))
        session.bus.subscribe(ScoresChanged, self._on_scores)
        session.bus.subscribe(MarksChanged, self._on_scores)
        session.bus.subscribe(StatesChanged, self._on_states)

    def toggle(self) -> None:
        """Show or hide the list, as ``listed`` says."""
        self._session.settings.set("image list", "on" if self.listed.get() else "off")
        self._chosen = True
        self.show()

    def show(self, possible: bool = True) -> None:
        """Show the list if it is wanted: by default in a wide window, and while labels are painted.

        Args:
            possible: whether there are images, and room for it.
        """
        viewer, painting = self._session.viewer, self._session.viewer.labelling
        if not self._chosen:
            window = self._parent.winfo_toplevel()
            self.listed.set(window.winfo_width() >= theme_of(self._parent).px(LIST_FROM))
        wanted = self.listed.get() or (painting and not self._chosen)
        self._session.scores.wanted = wanted and possible and not painting
        self._place(self.images, wanted and possible)
        if not (wanted and possible):
            return
        pairs, scores = viewer.pairs(), self._session.scores
        images, index = viewer.images(), viewer.positions[viewer.part]

        def score_of(index: int) -> Score | None:
            if index < len(pairs):
                return scores.of(pairs[index])
            return viewer.marks.agreement_of(images[index]) if index < len(images) else None

        states = self._session.labelling.states
        if painting:
            self.images.show(
                images,
                index,
                lambda i: states.sureness(images[i]) if i < len(images) else None,
                note_of=lambda i: states.of(images[i]),
            )
        else:
            self.images.show(images, index, score_of, viewer.mark_of)
        self._write_scores()

    def _write_scores(self) -> None:
        viewer = self._session.viewer
        done, count = self._session.scores.done, len(viewer.pairs())
        busy = bool(not viewer.labelling and count and 0 < done < count)
        self.images.refresh(f"{done} of {count} scored" if busy else "")

    def _on_scores(self, _change: Change) -> None:
        if self._session.scores.wanted:
            self._write_scores()

    def _clicked(self) -> None:
        if self._session.viewer.labelling:
            self._to_image()

    def _on_states(self, _change: Change) -> None:
        if self._session.viewer.labelling:
            self.images.refresh()  # sorts the least sure drafts first if wanted
