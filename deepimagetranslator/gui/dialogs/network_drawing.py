"""A drawing of the U-Net: a row for each level, encoder on the left, decoder on the right."""

from __future__ import annotations

import tkinter as tk
from typing import Literal

from deepimagetranslator.core.config.network_plan import Block, plan_blocks
from deepimagetranslator.core.config.specs import ModelSpec
from deepimagetranslator.gui.theme.theme import theme_of

TIMES = " × "
Anchor = Literal["center", "w", "e"]


class NetworkDrawing(tk.Canvas):
    """Draws a spec with all sizes decided; redrawn when its size or the palette changes."""

    def __init__(self, parent: tk.Misc, width: int, height: int) -> None:
        super().__init__(parent, width=width, height=height, highlightthickness=0)
        self._theme = theme_of(self)
        self._spec: ModelSpec | None = None
        self.bind("<Configure>", lambda _event: self._draw())
        self.bind("<<PaletteChanged>>", lambda _event: self._draw())

    def show(self, spec: ModelSpec) -> None:
        """Draw this network."""
        self._spec = spec
        self._draw()

    def texts(self) -> list[str]:
        """The words in the drawing, from top to bottom."""
        items = sorted(self.find_withtag("words"), key=lambda item: self.coords(item)[1])
        return [str(self.tk.call(self, "itemcget", item, "-text")) for item in items]

    def _draw(self) -> None:
        self.delete("all")
        self.configure(background=self._theme.palette.pane)
        if self._spec is None:
            return
        blocks = plan_blocks(self._spec)
        px, palette = self._theme.px, self._theme.palette
        self._margin, self._top = px(16), px(40)
        room = max(self.winfo_width(), self.winfo_reqwidth()) / 2
        self._middle = room
        tall = max(self.winfo_height(), self.winfo_reqheight())
        self._row = (tall - self._top - px(14)) / len(blocks)
        inset = room - self._margin - px(92)
        self._step = min(px(34), inset / max(1, len(blocks) - 1))
        self._levels = len(blocks)
        last = blocks[-1]
        for level, block in enumerate(blocks[:-1]):
            self._draw_level(level, block)
        self._draw_bridge(last)
        self._draw_ends(self._spec)
        if self._spec.deep_supervision and self._levels > 2:
            self._draw_second_output(palette.series[3])

    def _centre(self, level: int) -> tuple[float, float]:
        """The centre (x, y) of an encoder block, in pixels."""
        y = self._top + self._row * (level + 0.5)
        if level == self._levels - 1:
            return self._middle, y - self._theme.px(4)
        return self._margin + self._theme.px(18) + self._step * level, y

    def _half(self, level: int, filters: int) -> tuple[float, float]:
        """Half the width and half the height of a block: wider with channels, lower with depth."""
        px = self._theme.px
        wide = min(px(5) + px(1) * filters.bit_length(), px(16))
        tall = self._row * (0.36 - 0.14 * level / max(1, self._levels - 1))
        return wide, min(max(px(4), tall), px(48))

    def _box(self, x: float, y: float, wide: float, tall: float, colour: str) -> None:
        """Draw the two convolutions of a block, side by side."""
        gap = self._theme.px(1)
        for left, right in ((x - wide, x - gap), (x + gap, x + wide)):
            self.create_rectangle(left, y - tall, right, y + tall, fill=colour, width=0)

    def _arrow(self, *points: float, colour: str = "", dashed: bool = False) -> None:
        px, thick = self._theme.px, max(1, self._theme.px(1.4))
        self.create_line(
            *points,
            fill=colour or self._theme.palette.muted,
            width=thick,
            arrow="last",
            arrowshape=(px(6), px(7), px(3)),
            dash=(px(4), px(3)) if dashed else (),
        )

    def _words(self, x: float, y: float, text: str, anchor: Anchor = "center") -> None:
        """Small text on a background that covers lines."""
        palette, px = self._theme.palette, self._theme.px
        item = self.create_text(
            x,
            y,
            text=text,
            fill=palette.text,
            font=self._theme.font("small"),
            anchor=anchor,
            tags=["words"],
        )
        self.dtag("words-last")
        self.addtag_withtag("words-last", item)
        left, top, right, bottom = self.bbox(item)
        ground = self.create_rectangle(
            left - px(4), top, right + px(4), bottom, fill=palette.pane, width=0
        )
        self.tag_lower(ground, item)

    def _draw_level(self, level: int, block: Block) -> None:
        palette = self._theme.palette
        x, y = self._centre(level)
        wide, tall = self._half(level, block.filters)
        mirrored = 2 * self._middle - x
        self._arrow(x + wide, y, mirrored - wide, y, dashed=True)
        self._box(x, y, wide, tall, palette.series[0])
        self._box(mirrored, y, wide, tall, palette.series[2])
        next_x, next_y = self._centre(level + 1)
        next_wide, next_tall = self._half(level + 1, block.filters * 2)
        if level + 1 == self._levels - 1:
            # The arrows end and start at the sides of the bridge block.
            edge = next_x - next_wide
            self._arrow(x, y + tall, x, next_y, edge, next_y)
            self._arrow(2 * self._middle - edge, next_y, mirrored, next_y, mirrored, y + tall)
        else:
            self._arrow(x, y + tall, next_x, next_y - next_tall)
            self._arrow(2 * self._middle - next_x, next_y - next_tall, mirrored, y + tall)
        self._words(self._middle, y, _size_words(block))

    def _draw_bridge(self, block: Block) -> None:
        x, y = self._centre(self._levels - 1)
        wide, tall = self._half(self._levels - 1, block.filters)
        self._box(x, y, wide, tall, self._theme.palette.series[1])
        self._words(x, y + tall + self._theme.px(9), _size_words(block))

    def _draw_ends(self, spec: ModelSpec) -> None:
        px = self._theme.px
        x, y = self._centre(0)
        tall = self._half(0, spec.base_filters)[1]
        mirrored = 2 * self._middle - x
        if self._levels == 1:
            gap = px(60)
            self._arrow(x - gap, px(28), x - gap, y, x - px(14), y)
            self._arrow(x + px(14), y, x + gap, y, x + gap, px(28))
        else:
            self._arrow(x, px(28), x, y - tall)
            self._arrow(mirrored, y - tall, mirrored, px(28))
        sizes = (spec.input_width, spec.input_height, spec.input_channels)
        self._words(self._margin, px(18), f"Input {TIMES.join(map(str, sizes))}", "w")
        left = self.bbox("words-last")[2]
        sizes = (spec.target_width, spec.target_height, spec.target_channels)
        right = 2 * self._middle - self._margin
        self._words(right, px(18), f"Output {TIMES.join(map(str, sizes))}", "e")
        if spec.residual:
            self._draw_added_input(left + px(6), self.bbox("words-last")[0] - px(6))

    def _draw_added_input(self, left: float, right: float) -> None:
        """Draw that the input is added to the output, between their words."""
        y = self._theme.px(18)
        self._arrow(left, y, right, y, colour=self._theme.palette.series[4])
        self._words((left + right) / 2, y, "added")

    def _draw_second_output(self, colour: str) -> None:
        """Draw the deep supervision output of the third decoder block from the end."""
        px = self._theme.px
        x, y = self._centre(2)
        x = 2 * self._middle - x
        right = 2 * self._middle - self._margin
        wide, _tall = self._half(2, 4 * (self._spec.base_filters if self._spec else 1))
        self._arrow(x + wide + px(2), y, right, y, colour=colour)
        # The label of the arrow, in the free corner.
        low = max(self.winfo_height(), self.winfo_reqheight()) - px(14)
        self._words(right, low, "Second output", "e")
        left = self.bbox("words-last")[0]
        self._arrow(left - px(30), low, left - px(6), low, colour=colour)


def _size_words(block: Block) -> str:
    down, up = (block.width, block.height), (block.up_width, block.up_height)
    sizes = TIMES.join(map(str, down))
    if up != down:
        sizes += " to " + TIMES.join(map(str, up))
    return f"{sizes}{TIMES}{block.filters}"
