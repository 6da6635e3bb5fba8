"""The list of images beside the panes: thumbnails, names and scores, worst first if wanted."""

from __future__ import annotations

import math
import time
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any, Literal

from deepimagetranslator.core.data.domain.mark import DomainMark
from deepimagetranslator.core.evaluation.score import Score
from deepimagetranslator.core.imaging.image_ref import ImageRef
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.viewer.image_pane import elided
from deepimagetranslator.gui.viewer.thumbnails import Thumbnails

WIDTH, NARROW = 210, 168
"""Its width beside the panes, and in the left column, in pixels at 100 per cent."""
_PICTURE, _GAP, _SIGN = 40, 6, 16
FILE_ORDER, WORST_FIRST, BY_NAME = "In file order", "Worst first", "By name"
ORDERS = (FILE_ORDER, WORST_FIRST, BY_NAME)
_SECONDS_BETWEEN = 1.0  # two sortings while scores arrive


class ImageList(ttk.Frame):
    """Draws the visible rows only, so that 10,000 images scroll smoothly.

    Args:
        parent: the parent widget.
        on_open: called with an image's index, in file order, on click, Return and arrow keys.

    Attributes:
        order: the indices of the images in the order of the rows.
        current: the index, in file order, of the image in view.
        sorting: the choice of the order.
    """

    def __init__(self, parent: tk.Misc, on_open: Callable[[int], object]) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        px = self.theme.px
        self._on_open = on_open
        self._images: Sequence[ImageRef] = ()
        self._score_of: Callable[[int], Score | None] = lambda _index: None
        self._mark_of: Callable[[int], DomainMark | None] = lambda _index: None
        self._note_of: Callable[[int], str] = lambda _index: ""
        self.order: list[int] = []
        self.current = 0
        self._top = 0
        self._drawing = ""
        self._sort_id = ""
        self._sorted_at = 0.0
        self.height = px(_PICTURE + _GAP)
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        self.sorting = ttk.Combobox(self, values=ORDERS, state="readonly", width=12)
        self.sorting.set(FILE_ORDER)
        self.sorting.grid(row=0, column=0, columnspan=2, sticky="ew", pady=(0, px(4)))
        self.sorting.bind("<<ComboboxSelected>>", self._on_sorting)
        self.canvas = tk.Canvas(self, width=px(WIDTH), height=px(80), takefocus=True)
        self.canvas.grid(row=1, column=0, sticky="nsew")
        self.bar = ttk.Scrollbar(self, command=self._on_bar)
        self.bar.grid(row=1, column=1, sticky="ns")
        self.note = ttk.Label(self, style="Small.TLabel", width=1)
        self.note.grid(row=2, column=0, columnspan=2, sticky="ew")
        self.pictures = Thumbnails(self, px(_PICTURE), self.redraw)
        self._bind()

    def show(
        self,
        images: Sequence[ImageRef],
        current: int,
        score_of: Callable[[int], Score | None],
        mark_of: Callable[[int], DomainMark | None] = lambda _index: None,
        note_of: Callable[[int], str] = lambda _index: "",
    ) -> None:
        """Show other images, or another one in view.

        Args:
            images: the images in file order.
            current: the index of the image in view.
            score_of: returns the score of the image at an index.
            mark_of: returns why the image at an index is unlike the training images.
            note_of: returns a word on the image at an index, before its score.
        """
        other = images is not self._images and list(images) != list(self._images)
        self._score_of, self._mark_of, self._note_of = score_of, mark_of, note_of
        if other:
            self._images, self._top = list(images), 0
            self._sort()
        if other or current != self.current:
            self.current = current
            self._into_view()
        self.redraw()

    def refresh(self, note: str = "") -> None:
        """Show new scores; sorts again, but not too often.

        Args:
            note: a text below the list.
        """
        self.note.configure(text=note)
        if self.sorting.get() == WORST_FIRST and not self._sort_id:
            passed = time.monotonic() - self._sorted_at
            wait = max(1, round((_SECONDS_BETWEEN - passed) * 1000))
            self._sort_id = self.after(wait, self._sort)
        self.redraw()

    def resize(self, width: int) -> None:
        """Set the width of the rows, in pixels at 100 per cent."""
        self.canvas.configure(width=self.theme.px(width))

    def destroy(self) -> None:
        """Close, and end the threads."""
        for waiting in (self._drawing, self._sort_id):
            if waiting:
                self.after_cancel(waiting)
        self.pictures.close()
        super().destroy()

    def redraw(self) -> None:
        """Redraw when Tk is idle; several calls cause one redraw."""
        if not self._drawing:
            self._drawing = self.after_idle(self._draw)

    # ---- order -----------------------------------------------------------------------------

    def _on_sorting(self, _event: object) -> None:
        self.sorting.selection_clear()
        self._sort()
        if self.sorting.get() == FILE_ORDER:
            self._into_view()
        else:
            self._scroll_to(0)

    def _sort(self) -> None:
        self._sort_id = ""
        self._sorted_at = time.monotonic()
        order = list(range(len(self._images)))
        if self.sorting.get() == WORST_FIRST:
            order.sort(key=lambda index: _rank(self._score_of(index), self._mark_of(index)))
        elif self.sorting.get() == BY_NAME:
            order.sort(key=lambda index: self._images[index].shown_name.lower())
        self.order = order
        self.redraw()

    def _into_view(self) -> None:
        if self.current not in self.order:
            return
        top = self.order.index(self.current) * self.height
        room = self.canvas.winfo_height()
        self._scroll_to(min(max(self._top, top + self.height - room), top))

    # ---- drawing ---------------------------------------------------------------------------

    def _draw(self) -> None:
        self._drawing = ""
        canvas, palette, room = self.canvas, self.theme.palette, self.canvas.winfo_height()
        canvas.delete("all")
        canvas.configure(background=palette.field)
        first = self._top // self.height
        rows = self.order[first : (self._top + room) // self.height + 1]
        for place, index in enumerate(rows):
            self._draw_row(index, (first + place) * self.height - self._top)
        self.pictures.want([self._images[index] for index in rows])
        whole = max(1, len(self.order) * self.height)
        self.bar.set(self._top / whole, min(1.0, (self._top + room) / whole))

    def _draw_row(self, index: int, y: int) -> None:
        theme, canvas, image = self.theme, self.canvas, self._images[index]
        palette, px, width = theme.palette, theme.px, self.canvas.winfo_width()
        chosen = index == self.current
        if chosen:
            box = (0, y, width, y + self.height)
            canvas.create_rectangle(box, fill=palette.selection, width=0)
        picture = self.pictures.get(image)
        middle = y + self.height // 2
        if picture is not None:
            canvas.create_image(px(_PICTURE // 2 + _GAP // 2), middle, image=picture)
        elif self.pictures.is_unreadable(image):
            canvas.create_text(px(_PICTURE // 2), middle, text="!", fill=palette.error)
        left = px(_PICTURE + 2 * _GAP)
        fill = palette.selection_text if chosen else palette.text
        muted = palette.selection_text if chosen else palette.muted
        score, mark = self._score_of(index), self._mark_of(index)
        right = width - px(_GAP)
        if mark is not None:
            sign = theme.icon("warning", _SIGN)
            canvas.create_image(right, middle, image=sign, anchor="e")
            right -= px(_SIGN + _GAP)
        told = list(filter(None, (self._note_of(index), "" if score is None else str(score))))
        told += [] if mark is None else [f"unlike: {mark.kind}"]
        name = elided(image.shown_name, theme.font(), right - left)
        anchor: Literal["sw", "w"] = "sw" if told else "w"
        canvas.create_text(left, middle, text=name, anchor=anchor, fill=fill, font=theme.font())
        if told:
            small = theme.font("small")
            words = elided(", ".join(told), small, right - left)
            canvas.create_text(left, middle, text=words, anchor="nw", fill=muted, font=small)

    # ---- input -----------------------------------------------------------------------------

    def _scroll_to(self, top: int) -> None:
        most = len(self.order) * self.height - self.canvas.winfo_height()
        self._top = max(0, min(top, most))
        self.redraw()

    def _on_bar(self, how: str, amount: str, unit: str = "") -> None:
        if how == "moveto":
            self._scroll_to(int(float(amount) * len(self.order) * self.height))
        else:
            step = self.height if unit == "units" else self.canvas.winfo_height()
            self._scroll_to(self._top + int(amount) * step)

    def _bind(self) -> None:
        canvas = self.canvas
        canvas.bind("<Configure>", lambda _event: self._scroll_to(self._top))
        canvas.bind(PALETTE_CHANGED, lambda _event: self.redraw())
        canvas.bind("<MouseWheel>", lambda e: self._wheel(-1 if e.delta > 0 else 1))
        canvas.bind("<Button-4>", lambda _event: self._wheel(-1))
        canvas.bind("<Button-5>", lambda _event: self._wheel(1))
        canvas.bind("<Button-1>", self._on_click)
        for key, by in (("Up", -1), ("Down", 1)):
            canvas.bind(f"<{key}>", lambda _event, by=by: self._step(by))  # type: ignore[misc]

    def _wheel(self, way: int) -> None:
        self._scroll_to(self._top + way * self.height)

    def _on_click(self, event: Any) -> None:
        self.canvas.focus_set()
        row = (self._top + event.y) // self.height
        if 0 <= row < len(self.order):
            self._on_open(self.order[row])

    def _step(self, by: int) -> str:
        if self.current in self.order:
            row = self.order.index(self.current) + by
            if 0 <= row < len(self.order):
                self._on_open(self.order[row])
        return "break"


def _rank(score: Score | None, mark: DomainMark | None) -> tuple[float, float]:
    """The sort key: the worst score first, then images without an object or a score; of these, and
    of equal scores, the farthest from the training images first."""
    value = math.inf if score is None or math.isnan(score.value) else score.value
    return value, 0.0 if mark is None else -mark.score
