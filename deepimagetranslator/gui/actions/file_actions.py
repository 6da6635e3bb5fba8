"""The File menu: images and projects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deepimagetranslator.app.goals import Goal
from deepimagetranslator.app.loader import Loader
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.views import TRAINING
from deepimagetranslator.core.data.persons import Tree
from deepimagetranslator.gui.actions.pickers import Pickers
from deepimagetranslator.gui.system_dialogs import PROJECT_TYPES, Boxes


class FileActions:
    """Loads images; opens and saves projects.

    Args:
        project: the project that is saved and replaced.
        loader: loads the chosen files.
        boxes: ask about unsaved changes.
        pickers: ask for files.
        pairs_loaded: called after a folder pair has been loaded.
        persons_loaded: called with a tree of persons after it has been loaded.
        leave: ends the program; asks first if something would be lost.
        labels_written: whether all label maps are written, or the user gives up what is not.
    """

    def __init__(
        self,
        project: ProjectState,
        loader: Loader,
        boxes: Boxes,
        pickers: Pickers,
        pairs_loaded: Callable[[], object],
        persons_loaded: Callable[[Tree], object],
        leave: Callable[[], object],
        labels_written: Callable[[], bool],
    ) -> None:
        self._project = project
        self._loader = loader
        self._boxes = boxes
        self._pickers = pickers
        self._pairs_loaded = pairs_loaded
        self._persons_loaded = persons_loaded
        self.leave = leave
        self._labels_written = labels_written

    def load_images(self, part: str, side: str) -> None:
        """Choose and load the "inputs" or "targets" of training or validation, as in 2021."""
        what = "images" if side == "inputs" else side
        files = self._pickers.images(f"Load {part} {what}", f"{part} {side}")
        if files:
            self._loader.load(part, {side: files})

    def load_folder_pair(self, goal: Goal | None = None) -> None:
        """Choose and load a folder of inputs and one of targets.

        Args:
            goal: what is to be made; None if the user was not asked.
        """
        inputs = self._pickers.folder("Folder of training images", "pair inputs")
        if inputs is None:
            return
        title = "Folder of training targets" + (f": {goal.targets}" if goal else "")
        targets = self._boxes.folder(title, str(inputs.parent))
        if targets is not None:
            if goal is not None:
                data = replace(self._project.specs.data, target_kind=goal.target_kind)
                self._project.set_section("data", data)
            self.load_pair(inputs, targets)

    def load_pair(self, inputs: Path, targets: Path) -> None:
        """Load a folder of inputs and one of targets."""
        add = self._ask_to_add("Load folder pair")
        if add is not None:
            sources = {"inputs": inputs, "targets": targets}
            self._loader.load(TRAINING, sources, done=self._pairs_loaded, add=add)

    def load_persons(self, folder: Path | None = None) -> None:
        """Load a folder whose subfolders hold the images and targets of one person each.

        Args:
            folder: the folder; None asks for it.
        """
        folder = folder or self._pickers.folder("Folder with a subfolder per person", "persons")
        if folder is None:
            return
        add = self._ask_to_add("Load persons")
        if add is not None:
            self._loader.load_persons(folder, done=self._persons_loaded, add=add)

    def _ask_to_add(self, title: str) -> bool | None:
        """Whether to keep the training pairs that are loaded; None if the user cancels."""
        data = self._project.specs.data
        if not (data.train_inputs and data.train_targets):
            return False
        question = (
            f"{len(data.train_inputs)} training images are loaded. Add these images to them, or "
            "replace them?"
        )
        return (True, False, None)[
            self._boxes.choose(title, question, ("Add", "Replace", "Cancel"))
        ]

    def load_sample(self) -> None:
        """Create the sample data set and load it."""
        self._loader.load_sample()

    def new_project(self) -> None:
        """Start a new, empty project."""
        if self.may_drop_changes():
            self._project.new()

    def open_project(self) -> None:
        """Choose and open a project file."""
        path = self._pickers.file("Open project", "project", PROJECT_TYPES)
        if path is not None:
            self.open_path(path)

    def open_path(self, path: Path) -> None:
        """Open a project file."""
        if self.may_drop_changes():
            self._loader.open(path)
            self._project.settings.used_folder("project", path.parent)

    def recent(self) -> list[Path]:
        """Recently opened project files, the latest first."""
        return self._project.settings.recent

    def save_project(self) -> None:
        """Save the project to its file; asks for a file if it has none."""
        if self._project.path is None:
            self.save_project_as()
        else:
            self._project.save(self._project.path)

    def save_project_as(self) -> None:
        """Ask for a file and save the project there."""
        path = self._pickers.new_file("Save project", "project.json", PROJECT_TYPES, "project")
        if path is not None:
            self._project.save(path)

    def may_drop_changes(self) -> bool:
        """Whether no unsaved changes are left, or the user agrees to lose them."""
        if not self._labels_written():
            return False
        project = self._project
        if not project.changed:
            return True
        name = "the new project" if project.path is None else project.path.name
        question = f"Save the changes of {name}?"
        if project.path is None and project.runs:
            question += f" The weights that it has trained are in {project.runs[-1].parent}."
        answers = ("Save", "Don't save", "Cancel")
        answer = self._boxes.choose("Unsaved changes", question, answers)
        if answer == 0:
            self.save_project()
        return answer == 1 or not project.changed
