"""Checks the code stream of a compressed DICOM frame before it is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.imaging.jpeg_scans import check_scans

_ITEM = b"\xfe\xff\x00\xe0"
_JPEG = b"\xff\xd8"
_SIZE_2000 = b"\xff\x4f\xff\x51"  # JPEG 2000 markers: start of code stream, image size
_SEQUENTIAL = (0xC0, 0xC1)
_WHOLE_SPECTRUM = bytes([0, 63, 0])  # spectral selection required of a sequential JPEG
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # markers from C0 to CF that are not frame headers
_JPEG_LS, _SCAN, _FILLING = 0xF7, 0xDA, 0xFF


def check_fragments(file: BinaryIO, frames: int, end: int) -> None:
    """Refuse truncated compressed pixel data; some decoders would fill in the missing part.

    Args:
        file: positioned at the value of the pixel data.
        frames: the expected number of frames.
        end: length of the file in bytes.

    Raises:
        UnreadableError: a fragment is truncated, or there are fewer fragments than frames.
    """
    count = -1  # the first item is the offset table
    while file.read(4) == _ITEM:
        count += 1
        if file.seek(int.from_bytes(file.read(4), "little"), io.SEEK_CUR) > end:
            raise UnreadableError("is damaged or incomplete")
    if count < frames:
        raise UnreadableError("is damaged or incomplete")


def coded_frame(file: BinaryIO, index: int, options: dict[str, Any]) -> bytes:
    """The code stream of a frame.

    Args:
        file: positioned at the value of the pixel data.
        index: of the frame, from 0.
        options: pixel attributes, as the decoder takes them.

    Raises:
        UnreadableError: the image size in the code stream differs from the file's header; a
            decoder would allocate memory for it.
        ValueError: there is no such frame.
    """
    from pydicom.encaps import get_frame  # noqa: PLC0415

    frame: bytes = get_frame(
        file,
        index,
        extended_offsets=options.get("extended_offsets"),
        number_of_frames=options["number_of_frames"],
    )
    if frame.startswith(_JPEG):
        check_scans(frame)
    size, expected = coded_size(frame), (options["rows"], options["columns"])
    if size not in (None, expected):
        raise UnreadableError(f"contradicts itself: a frame of {size} is not {expected}")
    return _with_spectrum(frame)


def coded_size(code: bytes) -> tuple[int, int] | None:
    """Height and width in a JPEG, JPEG-LS or JPEG 2000 code stream; None if not found."""
    for marker, place, _ in _segments(code):
        if marker == _JPEG_LS or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAME):
            height, width = _number(code, place + 5, 2), _number(code, place + 7, 2)
            return (height, width) if height else None
    place = code[:4096].find(_SIZE_2000) + 8
    if code[:2] == _JPEG or not 8 <= place <= len(code) - 16:
        return None
    right, bottom, left, top = (_number(code, at, 4) for at in range(place, place + 16, 4))
    return bottom - top, right - left


def _with_spectrum(code: bytes) -> bytes:
    """The code stream with a valid spectral selection. Old encoders left it empty in sequential
    JPEG, which decoders refuse."""
    sequential = False
    for marker, _, end in _segments(code):
        sequential = sequential or marker in _SEQUENTIAL
        if marker == _SCAN and sequential:
            return code[: end - 3] + _WHOLE_SPECTRUM + code[end:]
    return code


def _segments(code: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment of a JPEG or JPEG-LS stream up to its first scan."""
    place, marker = 2, 0
    while code[:2] == _JPEG and place + 10 <= len(code) and code[place] == 0xFF and marker != _SCAN:
        marker = code[place + 1]
        end = place + 1 if marker == _FILLING else place + 2 + _number(code, place + 2, 2)
        if marker != _FILLING:
            yield marker, place, end
        place = end


def _number(code: bytes, place: int, length: int) -> int:
    return int.from_bytes(code[place : place + length], "big")
