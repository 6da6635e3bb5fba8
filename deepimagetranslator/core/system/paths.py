"""Paths of the program's own files (assets, settings, logs), from source, wheel or frozen build."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import platformdirs

_NAME = "DeepImageTranslator"
_HOME = "DEEPIMAGETRANSLATOR_HOME"


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
    chosen = os.environ.get(_HOME)
    return Path(chosen) if chosen else Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def use_writable_user_folder() -> str:
    """Make the user folder; if it cannot be written, use a temporary one in this process.

    Processes that this one starts use it as well.

    Returns:
        A sentence for the user if a temporary folder is used, else an empty text.

    Raises:
        OSError: there is no place for temporary files either.
    """
    folder = user_folder()
    try:
        log_folder().mkdir(parents=True, exist_ok=True)
        for place in (folder, log_folder()):
            tempfile.TemporaryFile(dir=place).close()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        os.environ[_HOME] = tempfile.mkdtemp(prefix=f"{_NAME}-")
        log_folder().mkdir()
        return (
            f"The folder {folder} cannot be written ({reason}). Settings, logs and runs of unsaved "
            f"projects are therefore in {user_folder()}, which the system may delete; save your "
            "project before you train."
        )
    return ""


def documents() -> Path:
    """The user's documents folder, or the home folder if there is none."""
    with suppress(OSError, ValueError):
        folder = Path(platformdirs.user_documents_dir())
        if folder.is_dir():
            return folder
    with suppress(RuntimeError):  # a user without a home folder
        return Path.home()
    return Path.cwd()


def settings_file() -> Path:
    """The file with the window's settings."""
    return user_folder() / "settings.json"


def log_folder() -> Path:
    """The folder with the logs of the window and the worker."""
    return user_folder() / "logs"


def unused(folder: Path) -> Path:
    """The folder, or if it exists the first one with a number after its name that does not."""
    number, free = 1, folder
    while free.exists():
        number += 1
        free = folder.with_name(f"{folder.name}_{number}")
    return free
