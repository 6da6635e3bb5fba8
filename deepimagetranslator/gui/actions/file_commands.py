"""Commands of the File menu: images and projects."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app.loading import SeriesQuestion
from deepimagetranslator.app.views import TRAINING, TRANSLATED, VALIDATION
from deepimagetranslator.core.config.presets import preset
from deepimagetranslator.core.system import paths
from deepimagetranslator.gui.actions.command_base import CommandBase
from deepimagetranslator.gui.system_dialogs import PROJECT_TYPES

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
            self.session.load_from(part, {side: files})

    def load_folder_pair(self) -> None:
        """Choose a folder of inputs and one of targets."""
        settings = self.session.settings
        inputs = self.boxes.folder("Folder of training images", settings.folder("pair inputs"))
        if inputs is None:
            return
        settings.used_folder("pair inputs", inputs)
        targets = self.boxes.folder("Folder of training targets", str(inputs.parent))
        if targets is not None:
            sources = {"inputs": inputs, "targets": targets}
            self.session.load_from(TRAINING, sources, done=self.pairs_loaded)

    def pairs_loaded(self) -> None:
        """Called when both sides of the training pairs have been loaded."""

    def load_folder_for_translation(self) -> None:
        """Choose a folder whose images are to be translated."""
        settings = self.session.settings
        folder = self.boxes.folder("Folder to translate", settings.folder("translated inputs"))
        if folder is not None:
            settings.used_folder("translated inputs", folder)
            self.session.load_from(TRANSLATED, {"inputs": folder})

    def ask_series(self, question: SeriesQuestion) -> None:
        """Let the user choose one of several DICOM series; loading goes on with it."""
        from deepimagetranslator.gui.dialogs.series_dialog import SeriesDialog  # noqa: PLC0415

        SeriesDialog(self.root, question.series, on_ok=question.go_on)

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
            train, val = (
                {"inputs": [pair[0] for pair in pairs], "targets": [pair[1] for pair in pairs]}
                for pairs in parts
            )
            session.load_from(VALIDATION, val, done=lambda: session.load_from(TRAINING, train))

        session.background.run("sample", drawn_set, load, self._failed)

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
            self.session.open_in_background(path)
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
