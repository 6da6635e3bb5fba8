"""Dialogs beside the main window's images: the window gives them room, so that both are seen.

On a small screen a dialog lies over the main window. The window then shows its images in the part
that no dialog covers.
"""

from __future__ import annotations

import tkinter as tk
from contextlib import suppress

from deepimagetranslator.gui.widgets.screens import Area

MOVED = "<<DialogsMoved>>"
"""Sent to the root when a dialog beside the images has appeared, moved or gone."""
_BESIDE = "_deepimagetranslator_beside"


def _beside(root: tk.Misc) -> list[tk.Toplevel]:
    if not hasattr(root, _BESIDE):
        setattr(root, _BESIDE, [])
    found: list[tk.Toplevel] = getattr(root, _BESIDE)
    return found


def stand_beside(window: tk.Toplevel) -> None:
    """Let the main window give room to this one, wherever the user moves it."""
    root = window.nametowidget(".")
    windows = _beside(root)
    windows.append(window)

    def tell(event: tk.Event[tk.Misc]) -> None:
        if event.widget is window:
            with suppress(tk.TclError):  # the root is being closed too
                root.event_generate(MOVED)

    def forget(event: tk.Event[tk.Misc]) -> None:
        if event.widget is window:
            windows.remove(window)
            tell(event)

    for name in ("<Map>", "<Unmap>", "<Configure>"):
        window.bind(name, tell, add=True)
    window.bind("<Destroy>", forget, add=True)


def covered(root: tk.Misc, area: Area, least: int) -> tuple[int, int]:
    """How many pixels of an area's width dialogs cover from its left and from its right.

    One of both is 0, so that a single strip beside all dialogs is left. Both are 0 if that strip
    would be narrower than ``least``, or no dialog lies over the area.
    """
    lefts, rights = [], []
    for window in _beside(root):
        place = Area(
            window.winfo_rootx(), window.winfo_rooty(), window.winfo_width(), window.winfo_height()
        )
        if window.winfo_viewable() and min(area.overlap(place)) > 0:
            lefts.append(place.left - area.left)
            rights.append(area.left + area.width - place.left - place.width)
    if not lefts:
        return 0, 0
    left, right = min(lefts), min(rights)
    if max(left, right) < least:
        return 0, 0
    return (0, area.width - left) if left >= right else (area.width - right, 0)
