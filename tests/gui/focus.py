"""The keyboard's focus, which the screen's server gives when it comes to it."""

from __future__ import annotations

import tkinter as tk

from waiting import wait_until


def focus(widget: tk.Misc) -> None:
    """Give the keyboard to the widget, and wait until it has it.

    A key that is generated before goes nowhere. The server refuses a window that is not seen yet,
    so it is asked again.
    """

    def ask() -> None:
        widget.focus_force()
        widget.update()

    ask()
    wait_until(lambda: widget.focus_get() is widget, ask, widget.focus_get)
