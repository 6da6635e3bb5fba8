"""Scroll bars that appear when they are needed, and then stay."""

from __future__ import annotations

import tkinter as tk

import pytest

from deepimagetranslator.gui.widgets.scrolled import Scrolled

ROOM = 300


@pytest.mark.parametrize("over", [(0, 0), (0, 5), (5, 0), (5, 5), (0, 200), (200, 0), (200, 200)])
def test_the_bars_that_are_needed_are_shown_and_the_layout_settles(
    root: tk.Tk, monkeypatch: pytest.MonkeyPatch, over: tuple[int, int]
) -> None:
    """A body that is too large by less than a bar is thick made both bars come and go for ever."""
    laid_out, show = [0], Scrolled._show_bars

    def counted(scrolled: Scrolled) -> None:
        laid_out[0] += 1
        if laid_out[0] < 100:
            show(scrolled)

    monkeypatch.setattr(Scrolled, "_show_bars", counted)
    window = tk.Toplevel(root)
    scrolled = Scrolled(window, (0, 0, 0, 0))
    scrolled.pack(fill="both", expand=True)
    tk.Frame(scrolled.body, width=ROOM + over[0], height=ROOM + over[1]).pack()
    window.update()
    scrolled.limit(ROOM, ROOM)
    window.update()
    across, down = scrolled._across, scrolled._down
    # A bar takes room from the other direction.
    assert across.winfo_ismapped() == down.winfo_ismapped() == any(over)
    assert (window.winfo_width(), window.winfo_height()) == (ROOM, ROOM)
    scrolled.limit(2 * ROOM, ROOM)
    window.update()
    assert (across.winfo_ismapped(), down.winfo_ismapped()) == (False, over[1] > 0)
    assert laid_out[0] < 100
