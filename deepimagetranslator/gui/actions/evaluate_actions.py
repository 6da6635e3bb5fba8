"""The Evaluate menu: evaluating the current model."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence

from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import VALIDATION
from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.gui.actions.pickers import Pickers


class EvaluateActions:
    """Evaluating what the current model makes of images whose targets are known.

    Args:
        root: of the window.
        session: evaluates.
        pickers: ask for folders.
    """

    def __init__(self, root: tk.Tk, session: Session, pickers: Pickers) -> None:
        self._root = root
        self._session = session
        self._pickers = pickers

    def evaluate_part(self, part: str) -> None:
        """Evaluate the current model on the validation or training pairs."""
        matched = self._session.project.matched
        self._evaluate(matched.val if part == VALIDATION else matched.train)

    def evaluate_translated(self) -> None:
        """Evaluate the current model on images to translate, with targets from a folder."""
        inputs = self._session.viewer.to_translate
        if not inputs:
            raise UserError("Load the images for translation first.")
        folder = self._pickers.folder("Folder of targets", "eval targets")
        if folder is not None:
            self._evaluate(match_pairs(inputs, list_images(folder)).pairs)

    def _evaluate(self, pairs: Sequence[ImagePair]) -> None:
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        self._session.jobs.evaluate(pairs)
        JobWindow(self._root, self._session, "Evaluating")
