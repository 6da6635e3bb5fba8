"""Where other windows lie, remembered for the next time."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.app.settings import Settings


class WindowPlaces:
    """Puts windows where they were last.

    Args:
        settings: remember the places.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._followed: dict[str, str] = {}
        self.places: dict[str, str] = {}

    def follow(self, window: tk.Toplevel, name: str) -> None:
        """Put a window where the last one of that name was, and note where it goes."""
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
        """Write what was noted."""
        for name, place in self.places.items():
            self._settings.set(name, place)
