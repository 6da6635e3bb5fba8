"""A text to be read: it scrolls, can be selected and copied, and cannot be changed."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Iterator
from contextlib import contextmanager
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of


class ReadingText(ttk.Frame):
    """Shows a text; the theme colours it.

    Args:
        parent: its parent.
        width, height: of the text, in letters and lines.
        margins: left and right, above and below, in pixels at 100 per cent.
        above, below: distance before and after a line, in pixels at 100 per cent.

    Attributes:
        text: the widget with the text.
    """

    def __init__(
        self,
        parent: tk.Misc,
        width: int,
        height: int,
        margins: tuple[int, int],
        *,
        above: int = 0,
        below: int = 0,
    ) -> None:
        super().__init__(parent)
        theme = self._theme = theme_of(self)
        bar = ttk.Scrollbar(self)
        bar.pack(side="right", fill="y")
        self.text = tk.Text(
            self,
            wrap="word",
            width=width,
            height=height,
            padx=theme.px(margins[0]),
            pady=theme.px(margins[1]),
            font=theme.font("text"),
            spacing1=theme.px(above),
            spacing3=theme.px(below),
            yscrollcommand=bar.set,
            state="disabled",
        )
        bar.configure(command=self.text.yview)
        self.text.pack(fill="both", expand=True)

    @contextmanager
    def rewritten(self) -> Iterator[tk.Text]:
        """The empty widget; it can be written into while the block runs."""
        self.text.configure(state="normal")
        self.text.delete("1.0", "end")
        try:
            yield self.text
        finally:
            self.text.configure(state="disabled")
