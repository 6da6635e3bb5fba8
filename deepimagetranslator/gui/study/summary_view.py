"""The summary of a study's report, which is Markdown: headings, lists and tables as text."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Sequence
from tkinter import ttk

from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of

_PICTURE = "!["
_BORDER = re.compile(r"(?<!\\)\|")
NONE_YET = "The report appears here when it is made; it can be made while trainings are open."


class SummaryView(ttk.Frame):
    """Shows a summary; it can be selected and copied, not changed.

    Attributes:
        text: the widget with the text.
    """

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent)
        theme = self._theme = theme_of(self)
        bar = ttk.Scrollbar(self)
        bar.pack(side="right", fill="y")
        self.text = tk.Text(
            self,
            wrap="word",
            width=60,
            height=8,
            padx=theme.px(12),
            pady=theme.px(8),
            font=theme.font("text"),
            spacing3=theme.px(3),
            yscrollcommand=bar.set,
        )
        bar.configure(command=self.text.yview)
        self.text.pack(fill="both", expand=True)
        self._shown: str | None = None
        self._tables = 0
        self.bind(PALETTE_CHANGED, lambda _event: self._colour())
        self._colour()

    def show(self, summary: str) -> None:
        """Show a summary in Markdown; empty if there is none."""
        if summary == self._shown:
            return
        self._shown = summary
        self.text.configure(state="normal")
        self.text.delete("1.0", "end")
        lines = (summary or NONE_YET).splitlines()
        at = 0
        while at < len(lines):
            end = at
            while end < len(lines) and lines[end].startswith("|"):
                end += 1
            if end > at:
                self._write_table(lines[at:end])
                at = end
            else:
                self._write(lines[at])
                at += 1
        self.text.configure(state="disabled")

    def _write(self, line: str) -> None:
        marks, _, heading = line.partition(" ")
        plain = line.replace("`", "")
        if line.startswith(_PICTURE):
            return  # its caption follows
        if marks and not marks.strip("#"):
            self.text.insert("end", f"{heading}\n", "heading")
        elif line.startswith("- "):
            self.text.insert("end", f"•\t{plain[2:]}\n", "item")
        elif line:
            self.text.insert("end", f"{plain}\n")

    def _write_table(self, lines: Sequence[str]) -> None:
        """Write a table in columns of their own; its second line only draws the head's border."""
        rows = [
            [cell.strip().replace("\\|", "|") for cell in _BORDER.split(line.strip("| "))]
            for line in lines
        ]
        rows = [row for row in rows if any(cell.strip("-: ") for cell in row)]
        font, gap = self._theme.font("text"), self._theme.px(18)
        stops, right = [], self._theme.px(10)
        for column in range(max(map(len, rows))):
            stops.append(right)
            cells = (row[column] for row in rows if column < len(row))
            right += max(map(font.measure, cells)) + gap
        self._tables += 1
        tag = f"table-{self._tables}"
        self.text.tag_configure(tag, tabs=stops, wrap="none")
        for row in rows:
            self.text.insert("end", "\t" + "\t".join(row) + "\n", tag)

    def _colour(self) -> None:
        theme, text = self._theme, self.text
        text.configure(background=theme.palette.field, foreground=theme.palette.text)
        text.tag_configure("heading", font=theme.font("heading"), spacing1=theme.px(10))
        text.tag_configure("item", lmargin2=theme.px(16), tabs=(theme.px(16),))
