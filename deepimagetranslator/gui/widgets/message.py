"""A message box with named answers and optional details."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of


class Message(tk.Toplevel):
    """A text, a button for each answer, and details that can be unfolded.

    Return chooses the first answer, Escape the last.

    Args:
        parent: a widget of the window in front of which the box appears.
        title: the title of the window.
        text: the message.
        answers: the texts of the buttons.
        details: details for a bug report, which can be copied; may be empty.

    Attributes:
        answer: the index of the chosen answer; the last one until the user chooses.
        buttons: the buttons, one for each answer.
    """

    def __init__(
        self, parent: tk.Misc, title: str, text: str, answers: Sequence[str], details: str = ""
    ) -> None:
        super().__init__(parent)
        self.title(title)
        self.answer = len(answers) - 1
        theme = theme_of(self)
        px = theme.px
        box = ttk.Frame(self, padding=px(18))
        box.pack(fill="both", expand=True)
        ttk.Label(box, text=text, wraplength=px(460), justify="left").pack(anchor="w")
        self._details = tk.Text(box, width=76, height=12, wrap="word", font=theme.font("fixed"))
        self._details.insert("1.0", details)
        self._details.configure(state="disabled")
        row = ttk.Frame(box)
        row.pack(side="bottom", fill="x", pady=(px(16), 0))
        if details:
            self.details_button = ttk.Button(row, text="Details", command=self._unfold)
            self.details_button.pack(side="left")
        self.buttons: list[ttk.Button] = []
        for index, words in enumerate(answers):
            style = "TButton" if index else "Accent.TButton"
            button = ttk.Button(
                row,
                text=words,
                style=style,
                command=lambda index=index: self.choose(index),  # type: ignore[misc]
            )
            button.pack(side="left", padx=(px(8), 0), anchor="e", expand=not index)
            self.buttons.append(button)
        self.bind("<Return>", lambda _event: self.choose(0))
        self.bind("<Escape>", lambda _event: self.choose(len(answers) - 1))
        self.protocol("WM_DELETE_WINDOW", lambda: self.choose(len(answers) - 1))
        self._place(parent.winfo_toplevel())
        self.buttons[0].focus_set()

    def choose(self, index: int) -> None:
        """Choose an answer and close."""
        self.answer = index
        self.destroy()

    def wait(self) -> int:
        """Wait for an answer; returns its index."""
        self.grab_set()
        self.wait_window()
        return self.answer

    def _unfold(self) -> None:
        if self._details.winfo_ismapped():
            self._details.pack_forget()
        else:
            self._details.pack(fill="both", expand=True, pady=(theme_of(self).px(12), 0))

    def _place(self, parent: tk.Misc) -> None:
        self.wm_transient(parent)  # type: ignore[call-overload]
        self.resizable(False, False)
        self.update_idletasks()
        x = parent.winfo_rootx() + (parent.winfo_width() - self.winfo_reqwidth()) // 2
        y = parent.winfo_rooty() + (parent.winfo_height() - self.winfo_reqheight()) // 3
        self.geometry(f"+{max(0, x)}+{max(0, y)}")
