"""Commands of the Translate and Evaluate menus, and what follows a job's end."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from deepimagetranslator.app.loading import SeriesQuestion
from deepimagetranslator.app.views import VALIDATION
from deepimagetranslator.core.config.run_folder import RunFolder
from deepimagetranslator.core.config.specs import TranslationSpec
from deepimagetranslator.core.data.pairs import ImagePair, match_pairs
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.imaging.files import list_images
from deepimagetranslator.core.messages.events import JobFailed, WorkerDied
from deepimagetranslator.gui.actions.model_commands import ModelCommands

_LOG = logging.getLogger(__name__)


class JobCommands(ModelCommands):
    """Translating, measuring; a job that failed or an engine that died."""

    def translate(self) -> None:
        """Ask where and how, then translate the loaded images."""
        from deepimagetranslator.gui.dialogs.translation_dialog import TranslationDialog  # noqa: PLC0415
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        session = self.session
        if not session.to_translate:
            raise UserError("There are no images to translate; load some first.")
        best = [RunFolder(run).best for run in session.runs() if RunFolder(run).best.exists()]
        runs = session.runs() if session.path else []
        epochs = {i.epoch: i.path for run in runs[-1:] for i in RunFolder(run).improvements()}
        if session.weights is None and not best:
            raise UserError("There is no model; make, load or train one first.")

        def start(weights: Path, output: Path, spec: TranslationSpec) -> None:
            def begin() -> None:
                session.translate(weights, output, spec)
                JobWindow(self.root, session, "Translating")

            self.guarded(begin)()

        first = session.to_translate[0].parent
        folder = str(first.with_name(f"{first.name}-translated"))
        TranslationDialog.open(
            self.root,
            session.specs.translation,
            current=session.weights,
            best=best[-1] if best else None,
            epochs=epochs,
            folder=Path(folder),
            ask_folder=lambda: self.boxes.folder("Output folder", folder),
            on_ok=start,
        )

    def evaluate(self, part: str) -> None:
        """Measure the current model on the validation or training pairs."""
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        matched = self.session.matched
        self.session.evaluate(matched.val if part == VALIDATION else matched.train)
        JobWindow(self.root, self.session, "Measuring")

    def evaluate_translated(self) -> None:
        """Measure the current model on images to translate, with targets from a folder."""
        from deepimagetranslator.gui.jobs.job_window import JobWindow  # noqa: PLC0415

        session = self.session
        if not session.to_translate:
            raise UserError("Load the images for translation first.")
        folder = self.boxes.folder("Folder of targets", session.settings.folder("eval targets"))
        if folder is None:
            return
        session.settings.used_folder("eval targets", folder)
        pairs: Sequence[ImagePair] = match_pairs(session.to_translate, list_images(folder)).pairs
        session.evaluate(pairs)
        JobWindow(self.root, session, "Measuring")

    def _on_change(self, topic: str, subject: object) -> None:
        if topic == "problem":
            self.boxes.fail("That did not work", str(subject), "")
        elif topic == "series" and isinstance(subject, SeriesQuestion):
            self.ask_series(subject)
        elif topic == "job ended" and isinstance(subject, tuple):
            self._job_ended(*subject)

    def _job_ended(self, kind: str, event: object) -> None:
        if isinstance(event, JobFailed):
            unexpected = "" if event.kind == "user" else "Something unexpected happened. "
            if event.kind != "user":
                _LOG.warning("%s failed: %s", kind, event.details)
            self.boxes.fail(f"The {kind} ended", f"{unexpected}{event.message}", event.details)
        elif isinstance(event, WorkerDied):
            self._worker_died(kind, event)

    def _worker_died(self, kind: str, event: WorkerDied) -> None:
        _LOG.warning("The engine ended with %s: %s", event.exit_code, event.log)
        monitor = self.session.monitor
        run_dir = monitor.run_dir if kind == "training" else None
        if run_dir is not None and RunFolder(run_dir).last.exists():
            question = (
                "The engine ended by itself in mid-training. Every whole epoch is kept. Resume "
                "the training now?"
            )
            if self.boxes.yes("The engine ended", question):
                self.guarded(self.resume)()
            return
        message = (
            "The engine ended by itself; it is started again with the next job. If it ends before "
            "it is ready each time: it needs a 64-bit processor with AVX. Help > Open log folder "
            "shows its last words."
        )
        self.boxes.fail("The engine ended", message, event.log)
