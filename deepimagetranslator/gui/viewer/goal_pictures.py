"""Pictures for the choices of the start page: an image, an arrow, and what it becomes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from deepimagetranslator.core.imaging.pixels import to_channels
from deepimagetranslator.core.typing import Array
from deepimagetranslator.gui.theme.palette import Palette

_PERSON, _SLICE = 4, 21
_NOISE = 48.0  # standard deviation in grey levels
_ARROW = 0.34  # width of the arrow's room as a fraction of an image's side
_BLUE, _PINK = (72, 40, 140), (250, 214, 232)


def goal_pictures(side: int, palette: Palette) -> Mapping[str, Image.Image]:
    """The pictures by the goal's name. Takes about 0.1 s, so run it in a thread.

    Args:
        side: height, and width of each of the two images, in pixels.
        palette: the colours of arrow and background.
    """
    # Imported here, since drawing the anatomy would delay the start of the window.
    from deepimagetranslator.core.sample import draw_slice  # noqa: PLC0415

    image, target = draw_slice(_PERSON, _SLICE, max(16, side))
    grey = to_channels(image, 3, "the sample")
    noise = np.random.default_rng(1).normal(0, _NOISE, image.shape)
    noisy = np.clip(image + noise, 0, 255).astype(np.uint8)
    pairs = {
        "maps": (grey, target),
        "cleaner": (to_channels(noisy, 3, "the sample"), grey),
        "stain": (grey, _stained(image)),
    }
    return {name: _joined(*pair, side, palette) for name, pair in pairs.items()}


def pair_picture(
    first: Array | None, second: Array | None, side: int, palette: Palette
) -> Image.Image:
    """Two thumbnails, RGB and at most ``side`` pixels each way, side by side; None stays empty."""
    gap = max(2, side // 16)
    picture = Image.new("RGB", (2 * side + gap, side), palette.pane)
    for place, image in enumerate((first, second)):
        if image is not None:
            height, width = image.shape[:2]
            left = place * (side + gap) + (side - width) // 2
            picture.paste(Image.fromarray(image), (left, (side - height) // 2))
    return picture


def _joined(first: Array, second: Array, side: int, palette: Palette) -> Image.Image:
    room = round(side * _ARROW)
    picture = Image.new("RGB", (2 * side + room, side), palette.raised)
    size = (side, side)
    picture.paste(Image.fromarray(first).resize(size), (0, 0))
    picture.paste(Image.fromarray(second).resize(size), (side + room, 0))
    draw = ImageDraw.Draw(picture)
    left, right, middle, half = side + room // 5, side + room - room // 5, side // 2, room // 4
    draw.polygon(
        [(left, middle - half), (right, middle), (left, middle + half)], fill=palette.muted
    )
    return picture


def _stained(image: Array) -> Array:
    """The grey image in the colours of a haematoxylin and eosin stain; black becomes white."""
    part = image.astype(np.float32) / 255
    blue, pink = np.array(_BLUE, np.float32), np.array(_PINK, np.float32)
    stained = pink * (1 - part) + blue * part
    return np.asarray(np.where(image < 8, 255, stained).astype(np.uint8))
