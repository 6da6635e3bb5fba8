"""The Evaluate menu: evaluating the current model."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from functools import partial

from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import VALIDATION
from deepimagetranslator.core.data.pairs import ImagePair
from deepimagetranslator.core.errors import Problem, UserError
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.system_dialogs import Boxes


class EvaluateActions:
    """Evaluates the current model on images with known targets.

    Args:
        root: the root window.
        session: runs the evaluation.
        boxes: message boxes.
        pickers: ask for folders.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes, pickers: Pickers) -> None:
        self._root = root
        self._session = session
        self._boxes = boxes
        self._pickers = pickers

    def evaluate_part(self, part: str) -> None:
        """Evaluate the current model on the validation or training pairs."""
        matched = self._session.project.matched
        pairing = matched.val_pairing if part == VALIDATION else matched.train_pairing
        self._evaluate(pairing.pairs, pairing.problems)

    def calibrate(self) -> None:
        """Evaluate on the validation pairs, and calibrate the model's confidence on them."""
        pairing = self._session.project.matched.val_pairing
        self._evaluate(pairing.pairs, pairing.problems, calibrate=True)

    def may_evaluate_part(self, part: str) -> bool:
        """Whether there are a model and pairs of that part, and no job is running."""
        matched = self._session.project.matched
        return self._is_ready() and bool(matched.val if part == VALIDATION else matched.train)

    def may_evaluate_translated(self) -> bool:
        """Whether there are a model and images to translate, and no job is running."""
        return self._is_ready() and bool(self._session.viewer.to_translate)

    def _is_ready(self) -> bool:
        return self._session.model.weights is not None and not self._session.jobs.kind

    def evaluate_translated(self) -> None:
        """Evaluate the current model on images to translate, with targets from a folder."""
        if not self._session.viewer.to_translate:
            raise UserError("Load the images for translation first.")
        folder = self._pickers.folder("Folder of targets", "eval targets")
        if folder is not None:
            self._session.loader.load_targets_to_evaluate(folder, self._guarded_evaluate)

    def _guarded_evaluate(self, pairs: Sequence[ImagePair], problems: Sequence[Problem]) -> None:
        action = "Evaluate translated images with targets"
        self._boxes.guarded(lambda: self._evaluate(pairs, problems), action)()

    def _evaluate(
        self, pairs: Sequence[ImagePair], problems: Sequence[Problem], calibrate: bool = False
    ) -> None:
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        self._session.jobs.evaluate(pairs, problems, calibrate=calibrate)
        ask_file = partial(self._pickers.new_file, purpose="evaluation")
        title = "Calibrating" if calibrate else "Evaluating"
        JobWindow(self._root, self._session, title, ask_file)
