"""Calls that integrate the window with the operating system, mostly with Windows."""

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
    """Declare DPI awareness, so that Windows does not scale the window; call it before ``Tk()``."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)


def own_taskbar_button() -> None:
    """Give the program its own taskbar button instead of Python's; call it before ``Tk()``."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID(_IDENTITY)


def sharp_icon(root: tk.Tk) -> None:
    """Set the icon in all its sizes; Windows picks those for the title and the taskbar."""
    if sys.platform == "win32":
        with contextlib.suppress(tk.TclError):
            root.iconbitmap(default=str(paths.assets() / "icon.ico"))  # type: ignore[no-untyped-call,unused-ignore]


def monitor_at(left: int, top: int, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The monitor of Windows that a rectangle is on, or the nearest one, without the task bar.

    Returns:
        Left, top, width and height in pixels; None on other systems.
    """
    place = None
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415
        from ctypes import wintypes  # noqa: PLC0415

        class MonitorInfo(ctypes.Structure):
            _fields_ = (
                ("size", wintypes.DWORD),
                ("monitor", wintypes.RECT),
                ("work", wintypes.RECT),
                ("flags", wintypes.DWORD),
            )

        rectangle = wintypes.RECT(left, top, left + width, top + height)
        info = MonitorInfo(size=ctypes.sizeof(MonitorInfo))
        user32, nearest = ctypes.windll.user32, 2
        user32.MonitorFromRect.restype = wintypes.HANDLE
        handle = wintypes.HANDLE(user32.MonitorFromRect(ctypes.byref(rectangle), nearest))
        if user32.GetMonitorInfoW(handle, ctypes.byref(info)):
            work = info.work
            place = work.left, work.top, work.right - work.left, work.bottom - work.top
    return place


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager.

    Raises:
        UserError: there is no file manager.
    """
    if sys.platform == "win32":
        os.startfile(folder)
    else:
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.Popen([opener, str(folder)], stderr=subprocess.DEVNULL)
        except OSError as error:
            raise UserError(f"The folder is {folder}; no file manager was found.") from error
