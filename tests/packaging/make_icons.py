"""Draws assets/icon.png and assets/icon.ico: python tests/packaging/make_icons.py"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageDraw

from deepimagetranslator.gui.theme.logo import draw_mark
from deepimagetranslator.gui.theme.palette import PALETTES

SIZES = (16, 20, 24, 32, 40, 48, 64, 96, 128, 256)
ROUNDING = 0.18  # of a side
FINENESS = 4
# Brighter than in the window's empty panes: it must be told apart on any taskbar.
COLOURS = replace(
    PALETTES["dark"], pane="#26323c", mark=("#5ab4f5", "#d5dee6", "#ffffff", "#8fa1b0")
)


def icon(size: int) -> Image.Image:
    """The mark on a tile with round corners, ``size`` pixels square, RGBA."""
    corners = Image.new("L", (size * FINENESS,) * 2, 0)
    ImageDraw.Draw(corners).rounded_rectangle(
        (0, 0, size * FINENESS - 1, size * FINENESS - 1), ROUNDING * size * FINENESS, fill=255
    )
    picture = draw_mark(size, COLOURS).convert("RGBA")
    picture.putalpha(corners.resize((size, size), Image.Resampling.LANCZOS))
    return picture


def main() -> None:
    """Write both files."""
    assets = Path(__file__).parents[2] / "assets"
    icon(512).save(assets / "icon.png", optimize=True)
    drawn = [icon(size) for size in SIZES]
    drawn[-1].save(
        assets / "icon.ico", sizes=[(size, size) for size in SIZES], append_images=drawn[:-1]
    )


if __name__ == "__main__":
    main()
