"""The table of pairs; only visible rows are drawn, so that 10,000 rows scroll smoothly."""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk
from typing import Any

from deepimagetranslator.app.data_check import Row
from deepimagetranslator.gui.data_check.pair_rows import PICTURE, PairRows, pictured
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.thumbnails import Thumbnails

_DRAG_FROM = 6


class PairTable(ttk.Frame):
    """Rows with thumbnails and names; the user can drag a target from its row to another one.

    Args:
        parent: the parent widget.
        on_select: called with the row that gets the focus.
        on_open: called with a row on Return or double click.
        on_drop: called with the row that gets a target, and the row that the target came from.
        on_leave_out: called with the selected rows on Delete.

    Attributes:
        rows: the rows in the table.
        current: the index of the row with the focus; -1 without rows.
        selected: the indices of the selected rows.
    """

    def __init__(
        self,
        parent: tk.Misc,
        on_select: Callable[[Row], object],
        on_open: Callable[[Row], object],
        on_drop: Callable[[Row, Row], object],
        on_leave_out: Callable[[Sequence[Row]], object],
    ) -> None:
        super().__init__(parent)
        self.theme = theme_of(self)
        self.rows: Sequence[Row] = ()
        self.current = -1
        self.selected: set[int] = set()
        self._on_select, self._on_open = on_select, on_open
        self._on_drop, self._on_leave_out = on_drop, on_leave_out
        self._top = 0
        self._anchor = 0
        self._pressed: tuple[int, int, int] | None = None
        self._dragged: int | None = None
        self._drawing = ""
        px = self.theme.px
        self.columnconfigure(0, weight=1)
        self.rowconfigure(1, weight=1)
        line = self.theme.font().metrics("linespace")
        self._head = tk.Canvas(self, height=line + px(8), takefocus=False)
        self._head.grid(row=0, column=0, columnspan=2, sticky="ew")
        self.canvas = tk.Canvas(self, takefocus=True, width=px(600))
        self.canvas.grid(row=1, column=0, sticky="nsew")
        self.bar = ttk.Scrollbar(self, command=self._on_bar)
        self.bar.grid(row=1, column=1, sticky="ns")
        self.pictures = Thumbnails(self, px(PICTURE), self.redraw)
        self._painter = PairRows(self.canvas, self.pictures)
        self.height = self._painter.height
        self.canvas.configure(height=4 * self.height)
        self._bind()

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows; the focus stays on its row, or on its index if the row is gone."""
        before = self.rows[self.current] if 0 <= self.current < len(self.rows) else None
        self.rows = rows
        if before is not None and before in rows[self.current : self.current + 1]:
            pass
        elif before is not None and before in rows:
            self.current = list(rows).index(before)
        self.current = min(max(self.current, 0), len(rows) - 1)
        self.selected = {self.current} if rows else set()
        self._anchor = max(0, self.current)
        self._scroll_to(self._top)

    def go(self, number: int, extend: bool = False) -> None:
        """Move the focus to a row, scroll to it and call ``on_select``.

        Args:
            number: the index of the row; values outside the table are clipped.
            extend: extend the selection to this row, as with Shift.
        """
        if not self.rows:
            return
        self.current = min(max(number, 0), len(self.rows) - 1)
        if extend:
            low, high = sorted((self._anchor, self.current))
            self.selected = set(range(low, high + 1))
        else:
            self._anchor = self.current
            self.selected = {self.current}
        room = self.canvas.winfo_height()
        top = self.current * self.height
        self._scroll_to(min(max(self._top, top + self.height - room), top))
        self._on_select(self.rows[self.current])

    @property
    def chosen(self) -> list[Row]:
        """The selected rows."""
        return [self.rows[number] for number in sorted(self.selected)]

    def destroy(self) -> None:
        """Close, and end the threads."""
        if self._drawing:
            self.after_cancel(self._drawing)
        self.pictures.close()
        super().destroy()

    # ---- drawing ---------------------------------------------------------------------------

    def redraw(self) -> None:
        """Redraw when Tk is idle; several calls cause one redraw."""
        if not self._drawing:
            self._drawing = self.after_idle(self._draw)

    def _draw(self) -> None:
        self._drawing = ""
        canvas, palette = self.canvas, self.theme.palette
        canvas.delete("all")
        canvas.configure(background=palette.field)
        self._painter.draw_head(self._head)
        room = canvas.winfo_height()
        first = self._top // self.height
        last = min(len(self.rows), (self._top + room) // self.height + 1)
        for number in range(first, last):
            y, is_chosen = number * self.height - self._top, number in self.selected
            has_focus = number == self.current and canvas.focus_get() == canvas
            self._painter.draw_row(self.rows[number], y, is_chosen, has_focus)
        if not self.rows:
            text = "There are no pairs yet; load images and targets with the File menu."
            middle = canvas.winfo_width() // 2, room // 2
            canvas.create_text(*middle, text=text, fill=palette.muted, font=self.theme.font())
        self.pictures.want([one for row in self.rows[first:last] for one in pictured(row)])
        whole = max(1, len(self.rows) * self.height)
        self.bar.set(self._top / whole, min(1.0, (self._top + room) / whole))

    # ---- scrolling and keys ----------------------------------------------------------------

    def _scroll_to(self, top: int) -> None:
        most = len(self.rows) * self.height - self.canvas.winfo_height()
        self._top = max(0, min(top, most))
        self.redraw()

    def _on_bar(self, how: str, amount: str, unit: str = "") -> None:
        if how == "moveto":
            self._scroll_to(int(float(amount) * len(self.rows) * self.height))
        else:
            step = self.height if unit == "units" else self.canvas.winfo_height()
            self._scroll_to(self._top + int(amount) * step)

    def _bind(self) -> None:
        canvas = self.canvas

        def page() -> int:
            return max(1, canvas.winfo_height() // self.height - 1)

        moves: dict[str, Callable[[], int]] = {
            "Up": lambda: self.current - 1,
            "Down": lambda: self.current + 1,
            "Prior": lambda: self.current - page(),
            "Next": lambda: self.current + page(),
            "Home": lambda: 0,
            "End": lambda: len(self.rows) - 1,
        }

        def bind_move(key: str, target: Callable[[], int]) -> None:
            for shift in (False, True):

                def move(_event: object, extend: bool = shift) -> str:
                    self.go(target(), extend)
                    return "break"

                canvas.bind(f"<{'Shift-' if shift else ''}{key}>", move)

        for key, target in moves.items():
            bind_move(key, target)
        for key in ("<Return>", "<KP_Enter>"):
            canvas.bind(key, self._on_return)
        canvas.bind("<Delete>", lambda _event: self._on_leave_out(self.chosen))
        canvas.bind("<Configure>", lambda _event: self._scroll_to(self._top))
        canvas.bind("<<PaletteChanged>>", lambda _event: self.redraw())
        for key in ("<FocusIn>", "<FocusOut>"):
            canvas.bind(key, lambda _event: self.redraw())
        canvas.bind("<MouseWheel>", lambda e: self._wheel(-1 if e.delta > 0 else 1))
        canvas.bind("<Button-4>", lambda _event: self._wheel(-1))
        canvas.bind("<Button-5>", lambda _event: self._wheel(1))
        canvas.bind("<Button-1>", self._on_press)
        canvas.bind("<Shift-Button-1>", lambda e: self.go(self._number_at(e.y), extend=True))
        canvas.bind("<B1-Motion>", self._on_motion)
        canvas.bind("<ButtonRelease-1>", self._on_release)
        canvas.bind("<Double-Button-1>", self._on_return)

    def _wheel(self, way: int) -> None:
        self._scroll_to(self._top + way * self.height)

    def _on_return(self, _event: object) -> str:
        if 0 <= self.current < len(self.rows):
            self._on_open(self.rows[self.current])
        return "break"

    # ---- dragging --------------------------------------------------------------------------

    def _number_at(self, y: int) -> int:
        return (self._top + y) // self.height

    def _on_press(self, event: Any) -> None:
        self.canvas.focus_set()
        number = self._number_at(event.y)
        if not 0 <= number < len(self.rows):
            return
        self.go(number)
        on_target = event.x >= self._painter.columns()[2] and self.rows[number].target is not None
        self._pressed = (number, event.x, event.y) if on_target else None

    def _on_motion(self, event: Any) -> None:
        if self._pressed is None:
            return
        number, x, y = self._pressed
        if self._dragged is None and abs(event.x - x) + abs(event.y - y) < self.theme.px(
            _DRAG_FROM
        ):
            return
        self._dragged = number
        if event.y < 0:
            self._wheel(-1)
        elif event.y > self.canvas.winfo_height():
            self._wheel(1)
        self._draw()
        self._draw_dragged(event.x, event.y)

    def _draw_dragged(self, x: int, y: int) -> None:
        assert self._dragged is not None
        image, number = self.rows[self._dragged].target, self._number_at(y)
        assert image is not None
        is_goal = 0 <= number < len(self.rows) and number != self._dragged
        goal = number * self.height - self._top if is_goal else None
        self._painter.draw_dragged(image.name, x, y, goal)

    def _on_release(self, event: Any) -> None:
        dragged, self._dragged, self._pressed = self._dragged, None, None
        self.redraw()
        number = self._number_at(event.y)
        inside = 0 <= event.y < self.canvas.winfo_height() and 0 <= number < len(self.rows)
        if dragged is not None and inside and number != dragged:
            self._on_drop(self.rows[number], self.rows[dragged])
