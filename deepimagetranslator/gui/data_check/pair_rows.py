"""Drawing of a row in the table of pairs: pairing, two thumbnails, two names."""

from __future__ import annotations

import tkinter as tk
from tkinter import font as tkfont

from deepimagetranslator.app.data_check import ALONE, CERTAIN, DOUBTFUL, LIKELY, MANUAL, Row
from deepimagetranslator.app.views import VALIDATION
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_pane import elided
from deepimagetranslator.gui.viewer.thumbnails import Pictured, Thumbnails, target_picture

PICTURE = 44
NO_TARGET, NO_INPUT = "Drag a target here", "No input"
CONFIDENCE_WORDS = {
    CERTAIN: "Exact name",
    LIKELY: "Similar name",
    DOUBTFUL: "Doubtful",
    MANUAL: "Paired manually",
    ALONE: "No partner",
}
_GAP, _FIRST = 8, 190
_SHORT_KEPT = 5000


class PairRows:
    """Draws rows on a canvas.

    Args:
        canvas: the canvas to draw on.
        pictures: the thumbnails of the files.

    Attributes:
        height: the height of a row in pixels.
    """

    def __init__(self, canvas: tk.Canvas, pictures: Thumbnails) -> None:
        self.canvas = canvas
        self.pictures = pictures
        self.theme = theme_of(canvas)
        self.height = self.theme.px(PICTURE + 2 * 6)
        self._short: dict[tuple[str, str, int], str] = {}

    def columns(self) -> tuple[int, int, int]:
        """The left edges of the columns pairing, input and target, in pixels."""
        px = self.theme.px
        width = max(self.canvas.winfo_width(), px(400))
        first = min(px(_FIRST), width // 4)
        rest = width - first
        return px(_GAP) + px(6), first, first + rest // 2

    def draw_head(self, head: tk.Canvas) -> None:
        """Draw the column titles on a separate canvas."""
        palette, font = self.theme.palette, self.theme.font("bold")
        head.delete("all")
        head.configure(background=palette.raised)
        middle = int(head.cget("height")) // 2
        for x, text in zip(self.columns(), ("Pairing", "Input", "Target"), strict=True):
            head.create_text(x, middle, text=text, anchor="w", fill=palette.text, font=font)

    def draw_row(self, row: Row, y: int, is_chosen: bool, has_focus: bool) -> None:
        """Draw a row with its upper edge at ``y``."""
        canvas, palette, px = self.canvas, self.theme.palette, self.theme.px
        width = canvas.winfo_width()
        words, inputs, targets = self.columns()
        ink = palette.selection_text if is_chosen else palette.text
        faint = palette.selection_text if is_chosen else palette.muted
        if is_chosen:
            canvas.create_rectangle(
                0, y, width, y + self.height, fill=palette.selection, outline=""
            )
        bottom = y + self.height - 1
        canvas.create_line(0, bottom, width, bottom, fill=palette.border)
        colour = {ALONE: palette.error, DOUBTFUL: palette.warning}.get(row.confidence)
        if colour:
            canvas.create_rectangle(0, y, px(4), y + self.height - 1, fill=colour, outline="")
        part = ", validation" if row.part == VALIDATION else ""
        head = f"{CONFIDENCE_WORDS[row.confidence]}{part}"
        bold = row.confidence in (ALONE, DOUBTFUL)
        self._lines(words, y, inputs - words - px(_GAP), head, row.rule, ink, faint, bold)
        self._draw_side(row.input, inputs, y, targets - inputs, ink, faint, NO_INPUT)
        room, shown = width - targets, next(iter(pictured(row)[1:]), None)
        self._draw_side(row.target, targets, y, room, ink, faint, NO_TARGET, shown)
        if has_focus:
            canvas.create_rectangle(
                0, y, width - 1, y + self.height - 2, outline=palette.accent, width=px(1)
            )

    def draw_dragged(self, name: str, x: int, y: int, goal: int | None) -> None:
        """Draw a dragged name at the pointer, and a frame around the target at ``goal``.

        Args:
            name: the name of the dragged target.
            x, y: the pointer.
            goal: the upper edge of the row under the pointer; None if there is none.
        """
        canvas, palette, px = self.canvas, self.theme.palette, self.theme.px
        if goal is not None:
            box = (self.columns()[2] - px(4), goal + px(2), canvas.winfo_width() - px(2))
            bottom = goal + self.height - px(3)
            canvas.create_rectangle(*box, bottom, outline=palette.accent, width=px(2))
        font = self._font(True)
        text = canvas.create_text(
            x + px(14), y, text=name, anchor="w", fill=palette.accent_text, font=font
        )
        left, top, right, bottom = canvas.bbox(text)
        around = (left - px(6), top - px(4), right + px(6), bottom + px(4))
        canvas.create_rectangle(*around, fill=palette.accent, outline="")
        canvas.tag_raise(text)

    def _draw_side(
        self,
        image: ImageRef | None,
        x: int,
        y: int,
        width: int,
        ink: str,
        faint: str,
        missing: str,
        shown: Pictured | None = None,
    ) -> None:
        canvas, palette, px = self.canvas, self.theme.palette, self.theme.px
        side, top = px(PICTURE), y + px(6)
        room = width - side - 2 * px(_GAP)
        frame = (x, top, x + side, top + side)
        if image is None:
            canvas.create_rectangle(*frame, outline=faint, dash=(px(3), px(3)))
            self._lines(x + side + px(_GAP), y, room, "", missing, ink, faint)
            return
        shown = shown or image
        picture = self.pictures.get(shown)
        canvas.create_rectangle(*frame, fill=palette.pane, outline="")
        if picture is not None:
            canvas.create_image(x + side // 2, top + side // 2, image=picture)
        elif self.pictures.is_unreadable(shown):
            canvas.create_text(
                x + side // 2, top + side // 2, text="?", fill=palette.error, font=self._font(True)
            )
        # For slice 7 of a volume, scan.nii.gz/0007, the second line names the file.
        self._lines(x + side + px(_GAP), y, room, image.name, _folder(image), ink, faint)

    def _lines(
        self,
        x: int,
        y: int,
        room: int,
        first: str,
        second: str,
        ink: str,
        faint: str,
        bold: bool = False,
    ) -> None:
        middle, font, small = y + self.height // 2, self._font(bold), self.theme.font("small")
        draw = self.canvas.create_text
        if first and second:
            draw(x, middle, text=self._elide(first, font, room), anchor="sw", fill=ink, font=font)
            text = self._elide(second, small, room)
            draw(x, middle, text=text, anchor="nw", fill=faint, font=small)
        else:
            one, kind = (first, font) if first else (second, small)
            fill = ink if first else faint
            text = self._elide(one, kind, room)
            draw(x, middle, text=text, anchor="w", fill=fill, font=kind)

    def _elide(self, text: str, font: tkfont.Font, room: int) -> str:
        key = (text, str(font), room)
        if key not in self._short:
            if len(self._short) > _SHORT_KEPT:
                self._short.clear()
            self._short[key] = elided(text, font, room)
        return self._short[key]

    def _font(self, bold: bool) -> tkfont.Font:
        return self.theme.font("bold" if bold else "text")


def _folder(image: ImageRef) -> str:
    """The last two folders, which mostly name the person and the series."""
    return "/".join(image.path.parent.parts[-2:])


def pictured(row: Row) -> tuple[Pictured, ...]:
    """The thumbnails of a row: its input, then its target as it is read."""
    return row.files if row.pair is None else (row.pair.input, target_picture(row.pair))
