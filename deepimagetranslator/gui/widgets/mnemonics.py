"""Mnemonics, underlined letters that work with Alt, each used once per window; and Return."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from tkinter import ttk


class Mnemonics:
    """Assigns the letters of one window and binds their keys."""

    def __init__(self, window: tk.Misc) -> None:
        self._window = window
        self._taken: set[str] = set()

    def add(self, text: str, action: Callable[[], object]) -> int:
        """Bind Alt and a free letter of ``text`` to the action.

        Returns:
            The index of the letter, for the option ``underline``; -1 if no letter is free.
        """
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


def invoke_focused(event: tk.Event[tk.Misc], default: ttk.Button) -> str:
    """Press the button with the focus, else the default one; for Return."""
    button = event.widget if isinstance(event.widget, ttk.Button) else default
    if not button.instate(["disabled"]):
        button.invoke()
    return "break"
