"""Windows whose title bar is on no screen are brought back; others stay where they were."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import wait_until

from deepimagetranslator.app.settings import Settings
from deepimagetranslator.gui import windows_os
from deepimagetranslator.gui.actions.window_places import WindowPlaces
from deepimagetranslator.gui.widgets import screens
from deepimagetranslator.gui.widgets.screens import Area, bring_back, is_reachable, restore

MONITORS = (Area(0, 0, 1600, 860), Area(-1920, 100, 1920, 1040))
"""The work areas of a main monitor and of one on the left of it."""


@pytest.fixture
def two_monitors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desktop of Windows, which names the monitor nearest to a rectangle."""

    def monitor_at(*place: int) -> tuple[int, int, int, int]:
        def away(monitor: Area) -> int:
            across, down = monitor.overlap(Area(*place))
            return -min(across, 0) - min(down, 0)

        found = min(MONITORS, key=away)
        return found.left, found.top, found.width, found.height

    monkeypatch.setattr(windows_os, "monitor_at", monitor_at)


@pytest.fixture
def one_monitor(root: tk.Tk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens.sys, "platform", "linux")
    monkeypatch.setattr(root, "winfo_screenwidth", lambda: 1600)
    monkeypatch.setattr(root, "winfo_screenheight", lambda: 900)


@pytest.mark.parametrize(
    ("place", "reachable"),
    [
        (Area(100, 50, 800, 600), True),
        (Area(0, 0, 1600, 900), True),
        (Area(-1900, 100, 1320, 760), False),  # a monitor on the left was unplugged
        (Area(1900, 100, 1320, 760), False),  # on the right
        (Area(100, -700, 1320, 760), False),  # above: only the lower edge is in view
        (Area(100, 890, 1320, 760), False),  # below
        (Area(-1300, 100, 1320, 760), False),  # 20 pixels cannot be grasped
        (Area(-1200, 100, 1320, 760), True),
        (Area(1500, 100, 1320, 760), True),
        (Area(100, -8, 1320, 760), True),  # maximized windows lie a little outside
    ],
)
def test_a_title_bar_on_the_screen_can_be_reached(
    root: tk.Tk, one_monitor: None, place: Area, reachable: bool
) -> None:
    assert is_reachable(root, place) == reachable


@pytest.mark.parametrize(
    ("place", "reachable"),
    [
        (Area(-1900, 200, 1320, 760), True),  # on the left monitor
        (Area(-1900, 0, 1320, 760), False),  # above it
        (Area(-100, 300, 1320, 760), True),  # on both
        (Area(1900, 100, 1320, 760), False),
    ],
)
def test_monitors_with_negative_coordinates_count(
    root: tk.Tk, two_monitors: None, place: Area, reachable: bool
) -> None:
    assert is_reachable(root, place) == reachable


def test_a_rectangle_is_moved_into_another_with_its_title_bar_first() -> None:
    assert Area(-1900, 50, 400, 300).inside(MONITORS[1]) == (-1900, 100)
    assert Area(1500, 800, 400, 300).inside(MONITORS[0]) == (1200, 560)
    assert Area(10, 10, 4000, 3000).inside(MONITORS[0]) == (0, 0)


@pytest.fixture
def window(root: tk.Tk) -> Iterator[tk.Toplevel]:
    window = tk.Toplevel(root)
    window.geometry("300x200+60+40")
    window.update()
    yield window
    window.destroy()


def settled(window: tk.Toplevel, size: str) -> tuple[int, int]:
    """Where the window is when it has this size."""
    wait_until(lambda: window.geometry().startswith(f"{size}+"), window.update)
    window.update()
    return window.winfo_x(), window.winfo_y()


def test_a_window_keeps_its_size_and_gets_its_place_only_on_a_screen(window: tk.Toplevel) -> None:
    restore(window, "420x230+150+120")
    assert abs(settled(window, "420x230")[0] - 150) < 40
    restore(window, "430x240+-5000+120")
    x, y = settled(window, "430x240")
    assert x > 0 and y > 0
    window.minsize(600, 300)  # the scaling is larger than when the place was saved
    width = window.winfo_screenwidth()
    restore(window, f"420x230+{width - 430}+120")
    assert settled(window, "600x300")[0] + 600 <= width + 40
    window.minsize(1, 1)
    restore(window, "430x240+60+40")
    settled(window, "430x240")
    for nonsense in ("", "full", "100x+1+1", "440x250"):
        restore(window, nonsense)
        assert window.geometry().startswith("430x240")


def test_the_monitor_s_place_is_tried_as_the_main_window_s(
    window: tk.Toplevel, tmp_path: Path
) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.set("monitor geometry", "420x230+-4000+100")
    places = WindowPlaces(settings)
    places.follow(window, "monitor geometry")
    assert settled(window, "420x230")[0] > 0
    window.geometry("+-4000+100")  # its monitor is unplugged
    wait_until(lambda: window.winfo_x() < -3000, window.update)
    places.follow(window, "monitor geometry")  # shown again
    wait_until(lambda: window.winfo_x() >= 0, window.update)


def test_a_window_on_the_screen_is_not_moved(window: tk.Toplevel) -> None:
    before = window.geometry()
    bring_back(window)
    window.update()
    assert window.geometry() == before
