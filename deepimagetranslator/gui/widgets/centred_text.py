"""A text in the middle of a canvas that has nothing else to show."""

from __future__ import annotations

import tkinter as tk

from deepimagetranslator.gui.theme.theme import theme_of

_MARGIN = 40


def draw_centred_text(canvas: tk.Canvas, text: str, width: int, height: int) -> None:
    """Write a text, wrapped, into the middle of a canvas of this size in pixels."""
    theme = theme_of(canvas)
    canvas.create_text(
        width // 2,
        height // 2,
        text=text,
        width=max(1, width - theme.px(_MARGIN)),
        justify="center",
        fill=theme.palette.muted,
        font=theme.font(),
    )
