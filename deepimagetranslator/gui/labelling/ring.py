"""The ring that shows the brush, and the outline that is being drawn, as items of a canvas."""

from __future__ import annotations

from collections.abc import Sequence

from deepimagetranslator.core.labelling.strokes import Point
from deepimagetranslator.gui.theme.theme import theme_of
from deepimagetranslator.gui.viewer.image_canvas import ImageCanvas

_RING, _OUTLINE = "brush_ring", "outline"
_COLOURS = ("#000000", "#ffffff")  # one of them is seen on any image


def show_ring(
    canvas: ImageCanvas, point: Point | None, diameter: float, shape: tuple[int, int]
) -> None:
    """Show the brush at a point (y, x) of the label map; None hides it.

    Args:
        canvas: the canvas.
        point: the brush's centre.
        diameter: in pixels of the label map; 0 shows a small cross.
        shape: height and width of the label map.
    """
    if point is None or canvas.image is None:
        canvas.delete(_RING)
        return
    x, y = _on_canvas(canvas, point, shape)
    reach = max(2.0, diameter / 2 * canvas.rect().width / shape[1])
    items = canvas.find_withtag(_RING)
    if len(items) != len(_COLOURS):
        canvas.delete(_RING)
        px = theme_of(canvas).px
        items = tuple(
            canvas.create_oval(0, 0, 0, 0, outline=colour, width=px(1), tags=_RING)
            for colour in _COLOURS
        )
    for item, apart in zip(items, (1, 0), strict=True):
        size = reach + apart
        canvas.coords(item, x - size, y - size, x + size, y + size)


def show_outline(canvas: ImageCanvas, corners: Sequence[Point], shape: tuple[int, int]) -> None:
    """Show the outline that is being drawn; no corners hide it."""
    canvas.delete(_OUTLINE)
    if not corners or canvas.image is None:
        return
    places = [_on_canvas(canvas, corner, shape) for corner in corners]
    px = theme_of(canvas).px
    for colour, width in zip(_COLOURS, (px(3), px(1)), strict=True):
        if len(places) > 1:
            canvas.create_line(places, fill=colour, width=width, tags=_OUTLINE)
        x, y = places[0]
        size = px(2) + (width - px(1)) / 2
        canvas.create_oval(
            x - size, y - size, x + size, y + size, fill=colour, outline=colour, tags=_OUTLINE
        )


def _on_canvas(canvas: ImageCanvas, point: Point, shape: tuple[int, int]) -> tuple[float, float]:
    rect, inset = canvas.rect(), canvas.inset
    x = rect.left + point[1] * rect.width / shape[1] + inset
    return x, rect.top + point[0] * rect.height / shape[0] + inset
