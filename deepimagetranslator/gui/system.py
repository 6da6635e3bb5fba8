"""What Windows wants to be told before and after the window is made; nothing elsewhere."""

from __future__ import annotations

import contextlib
import sys
import tkinter as tk

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
