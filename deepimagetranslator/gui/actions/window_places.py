"""Keeps the positions of windows between sessions."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.settings import Settings


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
        """Restore the position of a window, and record where the user moves it."""
        if self._followed.get(name) == str(window):
            return
        self._followed[name] = str(window)
        place = self._settings.get(name)
        if place:
            window.geometry(place)

        def note(_event: object) -> None:
            self.places[name] = window.geometry()

        window.bind("<Configure>", note, add=True)

    def save(self) -> None:
        """Save the recorded positions."""
        for name, place in self.places.items():
            self._settings.set(name, place)
