"""A histogram of a data set's values with the two limits that become 0 and 1."""

from __future__ import annotations

import math
import sys
import tkinter as tk
from collections.abc import Callable
from typing import Any

import numpy as np

from deepimagetranslator.core.data.intensity.histogram import Distribution
from deepimagetranslator.gui.theme.theme import PALETTE_CHANGED, theme_of
from deepimagetranslator.gui.viewer.shading import Levels, number_words
from deepimagetranslator.gui.widgets.keys import only

HELP = (
    "Histogram of the training images' values, with logarithmic heights. Drag a limit, or move it "
    "with Left and Right (with Shift 10 times as far); Up or Down selects the other limit. The "
    "wheel or + and - zoom, a double click shows all values."
)
_COLUMN = 2.0
_ZOOM = 1.5
_NEAREST_VIEW = 20  # columns


class Histogram(tk.Canvas):
    """Columns of logarithmic height with a line at each limit.

    Args:
        parent: the parent widget.
        width, height: in pixels at 100 per cent.
        on_limits: called with new limits, the lower first, when the user moves one.
        brief: draw neither the axis nor numbers, for a place beside fields that show these.

    Attributes:
        limits: the values that become 0 and 1; None draws no lines.
        view: the lowest and the highest visible value.
        active: the limit that the keys move: 0 (lower) or 1 (upper).
    """

    def __init__(
        self,
        parent: tk.Misc,
        width: int,
        height: int,
        on_limits: Callable[[float, float], object],
        *,
        brief: bool = False,
    ) -> None:
        px = theme_of(parent).px
        super().__init__(parent, width=px(width), height=px(height), takefocus=True)
        self.on_limits, self._brief = on_limits, brief
        self.limits: Levels | None = None
        self.view: Levels = (0.0, 1.0)
        self.active = 0
        self._spread: Distribution | None = None
        self._hint = ""
        self._dragged = False
        self._listen()
        self._recolour()

    def show(self, spread: Distribution | None, limits: Levels | None, hint: str = "") -> None:
        """Show a distribution and limits.

        Args:
            spread: the values; None shows the hint. The same one as before keeps the zoom.
            limits: the values that become 0 and 1; None draws no lines.
            hint: a sentence that is shown without values.
        """
        zoomed = spread is self._spread and self.view != self._whole()
        self._spread, self.limits, self._hint = spread, limits, hint
        if not zoomed:
            self.view = self._whole()
        self._draw()

    def x_of(self, value: float) -> float:
        """The x coordinate of a value in pixels."""
        left, right = self._sides()
        low, high = self.view
        return left + (value - low) / (high - low) * (right - left)

    def value_at(self, x: float) -> float:
        """The value at an x coordinate, rounded to the resolution of a pixel."""
        left, right = self._sides()
        low, high = self.view
        return self._rounded(low + (x - left) / (right - left) * (high - low))

    def move(self, steps: float) -> None:
        """Move the active limit by so many steps, as the arrow keys do."""
        if self.limits is not None:
            self._set(self.limits[self.active] + steps * self._step())

    def zoom(self, factor: float, about: float | None = None) -> None:
        """Zoom in by ``factor`` about a value, by default the active limit."""
        whole = self._whole()
        if about is None:
            about = self.limits[self.active] if self.limits is not None else sum(self.view) / 2
        low, high = self.view
        least = (whole[1] - whole[0]) * 1e-4
        if self._is_whole():
            least = max(least, _NEAREST_VIEW)
        span = max(least, (high - low) / factor)
        low = about - (about - low) / (high - low) * span
        low = max(whole[0], min(low, whole[1] - span))
        self.view = (low, min(whole[1], low + span))
        self._draw()

    def show_all(self) -> None:
        """Show every value and both limits."""
        self.view = self._whole()
        self._draw()

    # ---- values ----------------------------------------------------------------------------

    def _whole(self) -> Levels:
        if self._spread is None:
            return (0.0, 1.0)
        low, high = self._spread.low, self._spread.high
        if self.limits is not None:
            low, high = min(low, self.limits[0]), max(high, self.limits[1])
        beside = (high - low) * 0.02 or 1.0
        return low - beside, high + beside

    def _is_whole(self) -> bool:
        spread = self._spread
        return spread is not None and bool((spread.values == np.rint(spread.values)).all())

    def _step(self) -> float:
        """The step of an arrow key: 1, or for fractions about 1/200 of the visible range."""
        if self._is_whole():
            return 1.0
        return float(10.0 ** math.floor(math.log10((self.view[1] - self.view[0]) / 200)))

    def _rounded(self, value: float) -> float:
        step = self._step()
        return round(value / step) * step if step >= 1 else round(value, -round(math.log10(step)))

    def _set(self, value: float) -> None:
        """Move the active limit to a value, but not beyond the other limit."""
        assert self.limits is not None
        low, high = self.limits
        step, value = self._step(), self._rounded(value)
        limits = (
            (min(value, high - step), high) if self.active == 0 else (low, max(value, low + step))
        )
        if limits != self.limits:
            self.on_limits(*limits)

    # ---- input of the user -----------------------------------------------------------------

    def _listen(self) -> None:
        self.bind(PALETTE_CHANGED, self._recolour)
        self.bind("<Configure>", lambda _: self._draw())
        self.bind("<Button-1>", self._on_press)
        self.bind("<B1-Motion>", self._on_drag)
        self.bind("<ButtonRelease-1>", self._on_release)
        self.bind("<Double-Button-1>", self._on_double)
        self.bind("<Motion>", self._on_motion)
        self.bind("<MouseWheel>", lambda event: self._on_turn(event, event.delta > 0))
        if sys.platform not in ("win32", "darwin"):
            self.bind("<Button-4>", lambda event: self._on_turn(event, True))
            self.bind("<Button-5>", lambda event: self._on_turn(event, False))
        for focus in ("<FocusIn>", "<FocusOut>"):
            self.bind(focus, lambda _: self._draw(), add=True)
        keys: dict[str, Callable[[], object]] = {
            "Left": lambda: self.move(-1),
            "Right": lambda: self.move(1),
            "Shift-Left": lambda: self.move(-10),
            "Shift-Right": lambda: self.move(10),
            "Up": self._other,
            "Down": self._other,
            "Key-plus": lambda: self.zoom(_ZOOM),
            "Key-minus": lambda: self.zoom(1 / _ZOOM),
        }
        for key, action in keys.items():
            self.bind(f"<{key}>", only(action))

    def _other(self) -> None:
        self.active = 1 - self.active
        self._draw()

    def _nearest(self, x: float) -> int:
        assert self.limits is not None
        far = [abs(x - self.x_of(limit)) for limit in self.limits]
        # If both are at the same place, the one on the pointer's side.
        if abs(far[0] - far[1]) < 1:
            return int(x > self.x_of(self.limits[0]))
        return int(far[1] < far[0])

    def _on_press(self, event: tk.Event[Any]) -> None:
        self.focus_set()
        if self.limits is not None and self._spread is not None:
            self.active, self._dragged = self._nearest(event.x), self._near(event.x)
            self._draw()

    def _on_drag(self, event: tk.Event[Any]) -> None:
        if self._dragged and self.limits is not None:
            left, right = self._sides()
            self._set(self.value_at(min(right, max(left, event.x))))

    def _on_release(self, _event: tk.Event[Any]) -> None:
        self._dragged = False

    def _on_double(self, event: tk.Event[Any]) -> None:
        if not self._near(event.x):
            self.show_all()

    def _near(self, x: float) -> bool:
        """Whether a limit is under the pointer."""
        if self.limits is None or self._spread is None:
            return False
        return min(abs(x - self.x_of(limit)) for limit in self.limits) <= theme_of(self).px(8)

    def _on_motion(self, event: tk.Event[Any]) -> None:
        self.configure(cursor="sb_h_double_arrow" if self._near(event.x) else "")

    def _on_turn(self, event: tk.Event[Any], nearer: bool) -> str:
        if self._spread is not None:
            self.zoom(_ZOOM if nearer else 1 / _ZOOM, self.value_at(event.x))
        return "break"

    # ---- drawing ---------------------------------------------------------------------------

    def _sides(self) -> tuple[float, float]:
        beside = theme_of(self).px(14)
        return beside, max(beside + 1.0, self._size()[0] - beside)

    def _size(self) -> tuple[int, int]:
        known = self.winfo_width() > 1
        width, height = self.winfo_width(), self.winfo_height()
        return (width, height) if known else (self.winfo_reqwidth(), self.winfo_reqheight())

    def _recolour(self, _event: object = None) -> None:
        palette = theme_of(self).palette
        self.configure(
            background=palette.field,
            highlightthickness=theme_of(self).px(1),
            highlightbackground=palette.border,
            highlightcolor=palette.accent,
        )
        self._draw()

    def _draw(self) -> None:
        self.delete("all")
        theme = theme_of(self)
        width, height = self._size()
        if self._spread is None:
            font, room = theme.font(), max(1, width - theme.px(40))
            middle = (width / 2, height / 2)
            words = {"text": self._hint, "fill": theme.palette.muted, "font": font, "width": room}
            self.create_text(*middle, justify="center", **words)  # type: ignore[call-overload]
            return
        line = -theme.px(4) if self._brief else theme.font("small").metrics("linespace")
        top, bottom = line + theme.px(14), height - line - theme.px(8)
        self._draw_columns(self._spread, top, bottom)
        if not self._brief:
            self._draw_axis(bottom)
        if self.limits is not None:
            for index in (1 - self.active, self.active):
                self._draw_limit(index, top, bottom)
            if not self._brief:
                self._draw_numbers(*self.limits, top - theme.px(11))

    def _draw_columns(self, spread: Distribution, top: float, bottom: float) -> None:
        """Draw the columns as one polygon per area, which is fast for thousands of values."""
        palette = theme_of(self).palette
        left, right = self._sides()
        columns = max(8, int((right - left) / theme_of(self).px(_COLUMN)))
        edges, sums = spread.histogram(*self.view, columns)
        # Relative to the rarest value, since a sampled value represents many.
        sums = sums / (sums[sums > 0].min() if sums.any() else 1.0)
        heights = np.log1p(sums) / (math.log1p(sums.max()) or 1.0) * (bottom - top)
        for low, high, colour in self._areas():
            corners: list[float] = []
            for start, end, tall in zip(edges, edges[1:], heights, strict=False):
                start, end = max(float(start), low), min(float(end), high)
                if tall > 0 and start < end:
                    x0, x1 = self.x_of(start), self.x_of(end)
                    corners += [x0, bottom, x0, bottom - tall, x1, bottom - tall, x1, bottom]
            if corners:
                self.create_polygon(*corners, fill=colour, outline="", tags="columns")
        self.create_line(left, bottom, right, bottom, fill=palette.border)

    def _areas(self) -> list[tuple[float, float, str]]:
        """The visible ranges outside and inside the limits, with their colours."""
        palette, (first, last) = theme_of(self).palette, self.view
        if self.limits is None:
            return [(first, last, palette.accent)]
        low, high = (min(last, max(first, limit)) for limit in self.limits)
        outside = palette.disabled
        return [(first, low, outside), (low, high, palette.accent), (high, last, outside)]

    def _draw_axis(self, bottom: float) -> None:
        theme = theme_of(self)
        low, high = self.view
        font = theme.font("small")
        room = font.measure("-00000") + theme.px(24)
        left, right = self._sides()
        step = _round_step((high - low) / max(1.0, (right - left) / room))
        for number in range(math.ceil(low / step), math.floor(high / step) + 1):
            x = self.x_of(number * step)
            self.create_line(x, bottom, x, bottom + theme.px(3), fill=theme.palette.border)
            words = number_words(float(f"{number * step:.6g}"))
            at = (x, bottom + theme.px(4))
            self.create_text(*at, text=words, anchor="n", font=font, fill=theme.palette.muted)

    def _colour(self, index: int) -> str:
        """The colour of a limit and its number; the active limit is highlighted."""
        palette = theme_of(self).palette
        leads = index == self.active and self.focus_get() is self
        return palette.warning if leads else palette.text

    def _in_view(self, index: int) -> bool:
        assert self.limits is not None
        return self.view[0] <= self.limits[index] <= self.view[1]

    def _draw_limit(self, index: int, top: float, bottom: float) -> None:
        if self.limits is None or not self._in_view(index):
            return
        px, colour, x = theme_of(self).px, self._colour(index), self.x_of(self.limits[index])
        half = px(5)
        self.create_line(x, top - half, x, bottom, fill=colour, width=px(2), tags="limit")
        knob = (x - half, top - 2 * half, x + half, top - 2 * half, x, top - half + px(1))
        self.create_polygon(*knob, fill=colour, outline=colour, tags="limit")

    def _draw_numbers(self, low: float, high: float, bottom: float) -> None:
        """Write the limits' values beside their lines, without overlap."""
        theme = theme_of(self)
        font, half = theme.font("small"), theme.px(5)
        words = number_words(low), number_words(high)
        wide = font.measure(words[0]), font.measure(words[1])
        left, right = self._sides()
        starts = [max(left, self.x_of(low) + half - wide[0]), self.x_of(high) - half]
        if self._in_view(0) and self._in_view(1):
            starts[1] = max(starts[1], starts[0] + wide[0] + theme.px(8))
        starts[1] = min(starts[1], right - wide[1])
        if self._in_view(1):
            starts[0] = min(starts[0], starts[1] - theme.px(8) - wide[0])
        for index in (0, 1):
            if self._in_view(index):
                at, colour = (starts[index], bottom), self._colour(index)
                self.create_text(*at, text=words[index], anchor="sw", font=font, fill=colour)


def _round_step(least: float) -> float:
    """The smallest number of the form 1, 2 or 5 times a power of 10 that is at least ``least``."""
    ten = float(10.0 ** math.floor(math.log10(max(least, 1e-30))))
    return next(ten * factor for factor in (1, 2, 5, 10) if ten * factor >= least * 0.999)
