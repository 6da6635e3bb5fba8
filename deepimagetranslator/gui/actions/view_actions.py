"""The View menu: the colour palette of the program."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.gui.theme.theme import theme_of


class ViewActions:
    """Switches the palette.

    Args:
        root: the root window.
        settings: store the palette.
    """

    def __init__(self, root: tk.Tk, settings: Settings) -> None:
        self._root = root
        self._settings = settings

    @property
    def palette(self) -> str:
        """The chosen palette."""
        return self._settings.get("palette", "dark")

    def set_palette(self, name: str) -> None:
        """Switch to "dark", "light" or "system"."""
        theme_of(self._root).apply(name)
        self._settings.set("palette", name)
