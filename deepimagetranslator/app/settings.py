"""Settings that are kept between sessions: folders, recent projects, window places, palette."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import atomic_write
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.system.system_path import is_file, is_folder

MOST_RECENT = 8


class Settings:
    """Settings by name, saved on every change; an unreadable file is replaced by defaults."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            values = {}
        if isinstance(values, dict):
            self._values = values

    def get(self, name: str, default: str = "") -> str:
        """The stored text of that name, or the default."""
        value = self._values.get(name, default)
        return value if isinstance(value, str) else default

    def set(self, name: str, value: str) -> None:
        """Store a text."""
        if self._values.get(name) != value:
            self._values[name] = value
            self._save()

    def folder(self, purpose: str) -> str:
        """The last folder used for a purpose; the user's documents if it no longer exists."""
        folder = self.get(f"folder {purpose}")
        return folder if folder and is_folder(folder) else str(paths.documents())

    def used_folder(self, purpose: str, folder: Path) -> None:
        """Store the folder last used for a purpose."""
        self.set(f"folder {purpose}", str(folder))

    @property
    def recent(self) -> list[Path]:
        """Recent project files that still exist, the latest first."""
        value = self._values.get("recent", [])
        names = value if isinstance(value, list) else []
        paths = [Path(name) for name in names if isinstance(name, str)]
        return [path for path in paths if is_file(path)]

    def used_project(self, path: Path) -> None:
        """Put a project at the top of the list of recent ones."""
        others = [str(other) for other in self.recent if other != path.absolute()]
        self._values["recent"] = [str(path.absolute()), *others][:MOST_RECENT]
        self._save()

    def _save(self) -> None:
        try:
            with atomic_write(self._path) as temporary:
                temporary.write_text(json_text(self._values), encoding="utf-8")
        except UserError:
            return  # lost settings are no reason to interrupt the user, for instance on a full disk
