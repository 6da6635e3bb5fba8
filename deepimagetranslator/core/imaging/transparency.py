"""The alpha channel of PNG, GIF and TIFF images, which ``read_image`` drops."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.typing import Array

_FORMATS = ("PNG", "GIF", "TIFF")
_PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}


def alpha_of(path: Path, number: int = 1) -> Array | None:
    """The alpha channel (height, width, 1), uint8, 255 for opaque; None if there is none.

    Pillow reads it, so 16-bit values are reduced to 8 bits. The EXIF orientation is applied.

    Args:
        path: of a file whose size a reader has checked.
        number: of the slice, from 1.

    Raises:
        Exception: it is damaged.
    """
    with HELD.opened(path) as file:
        try:
            image: Image.Image = Image.open(file, formats=_FORMATS)
        except (OSError, ValueError):  # another format, or of a kind that Pillow does not read
            return None
        if number > 1:
            image.seek(number - 1)
        if image.mode == "P" and "transparency" in image.info:
            image = image.convert("RGBA")
        image = image.convert(_PREMULTIPLIED[image.mode]) if image.mode[-1] == "a" else image
        if "A" not in image.getbands():
            return None
        alpha = ImageOps.exif_transpose(image).getchannel("A")
        return np.asarray(alpha)[..., None]
