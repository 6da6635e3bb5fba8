"""One line below the panes: the classes of label maps, and what the outlines mean."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from dataclasses import dataclass

from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

_SWATCH, _GAP, _BETWEEN, _MARGIN = 12, 6, 16, 2


@dataclass(frozen=True)
class Entry:
    """One entry: a coloured square, or a line, and its text."""

    text: str
    colour: str
    line: bool = False


class Legend(tk.Canvas):
    """Draws entries from the left; those that do not fit are counted.

    Attributes:
        entries: all entries.
        texts: the texts that are drawn.
    """

    def __init__(self, parent: tk.Misc) -> None:
        theme = theme_of(parent)
        height = theme.font("small").metrics("linespace") + 2 * theme.px(_MARGIN)
        super().__init__(parent, height=height, width=1, takefocus=False)
        self.entries: Sequence[Entry] = ()
        self.texts: list[str] = []
        self.bind("<Configure>", lambda _event: self._draw())
        self.bind(PALETTE_CHANGED, lambda _event: self._draw())

    def show(self, entries: Sequence[Entry]) -> None:
        """Show these entries."""
        if entries != self.entries:
            self.entries = entries
            self._draw()

    def _draw(self) -> None:
        theme = theme_of(self)
        px, font = theme.px, theme.font("small")
        self.configure(background=theme.palette.background)
        self.delete("all")
        self.texts = []
        x, middle, room = px(_MARGIN), self.winfo_height() // 2, self.winfo_width()
        for number, entry in enumerate(self.entries):
            left = len(self.entries) - number
            more = f"and {left} more"
            width = px(_SWATCH + _GAP + _BETWEEN) + font.measure(entry.text)
            spare = font.measure(more) + px(_BETWEEN) if left > 1 else 0
            if x + width + spare > room:
                self._write(more, x, middle)
                return
            self._draw_sign(entry, x, middle)
            self._write(entry.text, x + px(_SWATCH + _GAP), middle)
            x += width

    def _draw_sign(self, entry: Entry, x: int, middle: int) -> None:
        theme = theme_of(self)
        side = theme.px(_SWATCH)
        if entry.line:
            ends = (x, middle, x + side, middle)
            # The rim keeps a white line visible on a light background.
            for colour, width in ((theme.palette.border, 5), (entry.colour, 3)):
                self.create_line(ends, fill=colour, width=theme.px(width))
        else:
            box = (x, middle - side // 2, x + side, middle - side // 2 + side)
            self.create_rectangle(box, fill=entry.colour, outline=theme.palette.border)

    def _write(self, text: str, x: int, middle: int) -> None:
        theme = theme_of(self)
        fill, font = theme.palette.text, theme.font("small")
        self.create_text(x, middle, text=text, anchor="w", fill=fill, font=font)
        self.texts.append(text)
