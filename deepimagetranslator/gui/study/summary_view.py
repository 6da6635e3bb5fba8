"""The summary of a study's report, which is Markdown: headings, lists and tables as text."""

from __future__ import annotations

import re
import tkinter as tk
from collections.abc import Sequence

from deepimagetranslator.gui.widgets.reading_text import ReadingText

_PICTURE = "!["
_BORDER = re.compile(r"(?<!\\)\|")
NONE_YET = "The report appears here when it is made; it can be made while trainings are open."


class SummaryView(ReadingText):
    """Shows a summary."""

    def __init__(self, parent: tk.Misc) -> None:
        super().__init__(parent, 60, 8, (12, 8), below=3)
        px, font = self._theme.px, self._theme.font
        self.text.tag_configure("heading", font=font("heading"), spacing1=px(10))
        self.text.tag_configure("item", lmargin2=px(16), tabs=(px(16),))
        self._shown: str | None = None
        self._tables = 0

    def show(self, summary: str) -> None:
        """Show a summary in Markdown; empty if there is none."""
        if summary == self._shown:
            return
        self._shown = summary
        lines = (summary or NONE_YET).splitlines()
        at = 0
        with self.rewritten():
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
