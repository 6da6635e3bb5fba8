"""What each menu entry does: asks what it must, then tells the session."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tkinter as tk
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator import __version__
from deepimagetranslator.app.session import Session
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION, Wanted, drawn
from deepimagetranslator.core import paths
from deepimagetranslator.core.dataset import DataProblems
from deepimagetranslator.core.files import list_images
from deepimagetranslator.core.pairs import ImagePair, match_pairs
from deepimagetranslator.core.pixels import Array
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.protocol import (
    JobFailed,
    WorkerDied,
)
from deepimagetranslator.core.run_folder import RunFolder
from deepimagetranslator.core.specs import AugmentationSpec, TranslationSpec, preset
from deepimagetranslator.gui.boxes import PROJECT_TYPES, WEIGHTS_TYPES, Boxes
from deepimagetranslator.gui.theme import theme_of

_PARTS = {TRAINING: "training", VALIDATION: "validation", TRANSLATED: "translation"}
_LOG = logging.getLogger(__name__)


class Commands:
    """The menus' actions.

    Args:
        root: of the window.
        session: the truth.
        boxes: file pickers and message boxes.
        leave: ends the program.

    Attributes:
        places: where other windows lie, to be remembered.
    """

    def __init__(
        self, root: tk.Tk, session: Session, boxes: Boxes, leave: Callable[[], None]
    ) -> None:
        self.root = root
        self.session = session
        self.boxes = boxes
        self._leave = leave
        self.places: dict[str, str] = {}
        session.subscribe(self._on_change)

    def guarded(self, action: Callable[[], object]) -> Callable[[], None]:
        """The action with what the user can put right shown as a sentence."""

        def run() -> None:
            try:
                action()
            except UserError as error:
                self.boxes.fail("That did not work", str(error), "")

        return run

    # ---- files -----------------------------------------------------------------------------

    def load_files(self, part: str, side: str) -> None:
        """Choose many images, as in 2021."""
        what = "images" if side == "inputs" else "targets"
        title = f"Load {_PARTS[part]} {what}"
        purpose = f"{part} {side}"
        files = self.boxes.open_files(title, self.session.settings.folder(purpose))
        if files:
            self.session.settings.used_folder(purpose, files[0].parent)
            self.session.load_files(part, side, list_images(files))

    def load_folder_pair(self) -> None:
        """Choose a folder of inputs and one of targets."""
        settings = self.session.settings
        inputs = self.boxes.folder("Folder of training images", settings.folder("pair inputs"))
        if inputs is None:
            return
        settings.used_folder("pair inputs", inputs)
        targets = self.boxes.folder("Folder of training targets", str(inputs.parent))
        if targets is None:
            return
        files = list_images(inputs), list_images(targets)
        self.session.load_files(TRAINING, "inputs", files[0])
        self.session.load_files(TRAINING, "targets", files[1])
        self._tell_problems(self.session.matched.problems)

    def load_folder_for_translation(self) -> None:
        """Choose a folder whose images are to be translated."""
        settings = self.session.settings
        folder = self.boxes.folder("Folder to translate", settings.folder("translated inputs"))
        if folder is not None:
            settings.used_folder("translated inputs", folder)
            self.session.load_files(TRANSLATED, "inputs", list_images(folder))

    def load_sample(self) -> None:
        """Draw the sample data set and load it."""
        from deepimagetranslator.core.sample import SAMPLE_SIZE, write_sample  # noqa: PLC0415

        folder = paths.user_folder() / "sample"
        session = self.session

        def drawn_set() -> list[list[tuple[Path, Path]]]:
            sample = write_sample(folder)
            people = list(sample.pairs.values())
            return [[pair for person in people[:-2] for pair in person], list(people[-2])]

        def load(parts: list[list[tuple[Path, Path]]]) -> None:
            # The amounts of augmentation are meant for images of 512 pixels.
            usual, scale = preset(session.project.preset).augmentation, SAMPLE_SIZE / 512
            smaller = replace(
                session.specs.augmentation,
                scaling=usual.scaling * scale,
                translation=usual.translation * scale,
            )
            session.set_section("augmentation", smaller)
            for part, pairs in zip((VALIDATION, TRAINING), reversed(parts), strict=True):
                session.load_files(part, "inputs", [pair[0] for pair in pairs])
                session.load_files(part, "targets", [pair[1] for pair in pairs])

        session.background.run("sample", drawn_set, load, self._failed)

    def split_validation(self) -> None:
        """Keep some persons' pairs for validation."""
        question = "Per cent of the images to keep for validation (whole persons):"
        answer = self.boxes.text("Split validation from training", question, "20")
        if answer is None:
            return
        try:
            fraction = float(answer.strip().rstrip("%")) / 100
        except ValueError:
            raise UserError(f"'{answer}' is no number; give per cent, for instance 20.") from None
        warning = self.session.split_validation(fraction, None)
        train, val = len(self.session.matched.train), len(self.session.matched.val)
        note = f"\n\n{warning}" if warning else ""
        self.boxes.tell("Validation split", f"{train} training and {val} validation pairs.{note}")

    # ---- projects --------------------------------------------------------------------------

    def new_project(self) -> None:
        """Begin anew."""
        if self.may_drop_changes():
            self.session.new_project()

    def open_project(self) -> None:
        """Choose a project file."""
        folder = self.session.settings.folder("project")
        path = self.boxes.open_file("Open project", folder, PROJECT_TYPES)
        if path is not None:
            self.open_path(path)

    def open_path(self, path: Path) -> None:
        """Open a project file."""
        if self.may_drop_changes():
            self.session.open_project(path)
            self.session.settings.used_folder("project", path.parent)

    def save_project(self) -> None:
        """Save the project under its name, or ask for one."""
        if self.session.path is None:
            self.save_project_as()
        else:
            self.session.save_project(self.session.path)

    def save_project_as(self) -> None:
        """Ask for a name and save the project."""
        folder = self.session.settings.folder("project")
        path = self.boxes.save_file("Save project", folder, "project.json", PROJECT_TYPES)
        if path is not None:
            self.session.settings.used_folder("project", path.parent)
            self.session.save_project(path)

    def may_drop_changes(self) -> bool:
        """Whether there is nothing unsaved, or the user gives it up."""
        question = "The project has unsaved changes. Go on without saving them?"
        return not self.session.changed or self.boxes.yes("Unsaved changes", question)

    def leave(self) -> None:
        """End the program, asking first where something would be lost."""
        self._leave()

    # ---- model -----------------------------------------------------------------------------

    def set_training(self) -> None:
        """Define training parameters."""
        from deepimagetranslator.gui.dialogs import TrainingDialog  # noqa: PLC0415

        TrainingDialog.open(
            self.root,
            self.session.specs.training,
            on_ok=lambda spec: self.session.set_section("training", spec),
        )

    def new_model(self) -> None:
        """Define a new network and make it the current model."""
        from deepimagetranslator.gui.model_dialog import ModelDialog  # noqa: PLC0415

        ModelDialog.open(
            self.root,
            self.session.specs.model,
            self.session.specs.training,
            self.session.pair_shape(),
            on_ok=self.session.set_model,
        )

    def load_weights(self) -> None:
        """Choose a weights file."""
        settings = self.session.settings
        path = self.boxes.open_file("Load weights", settings.folder("weights"), WEIGHTS_TYPES)
        if path is not None:
            settings.used_folder("weights", path.parent)
            self.session.load_weights(path)

    def save_weights(self) -> None:
        """Save a copy of the current model."""
        if self.session.weights is None:
            raise UserError("There is no model to save; make, load or train one first.")
        folder = self.session.settings.folder("weights")
        name = "model.weights.h5"
        path = self.boxes.save_file("Save current model weights", folder, name, WEIGHTS_TYPES)
        if path is not None:
            if not path.name.endswith((".h5", ".hdf5")):
                path = path.with_name(path.name + ".weights.h5")
            self.session.save_weights(path)

    def load_epoch(self) -> None:
        """Choose among the epochs whose weights were kept."""
        from deepimagetranslator.gui.epoch_dialog import EpochDialog  # noqa: PLC0415

        found = [i for run in self.session.runs() for i in RunFolder(run).improvements()]
        monitor = self.session.monitor
        if monitor.run_dir is not None and monitor.run_dir not in self.session.runs():
            found += RunFolder(monitor.run_dir).improvements()
        if not found:
            raise UserError("There are no weights of an epoch yet; train the model first.")
        EpochDialog.open(self.root, found, self.session.load_weights)

    def describe_weights(self) -> None:
        """What the current model's file says of itself."""
        if self.session.weights is None:
            raise UserError("There is no model; make, load or train one first.")
        lines = "\n".join(self.session.weights_lines)
        self.boxes.tell("Weights", f"{self.session.weights}\n\n{lines}")

    # ---- training --------------------------------------------------------------------------

    def set_augmentation(self) -> None:
        """Choose the augmentation, with a preview of the user's own pair."""
        from deepimagetranslator.gui.augmentation_dialog import (  # noqa: PLC0415
            AugmentationDialog,
        )

        AugmentationDialog.open(
            self.root,
            self.session.specs.augmentation,
            self._draw_preview if self.session.matched.train else None,
            on_ok=lambda spec: self.session.set_section("augmentation", spec),
        )

    def _draw_preview(self, spec: AugmentationSpec, number: int) -> tuple[Array, Array | None]:
        """The pair in view as epoch ``number`` of training draws it. For a thread."""
        session = self.session
        data = session.dataset
        if data is None:
            raise UserError("Load training images and their targets to see a preview.")
        index = min(session.positions[TRAINING], len(data.train) - 1)
        pair = data.train[index]
        seed = session.specs.training.seed
        wanted = Wanted(TRAINING, index, len(data.train), pair.input, pair.target)
        wanted = replace(wanted, augmentation=spec, seed=seed, epoch=number)
        return drawn(data, wanted)

    def train(self) -> None:
        """Train the model and show the monitor."""
        self.session.train()
        self.show_monitor()

    def train_from_weights(self) -> None:
        """Train from the weights of a file."""
        settings = self.session.settings
        path = self.boxes.open_file("Start from weights", settings.folder("weights"), WEIGHTS_TYPES)
        if path is not None:
            self.session.train(weights=path)
            self.show_monitor()

    def resume(self) -> None:
        """Go on with the last training after its last whole epoch."""
        run_dir = self.session.monitor.run_dir
        if run_dir is None or not RunFolder(run_dir).last.exists():
            runs = [run for run in self.session.runs() if RunFolder(run).last.exists()]
            if not runs:
                raise UserError("There is no training to resume; train the model first.")
            run_dir = runs[-1]
        self.session.train(run_dir, resume=True)
        self.show_monitor()

    def finish_early(self) -> None:
        """End the training after this epoch."""
        self._refuse_idle()
        self.session.finish_early()

    def stop(self) -> None:
        """Stop the job."""
        self._refuse_idle()
        self.session.stop()

    def _refuse_idle(self) -> None:
        if not self.session.job_kind:
            raise UserError("Nothing runs that could be stopped.")

    def show_monitor(self) -> None:
        """The training monitor, in front."""
        from deepimagetranslator.gui.training_monitor import (  # noqa: PLC0415
            MonitorActions,
            open_monitor,
        )

        session, monitor = self.session, self.session.monitor

        def folder() -> None:
            if monitor.run_dir is not None:
                open_folder(monitor.run_dir)

        def best() -> None:
            if monitor.best_weights is not None:
                session.load_weights(monitor.best_weights)

        window = open_monitor(
            self.root,
            monitor,
            MonitorActions(
                finish=session.finish_early,
                stop=session.stop,
                force_stop=session.force_stop,
                load_best=best,
                translate=self.guarded(self.load_folder_for_translation),
                open_folder=folder,
                use_epoch=lambda _epoch, path: session.load_weights(path),
                resume=self.guarded(self.resume),
                show_details=lambda: self.boxes.tell("Details", monitor.details or "None."),
            ),
        )
        self._remember_place(window, "monitor geometry")

    def _remember_place(self, window: tk.Toplevel, name: str) -> None:
        """Put a window where it was last, and remember where it goes; once a window."""
        if getattr(window, "_place_is_remembered", False):
            return
        setattr(window, "_place_is_remembered", True)  # noqa: B010
        place = self.session.settings.get(name)
        if place:
            window.geometry(place)

        def note(_event: object) -> None:
            self.places[name] = window.geometry()

        window.bind("<Configure>", note, add=True)

    # ---- translating and measuring ---------------------------------------------------------

    def translate(self) -> None:
        """Ask where and how, then translate the loaded images."""
        from deepimagetranslator.gui.dialogs import TranslationDialog  # noqa: PLC0415
        from deepimagetranslator.gui.job_window import JobWindow  # noqa: PLC0415

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
        from deepimagetranslator.gui.job_window import JobWindow  # noqa: PLC0415

        matched = self.session.matched
        self.session.evaluate(matched.val if part == VALIDATION else matched.train)
        JobWindow(self.root, self.session, "Measuring")

    def evaluate_translated(self) -> None:
        """Measure the current model on images to translate, with targets from a folder."""
        from deepimagetranslator.gui.job_window import JobWindow  # noqa: PLC0415

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

    # ---- the rest --------------------------------------------------------------------------

    def set_palette(self, name: str) -> None:
        """Dark, light, or as the system."""
        theme_of(self.root).apply(name)
        self.session.settings.set("palette", name)

    def show_guide(self) -> None:
        """A page on how to work with the program."""
        from deepimagetranslator.gui.guide import Guide  # noqa: PLC0415

        Guide.open(self.root)

    def show_about(self) -> None:
        """Version, licence, citation."""
        device = self.session.device or "the engine is still loading"
        self.boxes.tell(
            "About DeepImageTranslator",
            f"DeepImageTranslator {__version__}\nDevice: {device}\n\nFree software under the GNU "
            "General Public License, version 3 or later.\n\nPlease cite: Ye RZ et al., "
            '"DeepImageTranslator: a free, user-friendly graphical interface for image '
            'translation using deep learning and its applications in 3D CT image analysis", '
            "bioRxiv 2021, doi 10.1101/2021.05.15.444315.",
        )

    def open_log_folder(self) -> None:
        """Show the logs in the system's file manager."""
        paths.log_folder().mkdir(parents=True, exist_ok=True)
        open_folder(paths.log_folder())

    def _on_change(self, topic: str, subject: object) -> None:
        if topic == "problem":
            self.boxes.fail("That did not work", str(subject), "")
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

    def _failed(self, error: Exception) -> None:
        self.boxes.fail("That did not work", str(error), "")

    def _tell_problems(self, problems: Sequence[Problem]) -> None:
        fatal = [problem for problem in problems if problem.fatal]
        if fatal:
            raise DataProblems(fatal[:12])


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    if sys.platform == "win32":
        os.startfile(folder)
    else:
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.Popen([opener, str(folder)], stderr=subprocess.DEVNULL)
        except OSError as error:
            raise UserError(f"The folder is {folder}; no file manager was found.") from error
