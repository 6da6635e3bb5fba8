"""Alt and a letter: underlined letters in a dialog, none twice."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable


class Mnemonics:
    """Hands out the letters of one window and binds them."""

    def __init__(self, window: tk.Misc) -> None:
        self._window = window
        self._taken: set[str] = set()

    def add(self, text: str, action: Callable[[], object]) -> int:
        """Bind Alt with a free letter of ``text``; its index, to underline, or -1."""
        starts = [i for i in range(len(text)) if i == 0 or text[i - 1] == " "]
        order = starts + list(range(len(text)))
        for index in order:
            letter = text[index].lower()
            if letter.isascii() and letter.isalpha() and letter not in self._taken:
                self._taken.add(letter)

                def run(_event: object) -> str:
                    action()
                    return "break"

                for key in (letter, letter.upper()):
                    self._window.bind(f"<Alt-Key-{key}>", run)
                return index
        return -1
