"""TIFF whose directories loop, never end or lie, and whose pixels unpack to huge sizes."""

from __future__ import annotations

import io
import lzma
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import tifffile
from fuzz_registry import Bombs
from fuzz_seeds import GREY, zeros

BOMBS = Bombs("pictures")
_SIDE = 14_000  # pixels; an image of this side is just allowed


def tiff(directories: list[bytes], loop: int | None = None, rest: bytes = b"") -> bytes:
    """Directories of 12-byte entries one after another; the last leads to number ``loop``."""
    places, place = [], 8
    for one in directories:
        places.append(place)
        place += 6 + len(one)
    content = [b"II*\0" + struct.pack("<I", 8)]
    for number, one in enumerate(directories):
        last = number == len(directories) - 1
        after = (0 if loop is None else places[loop]) if last else places[number + 1]
        content += [struct.pack("<H", len(one) // 12), one, struct.pack("<I", after)]
    return b"".join([*content, rest])


def entries(width: int = 4, height: int = 4, **more: tuple[int, int, int]) -> bytes:
    """An image of bytes at the beginning of the file; ``more``: tag, as t and its number."""
    found = {
        256: (4, 1, width), 257: (4, 1, height), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1),
        273: (4, 1, 0), 277: (3, 1, 1), 278: (4, 1, height), 279: (4, 1, width * height),
    }  # fmt: skip
    found |= {int(name[1:]): values for name, values in more.items()}
    return b"".join(struct.pack("<HHII", tag, *found[tag]) for tag in sorted(found))


BOMBS.content("loop.tif", lambda: tiff([entries()], 0, bytes(99)))
BOMBS.content("ring.tif", lambda: tiff([entries()] * 5, 1, bytes(99)))
BOMBS.content("million pages.tif", lambda: tiff([b""] * 300_000))
BOMBS.content("many pages.tif", lambda: tiff([entries()] * 25_000))
BOMBS.content("allowed pages.tif", lambda: tiff([entries()] * 19_000))
BOMBS.content("tags.tif", lambda: tiff([struct.pack("<HHII", 40_000, 1, 2**31, 8) * 65_535]))
BOMBS.content("strips.tif", lambda: _lists(1, 2**24, t273=(4, 2**24, 8), t279=(4, 2**24, 8)))
BOMBS.content("lists.tif", lambda: _lists(4, 4, t273=(4, 2**28, 300), t320=(3, 2**31, 300)))
BOMBS.content("subdirectories.tif", lambda: _lists(4, 4, t330=(4, 200_000, 200)))


def _lists(width: int, height: int, **more: tuple[int, int, int]) -> bytes:
    """An image whose lists (of strips, colours, directories) are so long, and full of eights."""
    return tiff([entries(width, height, **more)], rest=struct.pack("<I", 8) * 2**18)


def _described(text: str) -> bytes:
    """Two pages, the first of them with a description."""
    file = io.BytesIO()
    pages = np.stack([GREY] * 2)
    tifffile.imwrite(file, pages, photometric="minisblack", metadata=None, description=text)
    return file.getvalue()


_OME = (
    '<?xml version="1.0"?>{before}<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"><Pixels DimensionOrder="XYCZT" ID="P:0" SizeX="24" SizeY="20" '
    'SizeC="{c}" SizeZ="{z}" SizeT="{t}" Type="uint8">{data}</Pixels></Image></OME>'
)
_LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(12))
    + "]>"
)
_TIFF_DATA = '<TiffData IFD="0" PlaneCount="{n}"/>'


def _ome(name: str, before: str = "", c: int = 1, z: int = 1, t: int = 1, data: str = "") -> None:
    BOMBS.content(
        f"{name}.tif",
        lambda: _described(_OME.format(before=before, c=c, z=z, t=t, data=data)),
    )


_ome("ome sizes", z=2**31 - 1, t=2**31 - 1, c=2**31 - 1, data=_TIFF_DATA.format(n=2))
_ome("ome many", z=40_000, t=40_000, data=_TIFF_DATA.format(n=1_600_000_000))
_ome("ome planes", z=2, data=_TIFF_DATA.format(n=2**31 - 1))
_ome("ome laughs", _LAUGHS, z=2, data="&a12;" + _TIFF_DATA.format(n=2))
_ome("ome elements", z=2, data=_TIFF_DATA.format(n=1) * 200_000)
_ome("ome deep", z=2, data="<a>" * 100_000 + "</a>" * 100_000)
BOMBS.content(
    "imagej.tif", lambda: _described("ImageJ=1.5\nimages=2000000000\nslices=2000000000\n")
)
BOMBS.content("shaped.tif", lambda: _described('{"shape": [1000000000, 20, 24]}'))
BOMBS.content("shaped wrong.tif", lambda: _described('{"shape": "' + "[" * 50_000 + '"}'))
BOMBS.content("shaped deep.tif", lambda: _described('{"shape": ' + "[" * 50_000))


def _inflated_tiff(compression: int, data: bytes) -> bytes:
    page = entries(16, 16, t259=(3, 1, compression), t273=(4, 1, 200), t279=(4, 1, len(data)))
    return tiff([page], rest=bytes(200 - 8 - 6 - len(page)) + data)


BOMBS.content("deflate.tif", lambda: _inflated_tiff(8, zeros(2**31)))
BOMBS.content("lzma.tif", lambda: _inflated_tiff(34925, lzma.compress(bytes(2**27), preset=0)))
BOMBS.content("zstd.tif", lambda: _inflated_tiff(50000, imagecodecs.zstd_encode(bytes(2**29))))
BOMBS.content("packbits.tif", lambda: _inflated_tiff(32773, b"\x81\0" * 2**22))


@BOMBS.file("flat.tif")
def _flat_tiff(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((_SIDE, _SIDE), np.uint8), compression="zlib")


@BOMBS.file("tiny tiles.tif")
def _tiny_tiles(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((4096, 4096), np.uint8), tile=(16, 16), compression="zlib")
