"""The Translate menu: loading images and translating them."""

from __future__ import annotations

import tkinter as tk
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import TRANSLATED
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.labels.palette import Palette
from deepimagetranslator.core.errors import Repair, UserError
from deepimagetranslator.core.runs.run_folder import RunFolder
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.system_dialogs import Boxes

if TYPE_CHECKING:
    from deepimagetranslator.gui.dialogs.translation_dialog import Weights
    from deepimagetranslator.gui.jobs.job_window import JobWindow

_PURPOSE = "translated inputs"


class TranslateActions:
    """Loads and translates images.

    Args:
        root: the root window.
        session: runs the translation.
        boxes: file pickers and message boxes.
        pickers: ask for files.
    """

    def __init__(self, root: tk.Tk, session: Session, boxes: Boxes, pickers: Pickers) -> None:
        self._root = root
        self._session = session
        self._boxes = boxes
        self._pickers = pickers
        self._window: JobWindow | None = None
        self._output = Path()

    def load_images(self) -> None:
        """Choose and load images to translate, as in 2021."""
        files = self._pickers.images("Load translation images", _PURPOSE)
        if files:
            self._session.loader.load(TRANSLATED, {"inputs": files})

    def load_folder(self) -> None:
        """Choose and load a folder of images to translate."""
        folder = self._pickers.folder("Folder to translate", _PURPOSE)
        if folder is not None:
            self._session.loader.load(TRANSLATED, {"inputs": folder})

    def may_translate(self) -> bool:
        """Whether there are a model and images to translate, and no job is running."""
        session = self._session
        has_model = session.model.weights is not None or bool(self._best() or self._together())
        return has_model and bool(session.viewer.to_translate) and not session.jobs.kind

    def _best(self) -> list[Path]:
        """The best checkpoints of the project's runs."""
        best = (RunFolder(run).best for run in self._session.project.runs)
        return [path for path in best if path.exists()]

    def _together(self) -> dict[str, tuple[Path, ...]]:
        """The networks of the open study that translate together, by what the dialog shows."""
        studies = self._session.studies
        if studies.state is None:
            return {}
        only = len(studies.state.plan.variations) == 1
        of = f"study {studies.state.folder.path.name}"
        return {
            f"{len(one.files)} networks of {of if only else one.variation}": one.files
            for one in studies.ensembles
        }

    def translate(self) -> None:
        """Ask for weights, output folder and options, then translate the loaded images."""
        from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog  # noqa: PLC0415

        session, runs = self._session, self._session.project.runs
        inputs = session.viewer.to_translate
        if not inputs:
            raise UserError("There are no images to translate; load some first.")
        best, together = self._best(), self._together()
        epochs = {i.epoch: i.path for run in runs[-1:] for i in RunFolder(run).improvements()}
        if session.model.weights is None and not best and not together:
            raise UserError("There is no model; make, load or train one first.")

        def start(weights: Weights, output: Path, spec: TranslationSpec) -> None:
            def begin() -> None:
                session.jobs.translate(weights, output, spec)
                self._show_progress(output)

            self._boxes.guarded(begin, "Translate and save")()

        source = session.viewer.folder_to_translate or inputs[0].path.parent
        folder = source.with_name(f"{source.name}-translated")
        TranslationDialog.open(
            self._root,
            session.project.specs.translation,
            current=session.model.weights,
            best=best[-1] if best else None,
            epochs=epochs,
            together=together,
            folder=folder,
            ask_folder=lambda: self._boxes.folder("Output folder", str(source.parent)),
            on_ok=start,
        )

    def may_clean_up(self) -> bool:
        """Whether there is a model or a data set of label maps."""
        return self._palette() is not None

    def _palette(self) -> Palette | None:
        dataset = self._session.project.dataset
        return self._session.model.palette or (None if dataset is None else dataset.palette)

    def clean_up(self) -> None:
        """Choose rules that clean predicted label maps; the third pane shows what they do."""
        from deepimagetranslator.gui.dialogs.clean_up_dialog import CleanUpDialog  # noqa: PLC0415

        project, viewer, palette = self._session.project, self._session.viewer, self._palette()
        if palette is None:
            raise UserError("Only label maps are cleaned up; load a model that predicts them.")

        def take(rules: tuple[str, ...]) -> None:
            spec = replace(project.specs.translation, clean_up=rules)
            project.set_section("translation", spec)

        CleanUpDialog.open(
            self._root,
            project.specs.translation.clean_up,
            palette,
            viewer.predicted_pixels,
            viewer.try_clean_up,
            take,
        )

    def start_again(self, repair: Repair) -> None:
        """Repeat the last translation, which failed, with the settings of a repair."""
        self._session.jobs.translate_again(repair)
        if self._window is not None and self._window.winfo_exists():
            self._window.destroy()
        self._show_progress(self._output)

    def _show_progress(self, output: Path) -> None:
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        self._output = output
        self._window = JobWindow(self._root, self._session, "Translating", output=output)
