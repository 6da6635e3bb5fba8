"""The colours of the window, dark and light, and the system's preference."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """Every colour that the window uses, as "#rrggbb".

    Attributes:
        name: "dark" or "light".
        background: the background of windows.
        raised, hover, pressed: the surface of a button normally, under the pointer, pressed.
        field: the background of entries and lists.
        text, muted, disabled: normal text; less important text; disabled text.
        border: lines around fields and buttons.
        accent, accent_hover, accent_text: the main button normally, under the pointer; its text.
        error: text and sign of an error, readable on ``background``.
        warning: sign of a warning, readable on ``background``.
        selection, selection_text: background and text of selected text and rows.
        pane: the background of images and drawings.
        trough: the groove of scrollbars and progress bars.
        mark: the four greys of the logo, brightest first.
        series: the curves of a plot, training and validation first.
    """

    name: str
    background: str
    raised: str
    hover: str
    pressed: str
    field: str
    text: str
    muted: str
    disabled: str
    border: str
    accent: str
    accent_hover: str
    accent_text: str
    error: str
    warning: str
    selection: str
    selection_text: str
    pane: str
    trough: str
    mark: tuple[str, str, str, str]
    series: tuple[str, ...]


DARK = Palette(
    name="dark",
    background="#4f4f4f",
    raised="#5e5e5e",
    hover="#6b6b6b",
    pressed="#454545",
    field="#1f1f1f",
    text="#ffffff",
    muted="#cdcdcd",
    disabled="#949494",
    border="#8a8a8a",
    accent="#7cc0ff",
    accent_hover="#a3d3ff",
    accent_text="#0b1b29",
    error="#ffb7ac",
    warning="#ffd479",
    selection="#2f6ea8",
    selection_text="#ffffff",
    pane="#3b3b3b",
    trough="#3a3a3a",
    mark=("#7b7b7b", "#666666", "#5e5e5e", "#474747"),
    series=("#7cc0ff", "#ffb454", "#8fd694", "#f28fb1", "#c9a6ff", "#e6d96f", "#6fd6d0", "#d0d0d0"),
)
LIGHT = Palette(
    name="light",
    background="#f2f2f2",
    raised="#fdfdfd",
    hover="#e6eef6",
    pressed="#d6dfe8",
    field="#ffffff",
    text="#1b1b1b",
    muted="#565656",
    disabled="#8f8f8f",
    border="#a3a3a3",
    accent="#1565b0",
    accent_hover="#0f528f",
    accent_text="#ffffff",
    error="#b3261e",
    warning="#8a5a00",
    selection="#cfe4f9",
    selection_text="#0b1b29",
    pane="#dddddd",
    trough="#dcdcdc",
    mark=("#b4b4b4", "#bdbdbd", "#c4c4c4", "#cdcdcd"),
    series=("#1565b0", "#c25e00", "#2e7d32", "#b0205f", "#6a3fb5", "#7a6c00", "#00757a", "#555555"),
)
PALETTES = {palette.name: palette for palette in (DARK, LIGHT)}


def palette_named(name: str) -> Palette:
    """The palette "dark", "light" or "system"; see ``system_palette``."""
    return PALETTES[system_palette() if name == "system" else name]


def system_palette() -> str:
    """The desktop's setting, "light" or "dark"; "dark" if it cannot be read."""
    if sys.platform == "win32":
        import winreg  # noqa: PLC0415 - exists on Windows only

        path = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, path) as key:
                light = bool(winreg.QueryValueEx(key, "AppsUseLightTheme")[0])
        except OSError:
            light = False
    elif sys.platform == "darwin":
        light = "Dark" not in _output_of("defaults", "read", "-g", "AppleInterfaceStyle")
    else:
        answer = _output_of("gsettings", "get", "org.gnome.desktop.interface", "color-scheme")
        light = "light" in answer or "default" in answer
    return "light" if light else "dark"


def _output_of(*command: str) -> str:
    """The output of a command; empty if it does not exist or fails."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=1, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
