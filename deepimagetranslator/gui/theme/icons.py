"""Icons of the theme, drawn by code: check marks, arrows, signs.

Each is drawn at four times its size and scaled down, so that it is smooth at every size.
"""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageDraw

from deepimagetranslator.gui.theme.palette import Palette

FINENESS = 4
Draw = Callable[[ImageDraw.ImageDraw, float, Palette], None]


def draw_icon(name: str, size: int, palette: Palette) -> Image.Image:
    """The icon, ``size`` pixels square, on a transparent background."""
    side = size * FINENESS
    picture = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    ICONS[name](ImageDraw.Draw(picture), float(side), palette)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _lines(
    draw: ImageDraw.ImageDraw,
    side: float,
    points: list[tuple[float, float]],
    colour: str,
    width: float,
) -> None:
    """A line with round ends and corners; points and width are fractions of the side."""
    at = [(x * side, y * side) for x, y in points]
    thick = width * side
    draw.line(at, fill=colour, width=round(thick), joint="curve")
    for x, y in at:
        draw.ellipse((x - thick / 2, y - thick / 2, x + thick / 2, y + thick / 2), fill=colour)


def _box(ticked: bool, fill: str, edge: str, tick: str) -> Draw:
    """A check box; the texts are names of palette colours."""

    def draw_it(draw: ImageDraw.ImageDraw, side: float, palette: Palette) -> None:
        inset = 0.06 * side
        draw.rounded_rectangle(
            (inset, inset, side - inset, side - inset),
            radius=0.18 * side,
            fill=getattr(palette, fill),
            outline=getattr(palette, edge),
            width=round(0.08 * side),
        )
        if ticked:
            points = [(0.26, 0.53), (0.43, 0.70), (0.75, 0.32)]
            _lines(draw, side, points, getattr(palette, tick), 0.12)

    return draw_it


def _disc(fill: str) -> Draw:
    def draw_it(draw: ImageDraw.ImageDraw, side: float, palette: Palette) -> None:
        edges = (0.04 * side, 0.04 * side, 0.96 * side, 0.96 * side)
        draw.ellipse(edges, fill=getattr(palette, fill))

    return draw_it


def _strokes(points: list[tuple[float, float]], colour: str, width: float = 0.11) -> Draw:
    def draw_it(draw: ImageDraw.ImageDraw, side: float, palette: Palette) -> None:
        _lines(draw, side, points, getattr(palette, colour), width)

    return draw_it


def _sign(colour: str, triangle: bool) -> Draw:
    """An exclamation mark in a triangle or a disc."""

    def draw_it(draw: ImageDraw.ImageDraw, side: float, palette: Palette) -> None:
        fill, mark = getattr(palette, colour), palette.background
        if triangle:
            points = [(0.5, 0.12), (0.92, 0.86), (0.08, 0.86)]
            draw.polygon([(x * side, y * side) for x, y in points], fill=fill)
            _lines(draw, side, [*points, points[0]], fill, 0.1)
            stem, dot = [(0.5, 0.36), (0.5, 0.58)], (0.5, 0.77)
        else:
            draw.ellipse((0.04 * side, 0.04 * side, 0.96 * side, 0.96 * side), fill=fill)
            stem, dot = [(0.5, 0.25), (0.5, 0.54)], (0.5, 0.75)
        _lines(draw, side, stem, mark, 0.11)
        _lines(draw, side, [dot], mark, 0.13)

    return draw_it


DOWN = [(0.2, 0.36), (0.5, 0.66), (0.8, 0.36)]
UP = [(0.2, 0.64), (0.5, 0.34), (0.8, 0.64)]
RIGHT = [(0.36, 0.2), (0.66, 0.5), (0.36, 0.8)]
LEFT = [(0.64, 0.2), (0.34, 0.5), (0.64, 0.8)]

ICONS: dict[str, Draw] = {
    "check-off": _box(False, "field", "border", "text"),
    "check-off-hover": _box(False, "field", "accent", "text"),
    "check-off-disabled": _box(False, "background", "disabled", "text"),
    "check-on": _box(True, "accent", "accent", "accent_text"),
    "check-on-hover": _box(True, "accent_hover", "accent_hover", "accent_text"),
    "check-on-disabled": _box(True, "background", "disabled", "disabled"),
    "slider": _disc("accent"),
    "slider-hover": _disc("accent_hover"),
    "slider-disabled": _disc("disabled"),
    "down": _strokes(DOWN, "text"),
    "down-disabled": _strokes(DOWN, "disabled"),
    "up": _strokes(UP, "text"),
    "up-disabled": _strokes(UP, "disabled"),
    "right": _strokes(RIGHT, "text"),
    "right-disabled": _strokes(RIGHT, "disabled"),
    "left": _strokes(LEFT, "text"),
    "left-disabled": _strokes(LEFT, "disabled"),
    "error": _sign("error", triangle=False),
    "warning": _sign("warning", triangle=True),
}
