"""File pickers that open in the folder used last."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.core.system.system_path import require_possible
from deepimagetranslator.gui.system_dialogs import Boxes

Types = Sequence[tuple[str, str]]


class Pickers:
    """Asks for files and folders; the last folder is remembered for each purpose.

    Each method raises ``UserError`` for a name that no file can have, which can be typed there.

    Args:
        boxes: the system's pickers.
        settings: store the folders.
    """

    def __init__(self, boxes: Boxes, settings: Settings) -> None:
        self._boxes = boxes
        self._settings = settings

    def images(self, title: str, purpose: str) -> Sequence[Path]:
        """Ask for image files; empty if cancelled."""
        files = self._boxes.open_files(title, self._settings.folder(purpose))
        require_possible(*files)
        if files:
            self._settings.used_folder(purpose, files[0].parent)
        return files

    def file(self, title: str, purpose: str, types: Types) -> Path | None:
        """Ask for one file of these types (name, patterns); None if cancelled."""
        path = self._boxes.open_file(title, self._settings.folder(purpose), types)
        if path is not None:
            require_possible(path)
            self._settings.used_folder(purpose, path.parent)
        return path

    def folder(self, title: str, purpose: str) -> Path | None:
        """Ask for a folder; None if cancelled."""
        folder = self._boxes.folder(title, self._settings.folder(purpose))
        if folder is not None:
            require_possible(folder)
            self._settings.used_folder(purpose, folder)
        return folder

    def new_file(self, title: str, name: str, types: Types, purpose: str) -> Path | None:
        """Ask for a file to write, with ``name`` as the suggestion; None if cancelled."""
        path = self._boxes.save_file(title, self._settings.folder(purpose), name, types)
        if path is not None:
            require_possible(path)
            self._settings.used_folder(purpose, path.parent)
        return path
