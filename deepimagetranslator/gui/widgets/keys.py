"""Keys of text fields that Tk has otherwise than other programs."""

from __future__ import annotations

import tkinter as tk


def use_common_keys(root: tk.Tk) -> None:
    """Let Ctrl+A select all, where Tk moves to the start of the line as Emacs does.

    With it, Ctrl+A and a digit replaces the number in a field instead of preceding it.
    """
    if str(root.tk.call("tk", "windowingsystem")) == "x11":
        # The state of Caps Lock changes the letter of a key.
        keys = ("<Control-Key-a>", "<Control-Lock-Key-A>")
        root.event_delete("<<LineStart>>", *keys)
        root.event_add("<<SelectAll>>", *keys)
