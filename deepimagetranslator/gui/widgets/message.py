"""A message box with named answers and optional details."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.widgets.in_front import path_in_use, place_over, show_above
from deepimagetranslator.gui.widgets.mnemonics import Mnemonics, invoke_focused


class Message(tk.Toplevel):
    """A text, a button for each answer, and details that can be unfolded.

    It opens above the window that the user is in. Return chooses the answer with the focus, at
    first the first one; Escape chooses the last.

    Args:
        parent: any widget.
        title: the title of the window.
        text: the message.
        answers: the texts of the buttons.
        details: details for a bug report, which can be copied; may be empty.
        sign: "error", "warning", or "" for none; drawn beside the text.

    Attributes:
        answer: the index of the chosen answer; the last one until the user chooses.
        buttons: the buttons, one for each answer.
    """

    def __init__(
        self,
        parent: tk.Misc,
        title: str,
        text: str,
        answers: Sequence[str],
        details: str = "",
        sign: str = "",
    ) -> None:
        below = path_in_use(parent)
        super().__init__(parent)
        self.withdraw()
        self.title(title)
        self.answer = len(answers) - 1
        self.mnemonics = Mnemonics(self)
        px = theme_of(self).px
        box = ttk.Frame(self, padding=px(18))
        box.pack(fill="both", expand=True)
        self._build_text(box, text, sign)
        self._details = tk.Text(
            box, width=76, height=12, wrap="word", font=theme_of(self).font("fixed")
        )
        self._details.insert("1.0", details)
        self._details.configure(state="disabled")
        self.buttons: list[ttk.Button] = []
        self._build_buttons(box, answers, bool(details))
        for key in ("<Return>", "<KP_Enter>"):
            self.bind(key, partial(invoke_focused, default=self.buttons[0]))
        self.bind("<Escape>", lambda _event: self.choose(len(answers) - 1))
        # The grab sends clicks on other windows here.
        self.bind("<Button>", lambda _event: self.lift())
        self.protocol("WM_DELETE_WINDOW", lambda: self.choose(len(answers) - 1))
        self._place(below)
        self.buttons[0].focus_set()

    def choose(self, index: int) -> None:
        """Choose an answer and close."""
        self.answer = index
        self.destroy()

    def wait(self) -> int:
        """Wait for an answer; returns its index, the last one if the program was closed."""
        before = str(self.tk.call("grab", "current", "."))
        self.grab_set()
        self.wait_window()
        with suppress(tk.TclError):  # the program was closed, for instance at log-off
            if before and int(self.tk.call("winfo", "exists", before)):
                self.tk.call("grab", "set", before)  # of a box that this one interrupted
        return self.answer

    def _build_text(self, box: ttk.Frame, text: str, sign: str) -> None:
        theme = theme_of(self)
        row = ttk.Frame(box)
        row.pack(anchor="w", fill="x")
        if sign:
            picture = ttk.Label(row, image=theme.icon(sign, 32))
            picture.pack(side="left", anchor="n", padx=(0, theme.px(14)))
        words = ttk.Label(row, text=text, wraplength=theme.px(460), justify="left")
        words.pack(side="left", anchor="w")

    def _build_buttons(self, box: ttk.Frame, answers: Sequence[str], has_details: bool) -> None:
        px = theme_of(self).px
        row = ttk.Frame(box)
        row.pack(side="bottom", fill="x", pady=(px(16), 0))
        for index, words in enumerate(answers):
            style = "TButton" if index else "Accent.TButton"
            button = ttk.Button(row, text=words, style=style, command=partial(self.choose, index))
            button.configure(underline=self.mnemonics.add(words, button.invoke))
            self.buttons.append(button)
        if has_details:
            details = self.details_button = ttk.Button(row, text="Details", command=self._unfold)
            details.configure(underline=self.mnemonics.add("Details", details.invoke))
            details.pack(side="left")
        for index, button in enumerate(self.buttons):
            button.pack(side="left", padx=(px(8), 0), anchor="e", expand=not index)

    def _unfold(self) -> None:
        if self._details.winfo_ismapped():
            self._details.pack_forget()
        else:
            self._details.pack(fill="both", expand=True, pady=(theme_of(self).px(12), 0))

    def _place(self, below: str) -> None:
        self.resizable(False, False)
        self.update_idletasks()
        margin = theme_of(self).px(40)
        place_over(self, below, self.winfo_reqwidth(), self.winfo_reqheight(), margin)
        show_above(self, below)
