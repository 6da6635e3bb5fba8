"""File pickers that begin where the user was the last time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.gui.system_dialogs import Boxes

Types = Sequence[tuple[str, str]]


class Pickers:
    """Asks for files and folders; each purpose has a folder of its own, which is remembered.

    Args:
        boxes: the system's pickers.
        settings: remembers the folders.
    """

    def __init__(self, boxes: Boxes, settings: Settings) -> None:
        self._boxes = boxes
        self._settings = settings

    def images(self, title: str, purpose: str) -> Sequence[Path]:
        """Image files; empty if none is chosen."""
        files = self._boxes.open_files(title, self._settings.folder(purpose))
        if files:
            self._settings.used_folder(purpose, files[0].parent)
        return files

    def file(self, title: str, purpose: str, types: Types) -> Path | None:
        """One file of these types (name, patterns)."""
        path = self._boxes.open_file(title, self._settings.folder(purpose), types)
        if path is not None:
            self._settings.used_folder(purpose, path.parent)
        return path

    def folder(self, title: str, purpose: str) -> Path | None:
        """A folder."""
        folder = self._boxes.folder(title, self._settings.folder(purpose))
        if folder is not None:
            self._settings.used_folder(purpose, folder)
        return folder

    def new_file(self, title: str, purpose: str, name: str, types: Types) -> Path | None:
        """A file to write, ``name`` unless the user types another."""
        path = self._boxes.save_file(title, self._settings.folder(purpose), name, types)
        if path is not None:
            self._settings.used_folder(purpose, path.parent)
        return path
