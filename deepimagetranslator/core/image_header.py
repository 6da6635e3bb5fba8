"""What an image file says about its image before it is decoded, and why one cannot be read."""

from __future__ import annotations

import os
import warnings
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from deepimagetranslator.core.pixels import Array

MAX_PIXELS = 200_000_000
"""The largest image that is opened: above 10,000 x 15,000; anything larger is taken for a bomb."""
DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
"""Pillow's modes of more than 8 bits."""

_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "GIF")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# Odd files are our own sentences' matter; Pillow shall neither print about them nor stop earlier.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")


class UnreadableError(Exception):
    """A reason and a remedy, without the file's name."""

    def __init__(self, reason: str, remedy: str = "copy it again or take it out") -> None:
        super().__init__(f"{reason}; {remedy}.")


@dataclass(frozen=True)
class Header:
    """What a file says about its image before it is decoded.

    Attributes:
        shape: height, width, channels after rotation.
        dtype: of the array that ``read_image`` returns.
        orientation: the EXIF orientation, 1 to 8, that is still to be applied.
        image: opened by Pillow; ``deep`` images are decoded by OpenCV instead.
    """

    shape: tuple[int, int, int]
    dtype: str
    orientation: int
    image: Image.Image | None
    deep: bool


def read_header(file: BinaryIO) -> Header:
    start = file.read(132)
    file.seek(0)
    if not start:
        raise UnreadableError("is empty (0 bytes)")
    image: Image.Image | None = None
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        if start[128:] == b"DICM":
            reason = "is a DICOM file, which this version does not read"
            raise UnreadableError(reason, "convert it to PNG or TIFF") from None
        if start[:4] not in _TIFF_STARTS:
            reason = "is not an image of a known kind, or its beginning is damaged"
            remedy = "convert it to PNG or TIFF, or take it out"
            raise UnreadableError(reason, remedy) from None
    if start[:4] in _TIFF_STARTS:
        return _inspect_tiff(file, image)
    assert image is not None
    _check_size(image.height, image.width)
    # Pillow cuts PNG colours of 16 bits to 8; grey ones (colour type 0) it keeps.
    deep = image.format == "PNG" and start[24] == 16 and start[25] != 0
    channels = 1 if deep and start[25] == 4 else _channels(image)
    dtype = "uint16" if deep or image.mode in DEEP_MODES else "uint8"
    orientation = _orientation(image)
    height, width = image.height, image.width
    if orientation >= 5:
        height, width = width, height
    return Header((height, width, channels), dtype, orientation, image, deep)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise UnreadableError("has no pixels")
    if height * width > MAX_PIXELS:
        reason = f"has {width} x {height} pixels, more than the {MAX_PIXELS:,} that are allowed"
        raise UnreadableError(reason, "crop or reduce it")


def _inspect_tiff(file: BinaryIO, image: Image.Image | None) -> Header:
    """The header of a TIFF, which Pillow may not know (``image`` None) or would cut to 8 bits."""
    tags = _tiff_tags(file)
    bits, kinds = _numbers(tags, 258, 1), _numbers(tags, 339, 1)
    samples, planes = _numbers(tags, 277, 1)[0], _numbers(tags, 284, 1)[0]
    orientation = _numbers(tags, 274, 1)[0]
    starts = _numbers(tags, 273, 0) + _numbers(tags, 324, 0)  # of strips or tiles
    lengths = _numbers(tags, 279, 0) + _numbers(tags, 325, 0)
    end = file.seek(0, os.SEEK_END)
    if any(start + length > end for start, length in zip(starts, lengths, strict=False)):
        raise UnreadableError("is damaged or incomplete")
    height, width = _numbers(tags, 257, 0)[0], _numbers(tags, 256, 0)[0]
    if 5 <= orientation <= 8:
        height, width = width, height
    _check_size(height, width)
    cut = image is not None and max(bits) > 8 and image.mode not in DEEP_MODES
    wrapped = (max(bits), max(kinds)) in ((8, 2), (32, 1))  # int8 and uint32
    if image is not None and not cut and not wrapped:
        dtype = "float32" if image.mode in ("I", "F") else "uint8"
        dtype = "uint16" if image.mode.startswith("I;16") else dtype
        return Header((height, width, _channels(image)), dtype, 1, image, deep=False)
    known = (
        len(set(bits)) == 1
        and (bits[0] in (16, 32, 64) or (bits[0], kinds[0], samples) == (8, 2, 1))
        and set(kinds) in ({1}, {2}, {3})
        and (bits[0], kinds[0]) != (16, 3)
        and samples in (1, 3, 4)
        and (planes == 1 or samples == 1)
        and _numbers(tags, 262, 1)[0] in (0, 1, 2)
    )
    if not known:
        reason = "is a TIFF file of a kind that this version does not read, or is damaged"
        raise UnreadableError(reason, "save it as an ordinary grey or RGB image of 8 or 16 bits")
    dtype = "uint16" if (bits[0], kinds[0]) == (16, 1) else "float32"
    # OpenCV turns a TIFF itself.
    return Header((height, width, 1 if samples == 1 else 3), dtype, 1, image, deep=True)


def _tiff_tags(file: BinaryIO) -> TiffImagePlugin.ImageFileDirectory_v2:
    file.seek(0)
    start = file.read(8)
    if b"+" in start[2:4]:  # BigTIFF
        start += file.read(8)
    tags = TiffImagePlugin.ImageFileDirectory_v2(start)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _numbers(
    tags: TiffImagePlugin.ImageFileDirectory_v2, tag: int, default: int
) -> tuple[int, ...]:
    value = tags.get(tag, default)
    return tuple(int(item) for item in (value if isinstance(value, tuple) else (value,)))


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 if there is none or it cannot be read."""
    if image.format == "PNG" and not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1  # Pillow would decode the whole image to look behind it
    orientation: object = 1
    with suppress(Exception):
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _channels(image: Image.Image) -> int:
    if image.mode == "P":
        return 1 if palette_values(image).ndim == 1 else 3
    return 1 if image.mode in (*DEEP_MODES, "1", "L", "LA", "La") else 3


def palette_values(image: Image.Image) -> Array:
    """The palette's values: (256, 3), or (256,) if all of its colours are grey; uint8."""
    colours = np.zeros((256, 3), np.uint8)
    listed = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    colours[: len(listed)] = listed
    return colours[:, 0] if (colours == colours[:, :1]).all() else colours
