"""Read one image of a TIFF file: a page of many, or a plane of an ImageJ or OME stack.

tifffile reads the file. Only its largest series of pages is used; other pages, such as thumbnails,
are named in the header's note, except lower resolutions of the same image. Every plane of rows,
columns and colours is a slice, in the file's order. The positions of the planes are cached.
"""

from __future__ import annotations

import io
import logging
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from deepimagetranslator.core.imaging.dicom.coded import coded_size
from deepimagetranslator.core.imaging.header import MAX_PIXELS, Header, UnreadableError, check_size
from deepimagetranslator.core.imaging.held_files import HELD
from deepimagetranslator.core.imaging.jpeg_scans import check_scans
from deepimagetranslator.core.imaging.pixels import turned
from deepimagetranslator.core.imaging.tiff.axes import StackAxes, axes_of
from deepimagetranslator.core.imaging.tiff.samples import (
    channels_of,
    dtype_of,
    samples_of,
    values_of,
)
from deepimagetranslator.core.imaging.tiff.spacing import spacing_of
from deepimagetranslator.core.typing import Array

_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MAX_PAGE = 4 * MAX_PIXELS  # values: an image with four samples
_JPEG = (6, 7, 33003, 33004, 33005, 34712)  # and JPEG 2000
_COMPRESSIONS = (1, 2, 3, 4, 5, *_JPEG, 8, 32773, 32946, 34925, 34926, 50000)
"""None, fax, LZW, JPEG, deflate, PackBits, LZMA and ZSTD: their output cannot exceed the page."""
_MAX_PLANES = 2_000_000  # in a multi-file OME-TIFF
_NAMED = 3  # sizes of other pages
_CODE_START = 65_536  # bytes of a strip or tile that hold the image size of its code stream


@dataclass(frozen=True)
class _Stack:
    """The positions of a file's slices.

    Attributes:
        header: of every slice.
        pages: byte offset of each page's directory (IFD).
        data: byte offset of the pixels if those of all pages are contiguous, else None.
        planes: slices in a page.
        axes: the meaning of the slices' axes; None if unknown.
        first: the series is the file's first.
    """

    header: Header
    pages: tuple[int, ...]
    data: int | None
    planes: int
    axes: StackAxes | None = None
    first: bool = True


def is_tiff(start: bytes) -> bool:
    """Whether the first bytes of a file are TIFF or BigTIFF."""
    return start.startswith(_STARTS)


def inspect(path: Path) -> Header:
    """The header of the file's images; nothing is decoded.

    Raises:
        UnreadableError: the image is too large or not supported, or data are missing.
        Exception: it is damaged.
    """
    return _stack(path).header


def stack_axes(path: Path) -> StackAxes | None:
    """The meaning of the axes of a file's slices; None if it does not say, or has no slices.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: it is damaged.
    """
    return _stack(path).axes


def is_first_series(path: Path) -> bool:
    """Whether the series that is read is the file's first, as reading version 1 took it.

    Raises:
        UnreadableError: as ``inspect``.
        Exception: it is damaged.
    """
    return _stack(path).first


def read(path: Path, number: int = 1) -> Array:
    """One slice: (height, width, 1 or 3), uint8, uint16 or float32.

    Palette images become RGB (grey if the palette is grey), alpha is dropped, CMYK becomes RGB,
    fewer than 8 bits are stretched to 0..255, unsigned white-is-zero values are inverted, signed
    and 32-bit integers become float32. The orientation is applied.

    Args:
        path: the file.
        number: of the slice, from 1.

    Raises:
        UnreadableError: as ``inspect``, or there is no such slice.
        Exception: it is damaged.
    """
    stack = _stack(path)
    stack.header.check_slice(number)
    index, plane = divmod(number - 1, stack.planes)
    with _opened(path) as tif:
        if stack.data is None:
            page = _page(tif, stack.pages[index])
            stored = page.asarray(squeeze=False, maxworkers=1)
        else:
            page = _page(tif, stack.pages[0])
            tif.filehandle.seek(stack.data + index * page.nbytes)
            kind = np.dtype(page.dtype).newbyteorder(tif.byteorder)
            stored = tif.filehandle.read_array(kind, math.prod(page.shaped)).reshape(page.shaped)
        image = values_of(_planes(stored, samples_of(page))[plane], page)
        return turned(image, _orientation(page))


def _planes(stored: Array, samples: int) -> Array:
    """The slices (n, rows, columns, samples) of a page.

    The page is (separate samples, depth, rows, columns, contiguous samples); one of the two sample
    axes has length 1.
    """
    depth, rows, columns = stored.shape[1:4]
    pixels = np.moveaxis(stored, 0, -1).reshape(depth, rows, columns, -1)
    if samples == 1:
        return np.moveaxis(pixels, -1, 1).reshape(-1, rows, columns, 1)
    return pixels


def _stack(path: Path) -> _Stack:
    facts = path.stat()
    return _inspected(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=256)
def _inspected(path: Path, _changed: int, _size: int) -> _Stack:
    with _opened(path) as tif:
        _check(tif, tif.pages.first)
        check_size(1, 1, len(tif.pages))
        if tif.is_ome:
            _check_ome(tif.ome_metadata)
        series, note = _largest(tif.series)
        page = series.keyframe
        _check(tif, page)
        planes = math.prod(page.shaped) // math.prod(page.shaped[2:4]) // samples_of(page)
        count = math.prod(series.shape) // math.prod(page.shape)
        data = series.dataoffset if count > 1 else None
        pages = (page.offset,)
        if data is None:
            pages = tuple(one.offset for one in series if one is not None)
            count = len(pages)
        elif data + count * page.nbytes > tif.filehandle.size:
            raise UnreadableError("is damaged or incomplete")
        height, width = page.shaped[2:4]
        spacing = spacing_of(tif, page)
        if _orientation(page) >= 5:
            height, width, spacing = width, height, spacing and spacing[::-1]
        check_size(height, width, count * planes)
        shape = height, width, channels_of(page)
        slices = count * planes
        axes = axes_of(tif, series)
        if axes is not None and (slices == 1 or math.prod(axes.sizes) != slices):
            axes = None
        header = Header(shape, dtype_of(page), slices, spacing, note=note)
        return _Stack(header, pages, data, planes, axes, series is tif.series[0])


def _largest(series: Sequence[Any]) -> tuple[Any, str]:
    """The series with most values, the first of equals, and a note on the others.

    Reduced copies and transparency masks (NewSubfileType 1 and 4) do not count.
    """
    whole = [
        one for one in series if not (one.keyframe.is_reduced or one.keyframe.is_mask)
    ] or series
    largest = max(whole, key=lambda one: math.prod(one.shape))
    others = [one for one in whole if one is not largest]
    return largest, _named(others) if others else ""


def _named(others: Sequence[Any]) -> str:
    """A note on series that are not read."""
    pages = [one.keyframe.shaped for one in others]
    sizes = list(dict.fromkeys(f"{width} x {height}" for _, _, height, width, _ in pages))
    listed = ", ".join(sizes[:_NAMED]) + (", ..." if len(sizes) > _NAMED else "")
    count = sum(len(one) for one in others)
    return (
        f"has {count} more page{'s' * (count > 1)} ({listed} pixels) outside its largest series, "
        "which alone is read; save the others as files of their own if you need them"
    )


def _page(tif: Any, offset: int) -> Any:
    """The page whose directory (IFD) is at this byte offset."""
    if offset == tif.pages.first.offset:
        page = tif.pages.first
    else:
        tif.filehandle.seek(offset)
        page = _tifffile().TiffPage(tif, 1)
    _check(tif, page)
    return page


def _check(tif: Any, page: Any) -> None:
    """Refuse a page that is too large, not supported or truncated.

    Raises:
        UnreadableError: it is such a page.
    """
    check_size(*page.shaped[2:4])
    kind = None if page.dtype is None else page.dtype.kind
    if kind not in tuple("buif") or page.compression not in _COMPRESSIONS:
        reason = "is a TIFF file of a kind that this version does not read, or is damaged"
        raise UnreadableError(reason, "save it as an ordinary grey or RGB image of 8 or 16 bits")
    block = page.tilewidth * page.tilelength * page.tiledepth if page.is_tiled else 0
    if math.prod(page.shaped) > _MAX_PAGE or block > _MAX_PAGE:
        raise UnreadableError("has pages too large to be opened", "divide or reduce it")
    parts = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    end = tif.filehandle.size
    missing = not page.is_contiguous and len(parts) < math.prod(page.chunked)
    if missing or not parts or any(start + length > end for start, length in parts):
        raise UnreadableError("is damaged or incomplete")
    if page.compression in _JPEG:
        _check_coded(tif, parts, page.chunks)


def _check_coded(tif: Any, parts: list[tuple[int, int]], chunk: tuple[int, ...]) -> None:
    """Refuse a strip or tile whose code stream has a larger image size than the page states."""
    for start, length in parts:
        tif.filehandle.seek(start)
        code = tif.filehandle.read(min(length, _CODE_START))
        check_scans(code)
        size = coded_size(code)
        if size is not None and math.prod(size) > math.prod(chunk):
            raise UnreadableError("contradicts itself", "copy it again or take it out")


def _check_ome(described: str) -> None:
    """Refuse OME-XML with an impossible number of planes; tifffile would make a list of them.

    A file may be one of many that share the description of all of them.

    Raises:
        UnreadableError: there are more than ``_MAX_PLANES``.
    """
    for pixels in re.findall(r"<(?:\w+:)?Pixels\b[^>]*>", described):
        planes = math.prod(map(int, re.findall(r'\bSize[ZCT]="([0-9]{1,20})"', pixels)))
        check_size(1, 1, planes if planes > _MAX_PLANES else 1)
    numbers = re.findall(r'\b(?:PlaneCount|IFD|First[ZCT])="([0-9]{1,20})"', described)
    if max(map(int, numbers), default=0) > _MAX_PLANES:
        raise UnreadableError("is damaged or incomplete")


def _orientation(page: Any) -> int:
    value = page.tags.valueof(274, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _opened(path: Path) -> Any:
    data = HELD.data(path)
    return _tifffile().TiffFile(path if data is None else io.BytesIO(data), _multifile=False)


@cache
def _tifffile() -> Any:
    """tifffile, imported for the first TIFF. Its log is switched off, as this program reports
    problems of files itself."""
    import tifffile  # noqa: PLC0415

    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    return tifffile
