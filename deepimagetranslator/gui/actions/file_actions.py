"""The File menu: images and projects."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from deepimagetranslator.app.loader import Loader
from deepimagetranslator.app.project_state import ProjectState
from deepimagetranslator.app.views import TRAINING
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
        leave: ends the program; asks first if something would be lost.
    """

    def __init__(
        self,
        project: ProjectState,
        loader: Loader,
        boxes: Boxes,
        pickers: Pickers,
        pairs_loaded: Callable[[], object],
        leave: Callable[[], object],
    ) -> None:
        self._project = project
        self._loader = loader
        self._boxes = boxes
        self._pickers = pickers
        self._pairs_loaded = pairs_loaded
        self.leave = leave

    def load_images(self, part: str, side: str) -> None:
        """Choose and load the "inputs" or "targets" of training or validation, as in 2021."""
        what = "images" if side == "inputs" else side
        files = self._pickers.images(f"Load {part} {what}", f"{part} {side}")
        if files:
            self._loader.load(part, {side: files})

    def load_folder_pair(self) -> None:
        """Choose and load a folder of inputs and one of targets."""
        inputs = self._pickers.folder("Folder of training images", "pair inputs")
        if inputs is None:
            return
        targets = self._boxes.folder("Folder of training targets", str(inputs.parent))
        if targets is not None:
            sources = {"inputs": inputs, "targets": targets}
            self._loader.load(TRAINING, sources, done=self._pairs_loaded)

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
        """Whether the project has no unsaved changes, or the user agrees to lose them."""
        question = "The project has unsaved changes. Continue without saving them?"
        return not self._project.changed or self._boxes.yes("Unsaved changes", question)
