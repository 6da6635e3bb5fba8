"""Keeps the positions of windows between sessions."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.gui.widgets.screens import bring_back, restore


class WindowPlaces:
    """Restores windows to their last positions.

    Args:
        settings: store the positions.

    Attributes:
        places: the geometry by the window's name, as Tk writes it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._followed: dict[str, str] = {}
        self.places: dict[str, str] = {}

    def follow(self, window: tk.Toplevel, name: str) -> None:
        """Restore the position of a window, and record where the user moves it.

        A window that is followed already is brought back if its title bar is on no screen.
        """
        if self._followed.get(name) == str(window):
            bring_back(window)
            return
        self._followed[name] = str(window)
        restore(window, self._settings.get(name))

        def note(_event: object) -> None:
            self.places[name] = window.geometry()

        window.bind("<Configure>", note, add=True)

    def save(self) -> None:
        """Save the recorded positions."""
        for name, place in self.places.items():
            self._settings.set(name, place)
