"""PNG, JPEG, BMP and GIF, read by Pillow. It would reduce 16-bit colour PNG to 8 bits: png16.py."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image

from deepimagetranslator.core.imaging import png16
from deepimagetranslator.core.imaging.header import Header, UnreadableError, check_size, for_print
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.jpeg_scans import check_scans
from deepimagetranslator.core.imaging.pixels import turned
from deepimagetranslator.core.typing import Array

_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "GIF")
_STARTS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"GIF8")
_MAX_COMPRESSED_BMP = 2**22  # bytes of the file; Pillow decodes run-length coding slowly
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_PNG_CHANNELS = {2: 3, 4: 1, 6: 3}  # of colour, of grey with alpha, of colour with alpha

# This program reports problems of files itself; Pillow's warnings and own limits are switched off.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")


def is_picture(start: bytes) -> bool:
    """Whether the first bytes of a file are those of PNG, JPEG, BMP or GIF."""
    return start.startswith(_STARTS)


def inspect(path: Path) -> Header:
    """The header of the file's image; only palettes are decoded.

    Raises:
        UnreadableError: it has no pixels or too many.
        Exception: it is damaged.
    """
    with HELD.opened(path) as file:
        return _header(*_opened(file))


def read(path: Path, number: int = 1) -> Array:
    """The image (height, width, 1 or 3), uint8 or uint16; the first frame of a GIF.

    Palette images become RGB (grey if the palette is grey), alpha is dropped, CMYK becomes RGB,
    1-bit values become 0 and 255. The EXIF orientation is applied.

    Raises:
        UnreadableError: it has no pixels or too many.
        Exception: it is damaged.
    """
    with HELD.opened(path) as file:
        image, deep = _opened(file)
        header = _header(image, deep)
        if image.format == "JPEG":
            file.seek(0)
            check_scans(file.read())
        if deep:
            file.seek(0)
            pixels = png16.decode(file.read())
        else:
            pixels = _pixels(image)
        pixels = turned(pixels, _orientation(image))
        return pixels.reshape(*pixels.shape[:2], -1).astype(header.dtype, copy=False)


def _opened(file: BinaryIO) -> tuple[Image.Image, int]:
    """The image, and the channels of a 16-bit PNG with colour or alpha, which Pillow would reduce
    to 8 bits; 0 for any other file."""
    start = file.read(26)
    file.seek(0)
    image = Image.open(file, formats=_FORMATS)
    check_size(image.height, image.width)
    compressed = image.format == "BMP" and image.info.get("compression") in (1, 2)
    if compressed and file.seek(0, os.SEEK_END) > _MAX_COMPRESSED_BMP:
        raise UnreadableError("is too large for a compressed BMP", "save it as PNG")
    deep = image.format == "PNG" and start[24] == 16
    return image, _PNG_CHANNELS.get(start[25], 0) if deep else 0


def _header(image: Image.Image, deep: int) -> Header:
    channels = deep or _channels(image)
    dtype = "uint16" if deep or image.mode in _DEEP_MODES else "uint8"
    height, width, spacing = image.height, image.width, _spacing(image)
    if _orientation(image) >= 5:
        height, width = width, height
        spacing = spacing and spacing[::-1]
    return Header((height, width, channels), dtype, spacing=spacing)


def _pixels(image: Image.Image) -> Array:
    """The pixels, (h, w) or (h, w, 3), of an image whose bit depth Pillow keeps."""
    image.load()
    if image.mode == "P":
        colours: Array = _palette_values(image)[np.asarray(image)]
        return colours
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * 255
    if image.mode in ("LA", "La", "RGBA", "RGBX"):
        return np.asarray(image)[..., : 3 if image.mode.startswith("RGB") else 1]
    if image.mode in (*_DEEP_MODES, "L", "RGB"):
        return np.asarray(image)
    return np.asarray(image.convert("RGB"))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 if there is none or it cannot be read."""
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # Pillow would decode the whole image to look for EXIF data after it
    orientation: object = 1
    with suppress(Exception):
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _spacing(image: Image.Image) -> tuple[float, float] | None:
    with suppress(Exception):
        across, down = (float(value) for value in image.info["dpi"])
        if min(across, down) > 0 and not (for_print(across) and for_print(down)):
            return 25.4 / down, 25.4 / across
    return None


def _channels(image: Image.Image) -> int:
    if image.mode == "P":
        return 1 if _palette_values(image).ndim == 1 else 3
    return 1 if image.mode in (*_DEEP_MODES, "1", "L", "LA", "La") else 3


def _palette_values(image: Image.Image) -> Array:
    """The palette: (256, 3), or (256,) if all of its colours are grey; uint8."""
    colours = np.zeros((256, 3), np.uint8)
    listed = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    colours[: len(listed)] = listed
    return colours[:, 0] if (colours == colours[:, :1]).all() else colours
