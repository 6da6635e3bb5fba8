"""The program's logo, four circles joined by bars, shown where there is no image."""

from __future__ import annotations

from functools import lru_cache

from PIL import Image, ImageDraw

from deepimagetranslator.gui.theme.palette import Palette

_FINENESS = 4
_TOP, _LEFT, _RIGHT, _BOTTOM = (0.5, 0.15), (0.17, 0.5), (0.83, 0.5), (0.5, 0.85)
_RADIUS, _BAR = 0.107, 0.082
_BARS = ((_TOP, _BOTTOM, 3), (_LEFT, _BOTTOM, 3), (_RIGHT, _BOTTOM, 2), (_TOP, _LEFT, 1))
_CIRCLES = ((_LEFT, 1), (_RIGHT, 1), (_BOTTOM, 2), (_TOP, 0))


@lru_cache(maxsize=4)
def draw_mark(size: int, palette: Palette) -> Image.Image:
    """The logo, ``size`` pixels square, on the background of a pane."""
    side = size * _FINENESS
    picture = Image.new("RGB", (side, side), palette.pane)
    draw = ImageDraw.Draw(picture)
    for start, end, grey in (*_BARS, (_TOP, _RIGHT, 1)):
        line = [(x * side, y * side) for x, y in (start, end)]
        draw.line(line, fill=palette.mark[grey], width=round(_BAR * side))
    for (x, y), grey in _CIRCLES:
        box = [(part + way * _RADIUS) * side for way in (-1, 1) for part in (x, y)]
        draw.ellipse(box, fill=palette.mark[grey])
    return picture.resize((size, size), Image.Resampling.LANCZOS)
