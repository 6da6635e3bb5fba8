"""Read and write any image file.

An image is an array (height, width, channels) with 1 (grey) or 3 (red, green, blue) channels and
dtype uint8, uint16 or float32, always with the values that stand in the file. A file that cannot
be read raises ``UserError`` with one sentence: the file, the reason, the remedy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from deepimagetranslator.core.files import system_path, write_bytes
from deepimagetranslator.core.image_header import (
    DEEP_MODES,
    Header,
    UnreadableError,
    palette_values,
    read_header,
)
from deepimagetranslator.core.pixels import Array, turned
from deepimagetranslator.core.problem import UserError

cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # damage is named by us


def read_image(path: str | Path) -> Array:
    """The image in a file: (height, width, 1 or 3), dtype uint8, uint16 or float32.

    Palettes become their colours (a grey palette one channel), alpha is dropped, CMYK becomes
    RGB, 1 bit becomes 0 and 255, signed and 32-bit integers float32; EXIF rotation is applied; of
    several pages or frames the first is read.

    Raises:
        UserError: the file is missing, no image, damaged, truncated, too large or unsupported.
    """
    with _opened(path) as (file, header):
        if header.deep:
            image = _decode_deep(file, header)
        else:
            assert header.image is not None
            image = _pixels(header.image)
        image = turned(image, header.orientation)
        image = image[..., None] if image.ndim == 2 else image
        if image.shape != header.shape:
            raise UnreadableError(f"contradicts itself: {image.shape} is not {header.shape}")
        return np.ascontiguousarray(image, header.dtype)


def image_size(path: str | Path) -> tuple[int, int, int, str]:
    """Height, width, channels and dtype of what ``read_image`` returns; decodes palettes only.

    Raises:
        UserError: as ``read_image``, except that damage in the pixels goes unnoticed.
    """
    with _opened(path) as (_, header):
        return (*header.shape, header.dtype)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, Header]]:
    """The open file and its header; whatever goes wrong inside becomes a ``UserError``."""
    try:
        file_path = system_path(path)
        if file_path.is_dir():
            raise UnreadableError("is a folder", "choose an image file")
        if file_path.exists() and not file_path.is_file():
            raise UnreadableError("is not an ordinary file", "choose an image file")
        with file_path.open("rb") as file:
            yield file, read_header(file)
    except UnreadableError as error:
        raise UserError(f"{path} {error}") from error
    except FileNotFoundError as error:
        message = f"{path} does not exist; check its name or choose another file."
        raise UserError(message) from error
    except MemoryError as error:
        message = f"{path} needs more memory than is free; close other programs or reduce it."
        raise UserError(message) from error
    except Exception as error:  # decoders raise anything at all for damaged files
        if isinstance(error, OSError) and error.errno is not None:
            message = f"{path} cannot be opened ({error.strerror}); check its permissions and disk."
        else:
            message = f"{path} is damaged or incomplete; copy it again or take it out."
        raise UserError(message) from error


def _pixels(image: Image.Image) -> Array:
    """The values of an image that Pillow opened in its full depth: (h, w) or (h, w, 3)."""
    image.load()  # which turns a TIFF, and may change its mode
    if image.mode == "P":
        colours: Array = palette_values(image)[np.asarray(image)]
        return colours
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * 255
    if image.mode in ("LA", "La", "RGBA", "RGBX"):
        return np.asarray(image)[..., : 3 if image.mode.startswith("RGB") else 1]
    if image.mode in (*DEEP_MODES, "L", "RGB"):
        return np.asarray(image)
    return np.asarray(image.convert("RGB"))


def _decode_deep(file: BinaryIO, header: Header) -> Array:
    if header.image is not None and header.image.format == "PNG":
        header.image.verify()  # every checksum; libpng would print what it finds
    file.seek(0)
    image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise UnreadableError("is damaged or incomplete")
    if image.ndim == 3:
        image = image[..., 2::-1] if header.shape[2] == 3 else image[..., :1]
    return np.asarray(image)


def write_image(path: str | Path, image: Array) -> None:
    """Write (height, width[, 1 or 3]) as PNG (uint8, uint16) or TIFF (those and float32).

    The file appears under its name only when complete; a TIFF is not compressed, so that every
    program reads it.

    Raises:
        UserError: the name's ending does not suit the values, or the file cannot be written.
    """
    suffix = Path(path).suffix.lower()
    kinds = {".png": ("uint8", "uint16"), ".tif": ("uint8", "uint16", "float32")}
    kinds[".tiff"] = kinds[".tif"]
    if image.dtype.name not in kinds.get(suffix, ()):
        message = f"{path} cannot hold {image.dtype.name} values; give it the ending "
        raise UserError(message + (".tif." if image.dtype.name == "float32" else ".png or .tif."))
    if image.ndim == 3 and image.shape[2] == 3:
        image = image[..., ::-1]
    elif image.ndim == 3 and image.shape[2] != 1:
        raise UserError(f"{path} cannot hold {image.shape[2]} channels; write 1 or 3.")
    options = (
        [cv2.IMWRITE_PNG_COMPRESSION, 1] if suffix == ".png" else [cv2.IMWRITE_TIFF_COMPRESSION, 1]
    )
    _, data = cv2.imencode(suffix, np.ascontiguousarray(image), options)
    write_bytes(path, data.tobytes())
