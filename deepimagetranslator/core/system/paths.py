"""Paths of the program's own files (assets, settings, logs), from source, wheel or frozen build."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import platformdirs

_NAME = "DeepImageTranslator"


def assets() -> Path:
    """The folder with icon, pictures and guide."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "deepimagetranslator" / "assets"
    name = __name__.partition(".")[0]
    package = next(folder for folder in Path(__file__).resolve().parents if folder.name == name)
    inside = package / "assets"
    return inside if inside.is_dir() else package.parent / "assets"


def user_folder() -> Path:
    """The folder for settings and unsaved models; DEEPIMAGETRANSLATOR_HOME overrides it (tests)."""
    chosen = os.environ.get("DEEPIMAGETRANSLATOR_HOME")
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def documents() -> Path:
    """The user's documents folder, or the home folder if there is none."""
    folder = Path(platformdirs.user_documents_dir())
    return folder if folder.is_dir() else Path.home()


def settings_file() -> Path:
    """The file with the window's settings."""
    return user_folder() / "settings.json"


def log_folder() -> Path:
    """The folder with the logs of the window and the worker."""
    return user_folder() / "logs"
