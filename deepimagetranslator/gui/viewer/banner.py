"""A warning across the top of an image; it takes no room of its own, so that nothing moves."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

_SIGN = 16


class Banner(ttk.Frame):
    """A sign and a sentence over the upper edge of a widget; hidden while there is no text.

    Args:
        over: the widget that it covers a strip of.
    """

    def __init__(self, over: tk.Widget) -> None:
        theme = theme_of(over)
        px = theme.px
        super().__init__(over.master, padding=(px(8), px(6)))
        self._over, self._theme = over, theme
        self._sign = ttk.Label(self)
        self._sign.pack(side="left", anchor="n", padx=(0, px(8)))
        self.words = ttk.Label(self, justify="left")
        self.words.pack(side="left", fill="x", expand=True)
        self.bind("<Configure>", lambda _event: self._wrap())
        self.bind(PALETTE_CHANGED, lambda _event: self._colour())
        self._colour()

    @property
    def text(self) -> str:
        """The shown text; empty while it is hidden."""
        return str(self.words.cget("text"))

    def show(self, text: str) -> None:
        """Show a text; an empty one hides the banner."""
        if text == self.text:
            return
        self.words.configure(text=text)
        if text:
            inset = self._theme.px(2)
            self.place(
                in_=self._over, x=inset, y=inset, relwidth=1, width=-2 * inset, bordermode="outside"
            )
            self.lift(self._over)
        else:
            self.place_forget()

    def _wrap(self) -> None:
        room = self.winfo_width() - self._theme.px(8 + _SIGN + 8 + 8)
        self.words.configure(wraplength=max(1, room))

    def _colour(self) -> None:
        self._sign.configure(image=self._theme.icon("warning", _SIGN))
