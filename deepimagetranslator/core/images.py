"""Read and write any image file, and bring images to a given number of channels and size.

An image is an array (height, width, channels) with 1 (grey) or 3 (red, green, blue) channels and
dtype uint8, uint16 or float32, always with the values that stand in the file. A file that cannot
be read raises ``UserError`` with one sentence: the file, the reason, the remedy.
"""

from __future__ import annotations

import os
import re
import time
import unicodedata
import uuid
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, TiffImagePlugin, UnidentifiedImageError

from deepimagetranslator.core.problem import UserError

Array = NDArray[Any]

MAX_PIXELS = 200_000_000
"""The largest image that is opened: above 10,000 x 15,000; anything larger is taken for a bomb."""
SUFFIXES = (".png", ".tif", ".tiff", ".jpg", ".jpeg", ".bmp", ".gif")
"""What a folder is searched for. Of a file's kind its content decides, not its name."""

_FORMATS = ("PNG", "JPEG", "BMP", "DIB", "TIFF", "GIF")
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DEEP_MODES = ("I;16", "I;16L", "I;16B", "I;16N", "I", "F")
_RETRIES = (0.05, 0.1, 0.2, 0.4)

# Odd files are our own sentences' matter; neither library shall print about them or stop earlier.
Image.MAX_IMAGE_PIXELS = None
warnings.filterwarnings("ignore", module=r"PIL\.")
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class _UnreadableError(Exception):
    """A reason and a remedy, without the file's name."""

    def __init__(self, reason: str, remedy: str = "copy it again or take it out") -> None:
        super().__init__(f"{reason}; {remedy}.")


@dataclass(frozen=True)
class _Header:
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
            raise _UnreadableError(f"contradicts itself: {image.shape} is not {header.shape}")
        return np.ascontiguousarray(image, header.dtype)


def image_size(path: str | Path) -> tuple[int, int, int, str]:
    """Height, width, channels and dtype of what ``read_image`` returns; decodes palettes only.

    Raises:
        UserError: as ``read_image``, except that damage in the pixels goes unnoticed.
    """
    with _opened(path) as (_, header):
        return (*header.shape, header.dtype)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[BinaryIO, _Header]]:
    """The open file and its header; whatever goes wrong inside becomes a ``UserError``."""
    try:
        file_path = system_path(path)
        if file_path.is_dir():
            raise _UnreadableError("is a folder", "choose an image file")
        if file_path.exists() and not file_path.is_file():
            raise _UnreadableError("is not an ordinary file", "choose an image file")
        with file_path.open("rb") as file:
            yield file, _inspect(file)
    except _UnreadableError as error:
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


def _inspect(file: BinaryIO) -> _Header:
    start = file.read(132)
    file.seek(0)
    if not start:
        raise _UnreadableError("is empty (0 bytes)")
    image: Image.Image | None = None
    try:
        image = Image.open(file, formats=_FORMATS)
    except UnidentifiedImageError:
        if start[128:] == b"DICM":
            reason = "is a DICOM file, which this version does not read"
            raise _UnreadableError(reason, "convert it to PNG or TIFF") from None
        if start[:4] not in _TIFF_STARTS:
            reason = "is not an image of a known kind, or its beginning is damaged"
            remedy = "convert it to PNG or TIFF, or take it out"
            raise _UnreadableError(reason, remedy) from None
    if start[:4] in _TIFF_STARTS:
        return _inspect_tiff(file, image)
    assert image is not None
    _check_size(image.height, image.width)
    # Pillow cuts PNG colours of 16 bits to 8; grey ones (colour type 0) it keeps.
    deep = image.format == "PNG" and start[24] == 16 and start[25] != 0
    channels = 1 if deep and start[25] == 4 else _channels(image)
    dtype = "uint16" if deep or image.mode in _DEEP_MODES else "uint8"
    orientation = _orientation(image)
    height, width = image.height, image.width
    if orientation >= 5:
        height, width = width, height
    return _Header((height, width, channels), dtype, orientation, image, deep)


def _check_size(height: int, width: int) -> None:
    if height < 1 or width < 1:
        raise _UnreadableError("has no pixels")
    if height * width > MAX_PIXELS:
        reason = f"has {width} x {height} pixels, more than the {MAX_PIXELS:,} that are allowed"
        raise _UnreadableError(reason, "crop or reduce it")


def _inspect_tiff(file: BinaryIO, image: Image.Image | None) -> _Header:
    """The header of a TIFF, which Pillow may not know (``image`` None) or would cut to 8 bits."""
    tags = _tiff_tags(file)
    bits, kinds = _numbers(tags, 258, 1), _numbers(tags, 339, 1)
    samples, planes = _numbers(tags, 277, 1)[0], _numbers(tags, 284, 1)[0]
    orientation = _numbers(tags, 274, 1)[0]
    starts = _numbers(tags, 273, 0) + _numbers(tags, 324, 0)  # of strips or tiles
    lengths = _numbers(tags, 279, 0) + _numbers(tags, 325, 0)
    end = file.seek(0, os.SEEK_END)
    if any(start + length > end for start, length in zip(starts, lengths, strict=False)):
        raise _UnreadableError("is damaged or incomplete")
    height, width = _numbers(tags, 257, 0)[0], _numbers(tags, 256, 0)[0]
    if 5 <= orientation <= 8:
        height, width = width, height
    _check_size(height, width)
    cut = image is not None and max(bits) > 8 and image.mode not in _DEEP_MODES
    wrapped = (max(bits), max(kinds)) in ((8, 2), (32, 1))  # int8 and uint32
    if image is not None and not cut and not wrapped:
        dtype = "float32" if image.mode in ("I", "F") else "uint8"
        dtype = "uint16" if image.mode.startswith("I;16") else dtype
        return _Header((height, width, _channels(image)), dtype, 1, image, deep=False)
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
        raise _UnreadableError(reason, "save it as an ordinary grey or RGB image of 8 or 16 bits")
    dtype = "uint16" if (bits[0], kinds[0]) == (16, 1) else "float32"
    # OpenCV turns a TIFF itself.
    return _Header((height, width, 1 if samples == 1 else 3), dtype, 1, image, deep=True)


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
        return 1 if _lookup(image).ndim == 1 else 3
    return 1 if image.mode in (*_DEEP_MODES, "1", "L", "LA", "La") else 3


def _lookup(image: Image.Image) -> Array:
    """The palette's values: (256, 3), or (256,) if all of its colours are grey; uint8."""
    colours = np.zeros((256, 3), np.uint8)
    listed = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    colours[: len(listed)] = listed
    return colours[:, 0] if (colours == colours[:, :1]).all() else colours


def _pixels(image: Image.Image) -> Array:
    """The values of an image that Pillow opened in its full depth: (h, w) or (h, w, 3)."""
    image.load()  # which turns a TIFF, and may change its mode
    if image.mode == "P":
        colours: Array = _lookup(image)[np.asarray(image)]
        return colours
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8) * 255
    if image.mode in ("LA", "La", "RGBA", "RGBX"):
        return np.asarray(image)[..., : 3 if image.mode.startswith("RGB") else 1]
    if image.mode in (*_DEEP_MODES, "L", "RGB"):
        return np.asarray(image)
    return np.asarray(image.convert("RGB"))


def _decode_deep(file: BinaryIO, header: _Header) -> Array:
    if header.image is not None and header.image.format == "PNG":
        header.image.verify()  # every checksum; libpng would print what it finds
    file.seek(0)
    image = cv2.imdecode(np.frombuffer(file.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise _UnreadableError("is damaged or incomplete")
    if image.ndim == 3:
        image = image[..., 2::-1] if header.shape[2] == 3 else image[..., :1]
    return np.asarray(image)


def turned(image: Array, orientation: int) -> Array:
    """An image (height, width, ...) as its EXIF orientation, 1 to 8, wants it shown."""
    if orientation >= 5:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return image


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


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a whole file, which appears under its name only when complete.

    Raises:
        UserError: it cannot be written.
    """
    with complete_file(path) as beside:
        beside.write_bytes(data)


@contextmanager
def complete_file(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` to write to: in its place at success, gone at failure.

    The temporary name ends as the final one does; missing folders are made.

    Raises:
        UserError: the file cannot be written (any ``OSError`` inside).
    """
    final = system_path(path)
    beside = final.with_name(f".tmp-{uuid.uuid4().hex[:8]}-{final.name[-40:]}")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        yield beside
        for wait in _RETRIES:  # on Windows a virus scanner may hold a fresh file for a moment
            with suppress(PermissionError):
                beside.replace(final)
                return
            time.sleep(wait)
        beside.replace(final)
    except OSError as error:
        reason = error.strerror or "it was not finished"
        message = f"{path} cannot be written ({reason}); choose another folder or free some space."
        raise UserError(message) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def system_path(path: str | Path) -> Path:
    """The path as the system opens it, over 260 characters on Windows too."""
    if os.name == "nt":
        return Path(long_path(os.path.abspath(path)))  # noqa: PTH100  Path.absolute keeps ".."
    return Path(path)


def long_path(full: str) -> str:
    r"""A full Windows path with the ``\\?\`` that lifts its limit of 260 characters."""
    if full.startswith("\\\\?\\"):
        return full
    return "\\\\?\\UNC" + full[1:] if full.startswith("\\\\") else "\\\\?\\" + full


def to_channels(image: Array, channels: int, name: str) -> Array:
    """Grey to colour by repeating, colour to grey by luminance (Rec. 601); dtype kept.

    Args:
        image: (height, width, channels).
        channels: wanted.
        name: the file's, for the message.

    Raises:
        UserError: neither 1 nor 3 channels, and another number is wanted.
    """
    if image.shape[2] == channels:
        return image
    if image.shape[2] == 1 and channels == 3:
        return np.repeat(image, 3, axis=2)
    if image.shape[2] == 3 and channels == 1:
        grey: Array = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return grey[..., None]
    message = f"{name} has {image.shape[2]} channels where {channels} are expected; convert it."
    raise UserError(message)


def resize(image: Array, height: int, width: int, labels: bool = False) -> Array:
    """An image (h, w, channels) in another size; dtype kept, the same array if it fits.

    Label maps take the nearest pixel, so no colour is mixed. Otherwise a side that shrinks is
    averaged over areas and a side that grows is interpolated bilinearly.
    """
    if image.shape[:2] == (height, width):
        return image
    if labels:
        rows, columns = (
            (2 * np.arange(new) + 1) * old // (2 * new)
            for new, old in zip((height, width), image.shape[:2], strict=True)
        )
        nearest: Array = image[rows].take(columns, axis=1)
        return nearest
    smaller = min(width, image.shape[1]), min(height, image.shape[0])
    result = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)
    result = cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(result).reshape(height, width, image.shape[2])


def list_images(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """The image files in files and folders: files as given, folders searched through in natural
    order (slice2 before slice10), each file once.

    Raises:
        UserError: a path is missing, or a folder holds no image.
    """
    given = [paths] if isinstance(paths, (str, Path)) else list(paths)
    found: dict[str, Path] = {}
    for path in map(Path, given):
        if system_path(path).is_dir():
            inside = sorted(_images_below(path), key=natural_key)
            if not inside:
                endings = ", ".join(SUFFIXES)
                message = f"The folder {path} holds no images ({endings}); choose another one."
                raise UserError(message)
        elif system_path(path).exists():
            inside = [path]
        else:
            raise UserError(f"{path} does not exist; check its name or choose another one.")
        for file in inside:
            found.setdefault(os.path.normcase(file.absolute()), file)
    return list(found.values())


def natural_key(path: str | Path) -> tuple[tuple[str | int, ...], ...]:
    """Sorts paths as people do: folder by folder, numbers by value, capitals as small letters."""
    parts = [*Path(path).parts, str(path)]
    return tuple(
        tuple(
            int(piece) if index % 2 else piece
            for index, piece in enumerate(re.split("([0-9]+)", plain(part)))
        )
        for part in parts
    )


def plain(text: str) -> str:
    """A name as it is compared: in small letters, accents composed as Linux and Windows do."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())


def _images_below(folder: Path) -> Iterator[Path]:
    seen: set[str] = set()  # links may loop
    for place, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not name.startswith((".", "@", "__MACOSX"))]
        yield from (
            Path(place) / name
            for name in files
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        )
