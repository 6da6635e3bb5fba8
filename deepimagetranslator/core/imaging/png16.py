"""16-bit PNG with colour or alpha, which Pillow would reduce to 8 bits.

OpenCV decodes it. Its library prints warnings, so it is given only the necessary chunks, after a
check: the data have exactly the length of the image, and all rows have a known filter type.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterable

import cv2
import numpy as np

from deepimagetranslator.core.imaging.header import UnreadableError
from deepimagetranslator.core.typing import Array

_SAMPLES = {0: 1, 2: 3, 4: 2, 6: 4}
_WHOLE = ((0, 0, 1, 1),)
_INTERLACED = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)
"""First row and column of each pass over the image, and the steps from one to the next."""
_LAST_FILTER = 4
_END = b"\0\0\0\0IEND\xaeB`\x82"


def decode(data: bytes) -> Array:
    """The image (height, width, 1 or 3), uint16, of the bytes of a 16-bit PNG file.

    Raises:
        UnreadableError: the length of its data does not match its header.
        Exception: it is damaged otherwise.
    """
    chunks = list(_chunks(data))
    head, *parts = [chunk for kind, chunk in chunks if kind in (b"IHDR", b"IDAT")]
    width, height, _, colour, _, _, interlaced = struct.unpack(">IIBBBBB", head[8:21])
    sample_bytes = 2 * _SAMPLES[colour]
    for chunk in (head, *parts):
        if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
            raise UnreadableError("is damaged or incomplete")
    passes = []
    for row, column, down, across in _INTERLACED if interlaced else _WHOLE:
        rows, columns = -((row - height) // down), -((column - width) // across)
        if rows > 0 and columns > 0:
            passes.append((rows, 1 + columns * sample_bytes))  # 1: filter type
    _check_rows(parts, passes)
    whole = b"".join([data[:8], head, *parts, _END])
    pixels = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise UnreadableError("is damaged or incomplete")
    colours: Array = pixels[..., 2::-1] if _SAMPLES[colour] > 2 else pixels[..., :1]
    return colours


def _chunks(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """The type of each chunk and the whole chunk."""
    place = 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        yield data[place + 4 : place + 8], data[place:end]
        place = end


def _check_rows(parts: Iterable[bytes], passes: list[tuple[int, int]]) -> None:
    """Refuse data whose length or filter types do not match ``passes`` (rows, bytes of a row)."""
    rest = _decompressed(parts, sum(map(math.prod, passes)))
    for rows, length in passes:
        if rest[: rows * length : length].max() > _LAST_FILTER:
            raise UnreadableError("is damaged or incomplete")
        rest = rest[rows * length :]


def _decompressed(parts: Iterable[bytes], length: int) -> Array:
    """The decompressed bytes of IDAT chunks.

    Raises:
        UnreadableError: they are more or fewer than ``length``.
        zlib.error: they are damaged.
    """
    inflate, whole = zlib.decompressobj(), bytearray()
    for part in parts:
        if inflate.eof or len(whole) > length:
            raise UnreadableError("is damaged or incomplete")
        whole += inflate.decompress(part[8:-4], length + 1 - len(whole))
        if inflate.unused_data or inflate.unconsumed_tail:
            raise UnreadableError("is damaged or incomplete")
    if not inflate.eof or len(whole) != length:
        raise UnreadableError("is damaged or incomplete")
    return np.frombuffer(whole, np.uint8)
