"""Labels whose text wraps at their width: a long text neither widens nor leaves its window."""

from __future__ import annotations

from tkinter import ttk


def wrap_at_width(label: ttk.Label) -> None:
    """Let the text wrap at the width that the layout gives the label; grid it with "ew"."""
    label.configure(width=1, justify="left")
    label.bind("<Configure>", lambda e: label.configure(wraplength=max(1, e.width)), add=True)
