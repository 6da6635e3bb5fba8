"""Keys of text fields that Tk has otherwise than other programs."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from typing import Any


def use_common_keys(root: tk.Tk) -> None:
    """Let Ctrl+A select all, where Tk moves to the start of the line as Emacs does.

    With it, Ctrl+A and a digit replaces the number in a field instead of preceding it.
    """
    if str(root.tk.call("tk", "windowingsystem")) == "x11":
        # The state of Caps Lock changes the letter of a key.
        keys = ("<Control-Key-a>", "<Control-Lock-Key-A>")
        root.event_delete("<<LineStart>>", *keys)
        root.event_add("<<SelectAll>>", *keys)


def for_window(window: tk.Misc, action: Callable[[], None]) -> Callable[[Any], None]:
    """A key handler that runs the action only if the key went to this window, not a dialog."""

    def handle(event: Any) -> None:
        widget = event.widget
        if isinstance(widget, tk.Misc) and widget.winfo_toplevel() is window:
            action()

    return handle


def only(action: Callable[[], object]) -> Callable[[object], str]:
    """An event handler that runs the action and stops the event."""

    def handle(_event: object) -> str:
        action()
        return "break"

    return handle
