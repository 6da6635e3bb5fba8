"""PNG, JPEG, BMP and GIF that claim or unpack to huge sizes, or take long."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from fuzz_registry import Bombs
from fuzz_seeds import COLOUR, mended_png, zeros

BOMBS = Bombs("pictures")
_SIDE = 14_000  # pixels; an image of this side is just allowed


_FOUR = b"IDAT", zlib.compress(bytes(6))  # pixels


def _png(width: int, height: int, bits: int, kind: int, *chunks: tuple[bytes, bytes]) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0)
    content = [b"\x89PNG\r\n\x1a\n"]
    for name, data in ((b"IHDR", head), *chunks, (b"IEND", b"")):
        content += [len(data).to_bytes(4, "big"), name, data, bytes(4)]
    return mended_png(b"".join(content))


def _flat_png(bits: int, kind: int) -> bytes:
    samples = {0: 1, 2: 3, 6: 4}[kind]
    return _png(
        _SIDE, _SIDE, bits, kind, (b"IDAT", zeros(_SIDE * (1 + _SIDE * samples * bits // 8)))
    )


BOMBS.content("huge.png", lambda: _png(2**31 - 1, 2**31 - 1, 8, 2, (b"IDAT", zeros(99))))
BOMBS.content("flat.png", lambda: _flat_png(8, 0))
BOMBS.content("flat colour.png", lambda: _flat_png(8, 2))
BOMBS.content("flat deep.png", lambda: _flat_png(16, 6))
BOMBS.content("promise.png", lambda: _png(_SIDE, _SIDE, 16, 6, (b"IDAT", zeros(99))))
BOMBS.content("text.png", lambda: _png(2, 2, 8, 0, (b"zTXt", b"a\0\0" + zeros(2**30)), _FOUR))
BOMBS.content("profile.png", lambda: _png(2, 2, 8, 0, (b"iCCP", b"a\0\0" + zeros(2**30)), _FOUR))
BOMBS.content("chunks.png", lambda: _png(2, 2, 8, 0, *[(b"tEXt", b"a\0b")] * 50_000))
BOMBS.content("long.png", lambda: _png(2, 2, 8, 0, (b"IDAT", zeros(2**31))))
BOMBS.content("long deep.png", lambda: _png(2, 2, 16, 2, (b"IDAT", zeros(2**31))))


def _scans_jpeg() -> bytes:
    """A progressive JPEG whose scans say next to nothing, many times."""
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    code = cv2.imencode(".jpg", np.zeros((64, 64), np.uint8), options)[1].tobytes()
    frame, first = code.index(b"\xff\xc2"), code.index(b"\xff\xda")
    large = struct.pack(">HH", 12_000, 12_000)
    head = code[: frame + 5] + large + code[frame + 9 : first]
    starts = code.find(b"\xff\xc4", first), code.find(b"\xff\xda", first + 2)
    end = min(at for at in starts if at > 0)
    again = b"\xff\xda\0\x08\1\1\0\0\0\0\0"
    return head + code[first:end] + again * 5000 + b"\xff\xd9"


def _promising_jpeg(code: bytes) -> bytes:
    """A small picture whose header promises the largest side that is allowed."""
    at = code.index(b"\xff\xc0")
    return code[: at + 5] + struct.pack(">HH", _SIDE, _SIDE) + code[at + 9 :]


BOMBS.content("scans.jpg", _scans_jpeg)
BOMBS.content("promise.jpg", lambda: _promising_jpeg(cv2.imencode(".jpg", COLOUR)[1].tobytes()))


def _bmp(side: int, compression: int, data: bytes) -> bytes:
    palette = bytes(1024)
    start = 54 + len(palette)
    info = struct.pack("<IiiHHIIiiII", 40, side, side, 1, 8, compression, len(data), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + info + palette + data


BOMBS.content("runs.bmp", lambda: _bmp(_SIDE, 1, b"\xff\0" * 800_000 + b"\0\1"))
BOMBS.content("steps.bmp", lambda: _bmp(_SIDE, 1, b"\0\2\xff\xff" * 800_000 + b"\0\1"))
BOMBS.content("ends.bmp", lambda: _bmp(_SIDE, 1, b"\0\0" * 100_000 + b"\0\1"))
BOMBS.content("single runs.bmp", lambda: _bmp(_SIDE, 1, b"\1\0" * 1_000_000 + b"\0\1"))
BOMBS.content("promise.bmp", lambda: _bmp(_SIDE, 0, b""))


def _gif(side: int, blocks: int) -> bytes:
    """Of which every code clears the table: nothing is written, and it goes on."""
    head = b"GIF89a" + struct.pack("<HHBBB", side, side, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, side, side, 0) + b"\2"
    return head + frame + (b"\xff" + b"\x24\x49\x92" * 85) * blocks + b"\0;"


BOMBS.content("promise.gif", lambda: _gif(_SIDE, 1))
BOMBS.content("clears.gif", lambda: _gif(_SIDE, 20_000))
BOMBS.content("huge.gif", lambda: _gif(65_535, 1))
