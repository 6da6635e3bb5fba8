"""Files and folders that are dropped onto the window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deepimagetranslator.app.current_model import CurrentModel
from deepimagetranslator.app.loader import Loader
from deepimagetranslator.app.viewer import Viewer
from deepimagetranslator.app.views import TRAINING, TRANSLATED
from deepimagetranslator.core.data.persons import sides_of
from deepimagetranslator.core.errors import UserError
from deepimagetranslator.gui.actions.file_actions import FileActions

SIDES = {"image": "inputs", "target": "targets"}
"""The side of each pane but the prediction's."""


class DropActions:
    """Decides what to do with dropped files, by their kind and the pane below the pointer.

    Args:
        file: loads folder pairs and persons, opens projects.
        loader: loads images.
        viewer: knows the part in view, which takes the images.
        model: takes weights.
    """

    def __init__(
        self, file: FileActions, loader: Loader, viewer: Viewer, model: CurrentModel
    ) -> None:
        self._file = file
        self._loader = loader
        self._viewer = viewer
        self._model = model

    def drop(self, paths: Sequence[Path], role: str) -> None:
        """Load what was dropped.

        Args:
            paths: files and folders.
            role: the pane below the pointer: "image", "target", "prediction", or "" for none.

        Raises:
            UserError: what was dropped has no meaning.
        """
        folders = [path for path in paths if path.is_dir()]
        if len(paths) == 1 and paths[0].suffix.lower() == ".json":
            self._file.open_path(paths[0])
        elif len(paths) == 1 and paths[0].suffix.lower() in (".h5", ".hdf5"):
            self._model.load(paths[0])
        elif len(folders) == len(paths) == 2:
            self._load_pair(folders)
        elif len(folders) == len(paths) == 1 and role != "prediction":
            self._load_folder(folders[0], role)
        else:
            self._load_images(paths, role)

    def _load_pair(self, folders: Sequence[Path]) -> None:
        inputs, targets = sides_of(folders)
        if inputs is None or targets is None:
            names = " and ".join(folder.name for folder in folders)
            raise UserError(
                f"The names {names} do not say which folder holds the targets; drop each onto the "
                "pane of its side."
            )
        self._file.load_pair(inputs, targets)

    def _load_folder(self, folder: Path, role: str) -> None:
        """Load a tree of persons, or else a folder of images."""

        def go_on(is_tree: bool) -> None:
            if is_tree:
                self._file.load_persons(folder)
            else:
                self._load_images([folder], role)

        self._loader.recognize(folder, go_on)

    def _load_images(self, paths: Sequence[Path], role: str) -> None:
        """Load images for the pane's side of the part in view, or for translation."""
        part = self._viewer.part
        if role == "prediction" or (part == TRANSLATED and role != "target"):
            part, side = TRANSLATED, "inputs"
        else:
            side = SIDES.get(role, "inputs")
            part = TRAINING if part == TRANSLATED else part
        one_folder = len(paths) == 1 and paths[0].is_dir()
        self._loader.load(part, {side: paths[0] if one_folder else list(paths)})
