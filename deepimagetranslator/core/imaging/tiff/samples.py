"""Converts the stored samples of a TIFF page to pixel values."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.typing import Array

_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _MASK, _CMYK, _YCBCR = range(7)  # photometric
_JPEG = (6, 7)  # compressions whose decoder converts YCbCr to RGB


def samples_of(page: Any) -> int:
    """Samples of a page that form one image: all of them for a colour, else 1.

    Each sample that is not part of a colour, such as a channel of a fluorescence image, is an image
    of its own.

    Raises:
        UnreadableError: the colour space is not supported.
    """
    samples = int(page.shaped[0] * page.shaped[4])
    photometric, extra = int(page.photometric), len(page.extrasamples)
    colour = {_RGB: 3, _CMYK: 4, _YCBCR: 3}.get(photometric)
    if colour is not None and samples >= colour:
        return samples
    if photometric in (_WHITE_IS_0, _BLACK_IS_0, _MASK):
        alpha = samples == 2 and tuple(page.extrasamples) in ((1,), (2,))
        plain_rgb = samples == 3 and page.shaped[4] == 3 and not extra
        return samples if alpha or plain_rgb else 1
    if photometric == _PALETTE and page.colormap is not None and page.dtype.kind in "bu":
        return samples
    raise UnreadableError(
        "is a TIFF file in colours that this version does not read, or is damaged",
        "save it as an ordinary grey or RGB image",
    )


def channels_of(page: Any) -> int:
    """Channels of the image that ``values_of`` returns."""
    if page.photometric == _PALETTE:
        return int(_colours(page).shape[1])
    return 3 if samples_of(page) >= 3 else 1


def dtype_of(page: Any) -> str:
    """Dtype of the image that ``values_of`` returns."""
    if page.photometric == _PALETTE or page.dtype.kind == "b":
        return "uint8"
    name = str(page.dtype.name)
    return name if name in ("uint8", "uint16") else "float32"


def values_of(stored: Array, page: Any) -> Array:
    """The image (height, width, 1 or 3) of stored samples (height, width, samples)."""
    if page.photometric == _PALETTE:
        colours: Array = _colours(page)[stored[..., 0].astype(np.intp)]
        return colours
    image, top = stored, 2**page.bitspersample - 1
    if page.photometric == _CMYK:
        image = _from_cmyk(stored, top)
    elif page.photometric == _YCBCR and page.compression not in _JPEG:
        image = np.asarray(Image.fromarray(stored, "YCbCr").convert("RGB"))
    image = image[..., : channels_of(page)]
    if top < 255:
        image, top = (image.astype(np.uint16) * 255 // top).astype(np.uint8), 255
    if page.photometric == _WHITE_IS_0 and image.dtype.kind == "u":
        image = image.dtype.type(top) - image
    with np.errstate(over="ignore", invalid="ignore"):
        return image.astype(dtype_of(page), copy=False)


def _colours(page: Any) -> Array:
    """The colours of a palette: (n, 3), or (n, 1) if all of them are grey; uint8."""
    listed = np.asarray(page.colormap).T
    colours = (listed >> 8 if listed.max(initial=0) > 255 else listed).astype(np.uint8)
    return colours[:, :1] if (colours == colours[:, :1]).all() else colours


def _from_cmyk(stored: Array, top: int) -> Array:
    light = top - stored[..., 3:4].astype(np.int64)
    mixed = light - (stored[..., :3] * light + top // 2) // top
    return mixed.astype(stored.dtype)
