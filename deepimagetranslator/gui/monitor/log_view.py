"""The log of the training: sentences with their time of day."""

from __future__ import annotations

import tkinter as tk
from tkinter import ttk

from deepimagetranslator.app.training.state import MonitorState
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

LINES = 4


class LogView(ttk.Frame):
    """Shows a state's log; scrolls to new lines unless the user has scrolled back."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self._training = -1
        self._logged = 0
        px = self.theme.px
        self.configure(padding=(0, px(4), 0, 0))
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        ttk.Label(self, text="Log", style="Bold.TLabel").grid(
            row=0, column=0, sticky="w", pady=(0, px(4))
        )
        self.text = tk.Text(
            self,
            height=LINES,
            width=40,
            wrap="word",
            state="disabled",
            font=self.theme.font(),
            padx=px(8),
            pady=px(6),
            highlightthickness=px(1),
            borderwidth=0,
            spacing3=px(2),
        )
        bar = ttk.Scrollbar(self, command=self.text.yview)
        self.text.configure(yscrollcommand=bar.set)
        self.text.grid(row=1, column=0, sticky="nsew")
        bar.grid(row=1, column=1, sticky="ns")
        # Tab moves to the next widget, as in any field.
        self.text.bind("<Tab>", lambda _event: _focus(self.text.tk_focusNext()))
        self.text.bind("<Shift-Tab>", lambda _event: _focus(self.text.tk_focusPrev()))
        self._colour_log()
        self.bind(PALETTE_CHANGED, lambda _event: self._colour_log())

    def show(self, state: MonitorState) -> None:
        """Append new lines; after a new training has started, show its log from the beginning."""
        restart = self._training != state.number
        if restart:
            self._training, self._logged = state.number, 0
        elif self._logged == state.logged:
            return
        new = min(state.logged - self._logged, len(state.log))
        self._logged = state.logged
        at_end = restart or self.text.yview()[1] >= 0.999
        self.text.configure(state="normal")
        if restart:
            self.text.delete("1.0", "end")
        for time_of_day, text in list(state.log)[len(state.log) - new :]:
            begins = self.text.index("end-1c") == "1.0"
            self.text.insert("end", "" if begins else "\n")
            self.text.insert("end", time_of_day, ("line", "time"))
            self.text.insert("end", f"\t{text}", "line")
        self.text.configure(state="disabled")
        if at_end:
            self.text.see("end")

    def _colour_log(self) -> None:
        indent = self.theme.font().measure("00:00:00") + self.theme.px(14)
        self.text.configure(highlightbackground=self.theme.palette.border)
        self.text.tag_configure("time", foreground=self.theme.palette.muted)
        self.text.tag_configure("line", lmargin2=indent, tabs=(indent,))


def _focus(widget: tk.Misc | None) -> str:
    """Focus a widget, and stop the event."""
    if widget is not None:
        widget.focus_set()
    return "break"
