"""The screens: whether a window can be reached there, and bringing it back if not.

A monitor may have been unplugged since a window was placed. Monitors left of or above the main one
have negative coordinates on Windows and macOS.
"""

from __future__ import annotations

import re
import sys
import tkinter as tk
from dataclasses import dataclass

from deepimagetranslator.gui import windows_os

_TITLE_BAR, _ENOUGH = 24, 80  # pixels: its height, and the width of it that can be grasped
_MOST = 3  # screens that a window may reach over in each direction
_PLACE = re.compile(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)")


@dataclass(frozen=True)
class Area:
    """A rectangle of the desktop, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def overlap(self, other: Area) -> tuple[int, int]:
        """Width and height of the common part; negative if there is none."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return across, down

    def inside(self, other: Area) -> tuple[int, int]:
        """Left and top of this rectangle after moving it into another; its title bar first."""
        left = max(other.left, min(self.left, other.left + other.width - self.width))
        top = max(other.top, min(self.top, other.top + other.height - self.height))
        return left, top


def screen_at(widget: tk.Misc, place: Area) -> Area:
    """The screen that a rectangle is on, or the nearest one.

    On Windows it is the monitor, without the task bar. In X all monitors count as one. macOS keeps
    windows on its monitors itself, so there any place is on a screen.
    """
    monitor = windows_os.monitor_at(place.left, place.top, place.width, place.height)
    if monitor is not None:
        return Area(*monitor)
    screen = Area(0, 0, widget.winfo_screenwidth(), widget.winfo_screenheight())
    if sys.platform == "darwin" and min(screen.overlap(place)) <= 0:
        return place
    return screen


def is_reachable(widget: tk.Misc, place: Area) -> bool:
    """Whether enough of a window's title bar is on a screen to move the window."""
    bar = Area(place.left, place.top, place.width, _TITLE_BAR)
    across, down = screen_at(widget, bar).overlap(bar)
    return across >= min(_ENOUGH, place.width) and down >= _TITLE_BAR // 2


def restore(window: tk.Tk | tk.Toplevel, geometry: str) -> None:
    """Give a window its former size and place, the place only if its title bar is on a screen.

    Args:
        window: is placed well enough already.
        geometry: size and place as Tk writes them; other texts are ignored.
    """
    found = _PLACE.fullmatch(geometry)
    if found is None:
        return
    *size, left, top = map(int, found.groups())
    # The least size may have grown since then, with the scaling.
    width, height = map(max, size, window.minsize())
    screen = screen_at(window, Area(left, top, 1, 1))
    # X fails at sizes over 16 bits; a window may reach over several screens.
    width, height = min(width, _MOST * screen.width), min(height, _MOST * screen.height)
    place = Area(left, top, width, height)
    if is_reachable(window, place):
        if [width, height] != size:
            left, top = place.inside(screen_at(window, place))
        window.geometry(f"{width}x{height}+{left}+{top}")
    else:
        screen = screen_at(window, Area(0, 0, 1, 1))
        window.geometry(f"{min(width, screen.width)}x{min(height, screen.height)}")


def bring_back(window: tk.Tk | tk.Toplevel) -> None:
    """Move a window to the main screen if its title bar is on none."""
    found = _PLACE.fullmatch(window.geometry())
    if found is None:
        return
    width, height, left, top = map(int, found.groups())
    place = Area(left, top, width, height)
    if not is_reachable(window, place):
        left, top = place.inside(screen_at(window, place))
        window.geometry(f"+{left}+{top}")
