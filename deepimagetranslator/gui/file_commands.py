"""Commands of the File menu: images and projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION
from deepimagetranslator.core import paths
from deepimagetranslator.core.dataset import DataProblems
from deepimagetranslator.core.files import list_images
from deepimagetranslator.core.problem import Problem, UserError
from deepimagetranslator.core.specs import preset
from deepimagetranslator.gui.boxes import PROJECT_TYPES
from deepimagetranslator.gui.command_base import CommandBase

_PARTS = {TRAINING: "training", VALIDATION: "validation", TRANSLATED: "translation"}


class FileCommands(CommandBase):
    """Loading images; opening and saving projects."""

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

    def _tell_problems(self, problems: Sequence[Problem]) -> None:
        fatal = [problem for problem in problems if problem.fatal]
        if fatal:
            raise DataProblems(fatal[:12])
