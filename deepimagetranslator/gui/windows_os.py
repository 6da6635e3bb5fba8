"""What Windows wants to be told before and after the window is made; nothing elsewhere."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tkinter as tk
from pathlib import Path

from deepimagetranslator.core.errors import UserError
from deepimagetranslator.core.system import paths

_IDENTITY = "DeepImageTranslator.DeepImageTranslator"


def be_sharp() -> None:
    """Say, before any window is made, that we scale ourselves."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)


def own_taskbar_button() -> None:
    """Say, before any window is made, that we are a program of our own and not Python."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(_IDENTITY)


def sharp_icon(root: tk.Tk) -> None:
    """The icon in all its sizes, from which Windows takes those of title and taskbar."""
    if sys.platform == "win32":
        with contextlib.suppress(tk.TclError):
            root.iconbitmap(default=str(paths.assets() / "icon.ico"))  # type: ignore[no-untyped-call,unused-ignore]


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    if sys.platform == "win32":
        os.startfile(folder)
    else:
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.Popen([opener, str(folder)], stderr=subprocess.DEVNULL)
        except OSError as error:
            raise UserError(f"The folder is {folder}; no file manager was found.") from error
