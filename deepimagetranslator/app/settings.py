"""Settings that are kept between sessions: folders, recent projects, window places, palette.

The file may hold anything: users edit it, and other versions write it. A wrong value is replaced by
its default, with a line in the log.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import paths
from deepimagetranslator.core.system.atomic_write import write_bytes
from deepimagetranslator.core.system.json_text import json_text
from deepimagetranslator.core.system.system_path import is_file, is_folder

MOST_RECENT = 8
PALETTE_NAMES = ("dark", "light", "system")
_RECENT, _STUDIES = "recent", "recent studies"
_MOST_BYTES = 2**20
_MOST_CHARACTERS = 4096
"""Of a text; a path on Linux has at most so many."""
_LISTED = 100
"""Of recent projects looked at; each look may take its time on a network drive."""
_PLACE = re.compile(r"\d{1,5}x\d{1,5}\+-?\d{1,5}\+-?\d{1,5}", re.ASCII)
_RULES: Mapping[str, Callable[[str], object]] = {
    "palette": PALETTE_NAMES.__contains__,
    "image list": ("on", "off").__contains__,
    "geometry": _PLACE.fullmatch,
    "monitor geometry": _PLACE.fullmatch,
    "study geometry": _PLACE.fullmatch,
}
_LOG = logging.getLogger(__name__)


class Settings:
    """Settings by name, saved on every change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: dict[str, Any] = _read(path)

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
        return [path for path in self._listed(_RECENT) if is_file(path)]

    @property
    def recent_studies(self) -> list[Path]:
        """Folders of recent studies that still exist, the latest first."""
        return [path for path in self._listed(_STUDIES) if is_folder(path)]

    def used_project(self, path: Path) -> None:
        """Put a project at the top of the list of recent ones."""
        self._put_first(_RECENT, path, self.recent)

    def used_study(self, folder: Path) -> None:
        """Put a study's folder at the top of the list of recent ones."""
        self._put_first(_STUDIES, folder, self.recent_studies)

    def _listed(self, name: str) -> list[Path]:
        return [Path(text) for text in self._values.get(name, [])[:_LISTED]]

    def _put_first(self, name: str, path: Path, before: list[Path]) -> None:
        others = [str(other) for other in before if other != path.absolute()]
        self._values[name] = [str(path.absolute()), *others][:MOST_RECENT]
        self._save()

    def _save(self) -> None:
        try:
            write_bytes(self._path, json_text(self._values).encode(), durable=True)
        except UserError:
            return  # lost settings are no reason to interrupt the user, for instance on a full disk


def _read(path: Path) -> dict[str, Any]:
    """The usable values of a settings file; none if it cannot be read."""
    try:
        if not path.is_file():  # a pipe would never end
            if path.exists():
                raise ValueError("it is no file")
            return {}
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no settings")
    except (OSError, ValueError, RecursionError) as error:
        _LOG.warning("%s cannot be used (%s); default settings are used.", path, error)
        return {}
    wrong = [name for name, value in values.items() if not _is_usable(name, value)]
    for name in wrong:
        del values[name]
        _LOG.warning("%s: '%.60s' has a wrong value; its default is used.", path, name)
    return values


def _is_usable(name: str, value: Any) -> bool:
    if name in (_RECENT, _STUDIES):
        return isinstance(value, list) and all(isinstance(path, str) for path in value)
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS or "\0" in value:
        return False
    rule = _RULES.get(name)
    return rule is None or bool(rule(value))
