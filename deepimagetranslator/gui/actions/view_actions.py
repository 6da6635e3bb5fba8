"""The View menu: the colours of the program."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.gui.theme.theme import theme_of


class ViewActions:
    """How the program looks.

    Args:
        root: of the window.
        settings: remember the palette.
    """

    def __init__(self, root: tk.Tk, settings: Settings) -> None:
        self._root = root
        self._settings = settings

    def set_palette(self, name: str) -> None:
        """Dark, light, or as the system."""
        theme_of(self._root).apply(name)
        self._settings.set("palette", name)
